"""beat's own timetable, quickened (`celery -A tests.faults.timetable beat`): a simulation lasts seconds, not days.

Without Redis a worker runs it itself (`celery -A tests.faults.timetable worker`).
"""

import logging

from portal.celery import app

SECONDS = {
    "sweep-outbox": 1.0,
    "sweep-payments": 1.0,
    "sweep-refunds": 1.0,
    "sweep-reminders": 1.5,
    "sweep-specifications": 2.0,
    "run-daily": 3.0,
}
OTHERS = 8.0


@app.on_after_finalize.connect  # after the product has set its own
def hurry(sender, **_):
    for name, entry in sender.conf.beat_schedule.items():
        entry["schedule"] = SECONDS.get(name, OTHERS)
        entry["options"] = {"expires": 10}
    # Without Redis the product does not write a line for each task; a simulation tells by them who works. Celery asks
    # for the level when it prepares its tasks, before the worker is ready.
    for name in ("celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.INFO)
