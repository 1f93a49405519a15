"""beat's own timetable, quickened (`celery -A tests.faults.timetable beat`): a simulation lasts seconds, not days."""

from portal.celery import app

SECONDS = {
    "sweep-outbox": 1.0,
    "sweep-payments": 1.0,
    "sweep-reminders": 1.5,
    "sweep-specifications": 5.0,
    "run-daily": 2.0,
    "compare-with-gateway": 4.0,
}
assert SECONDS.keys() == app.conf.beat_schedule.keys()
for name, seconds in SECONDS.items():
    app.conf.beat_schedule[name]["schedule"] = seconds
    app.conf.beat_schedule[name]["options"] = {"expires": 10}
