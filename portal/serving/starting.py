"""What every process asks before it starts: is the configuration right, and does it fit the data?"""

import io
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connections

from billing.privacy import rotation

WRONG_KEYS = (
    "FIELD_KEYS does not fit the data: {models} can't be opened with it. Nothing was changed. Set the keys with which"
    " this database was filled (older ones too, separated by commas), or the database that belongs to these keys."
)


def refuse_wrong_start() -> None:
    """Run the checks, which open a few sealed rows too. Raises SystemCheckError, or SystemExit with a sentence."""
    call_command("check", stdout=io.StringIO())  # what is wrong goes to stderr; that nothing is, need not be said


def refuse_wrong_keys() -> None:
    """Raise SystemExit when FIELD_KEYS can't open what the database holds; pass when there is no database yet."""
    own = connections["default"]
    if own.vendor == "sqlite" and not Path(str(own.settings_dict["NAME"])).exists():
        return  # asking would make an empty one
    try:
        unreadable = rotation.unreadable_models()
    except DatabaseError:
        return  # away or without tables: /readyz and the first request tell
    finally:
        connections.close_all()  # a process that forks passes none on
    if unreadable:
        raise SystemExit(WRONG_KEYS.format(models=", ".join(unreadable)))
