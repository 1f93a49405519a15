"""beat's own timetable, quickened (`celery -A tests.faults.timetable beat`): a simulation lasts seconds, not days."""

from portal.celery import app

SECONDS = {
    "sweep-outbox": 1.0,
    "sweep-payments": 1.0,
    "sweep-reminders": 1.5,
    "sweep-specifications": 2.0,
    "run-daily": 3.0,
}
OTHERS = 8.0
for name, entry in app.conf.beat_schedule.items():
    entry["schedule"] = SECONDS.get(name, OTHERS)
    entry["options"] = {"expires": 10}
