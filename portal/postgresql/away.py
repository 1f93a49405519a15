"""Whether a page failed because the database was not there, as while it is started anew or fails over."""

from typing import Any

from django.db import InterfaceError, OperationalError

# No connection, or it was lost; the server ends or starts; it has no connection or memory left. No state: nobody spoke.
_STATES = ("08", "57P", "53")


def is_away(error: BaseException | None) -> bool:
    """Tell whether PostgreSQL could not be asked, so that the same may succeed in a moment.

    What was being committed just then may have been done.
    """
    cause: Any = getattr(error, "__cause__", None)
    if not isinstance(error, OperationalError | InterfaceError) or not hasattr(cause, "sqlstate"):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(_STATES)
