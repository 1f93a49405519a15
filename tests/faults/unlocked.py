"""A fault on purpose: the worker (`celery -A tests.faults.unlocked worker`) without what makes one of two win."""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from billing.outbox import delivery  # noqa: E402  the settings come first
from tests.faults.timetable import app  # noqa: E402, F401  Celery looks for it here

# The other worker sweeps every second (timetable.py): it reads the row while this one is about to write it.
LONGER_THAN_A_SWEEP_WAITS = 1.2


def advance(row, to, *_conditions, **changes):
    """Like billing.transitions.advance, but it never looks whether the row is still as it was read."""
    changes["status"] = to
    time.sleep(LONGER_THAN_A_SWEEP_WAITS)
    type(row).objects.filter(pk=row.pk).update(**changes)
    for name, value in changes.items():
        setattr(row, name, value)
    return True


delivery.advance = advance
