"""One row on which a rule fails must not keep the rows after it, nor the rest of the day, waiting."""

import logging
from collections.abc import Callable
from datetime import date

from django.db.models import QuerySet

from billing import audit
from billing.models import Invoice, StaffTask

log = logging.getLogger(__name__)


def isolated(act: Callable[[], object], *, key: str, about: QuerySet[Invoice], today: date) -> None:
    """Run `act` on one row. When it fails a person hears of it, once a day, and the next row may go.

    `key` names the rule and the row, `about` finds its invoice, and is asked only then. `act` is one transaction, so
    that nothing of it was written and the next run tries it again.
    """
    try:
        act()
    except Exception as error:  # a template, a row that should not be: whatever it is, the next row may be well
        log.exception("%s failed", key)
        audit.open_task(
            StaffTask.Kind.RULE_FAILED,
            dedupe_key=f"{key}:{today}",
            invoice=about.order_by("pk").first(),
            note=type(error).__name__,
        )
