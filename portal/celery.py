"""The Celery application and the timetable of beat."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("zorgrekening")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["billing", "coulance", "portal"])

# Beat only wakes things up; the database decides what is due. `expires` keeps a worker that was down
# from finding a heap of the same bell.
app.conf.beat_schedule = {
    "sweep-outbox": {"task": "billing.sweep_outbox", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-reminders": {"task": "billing.sweep_reminders", "schedule": 15.0, "options": {"expires": 15}},
    # Once a day is enough; every hour catches up after a night in which nothing ran.
    "run-daily": {
        "task": "portal.run_daily",
        "schedule": crontab(hour="5-19", minute=7),
        "options": {"expires": 3600},
    },
    "sweep-payments": {"task": "billing.sweep_payments", "schedule": 20.0, "options": {"expires": 20}},
    "sweep-specifications": {"task": "coulance.sweep_specifications", "schedule": 30.0, "options": {"expires": 30}},
    "compare-with-gateway": {
        "task": "billing.compare_with_gateway",
        "schedule": crontab(hour=4, minute=15),
        "options": {"expires": 3600},
    },
}
