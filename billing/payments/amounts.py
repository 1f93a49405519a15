"""Which amount one payment may be for: all, a part that a plan offers, or a part that the patient chooses.

Paying a part is a right of the patient when the letter of 6:96 lid 6 BW runs (HR 25-11-2016, ECLI:NL:HR:2016:2704); we
take one at any time.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.invoices.holds import is_on_hold
from billing.models import Invoice
from billing.plans import agreements
from billing.templatetags.money import euro

IDEAL_MAX_AMOUNT = Decimal("50000.00")


def refuse_unless_payable(invoice: Invoice, amount: Decimal, owed: Decimal, *, chosen: bool, now: datetime) -> None:
    """Raise Refused, in the reader's words, unless `amount` of the `owed` on a locked invoice may be paid now.

    `chosen`: the patient typed the amount; otherwise it must be one that we offer.
    """
    if invoice.withdrawn_at:
        raise Refused(_("This invoice was withdrawn. You do not have to pay it."))
    if owed <= 0:
        raise Refused(_("Nothing is left to pay on this invoice."))
    if is_on_hold(invoice.pk):
        raise Refused(_("This invoice is on hold. You do not have to pay now. You will hear from us."))
    if chosen:
        _refuse_unless_a_part(amount, owed)
    else:
        _refuse_unless_offered(invoice, amount, owed, now)
    if amount > IDEAL_MAX_AMOUNT:
        raise Refused(_("One payment by iDEAL can't be higher than %(max)s. Pay that amount first, and then the rest.")
                      % {"max": euro(IDEAL_MAX_AMOUNT)})  # fmt: skip


def first_part(owed: Decimal) -> Decimal | None:
    """Return what can be paid first of an amount that is too high for one payment by iDEAL; None for any other."""
    return IDEAL_MAX_AMOUNT if owed > IDEAL_MAX_AMOUNT else None


def least_part(owed: Decimal) -> Decimal:
    """Return the lowest part that may be paid of what is owed, in euros; all of it when less is owed."""
    return min(settings.PART_FROM_AMOUNT, owed)


def _refuse_unless_a_part(amount: Decimal, owed: Decimal) -> None:
    if amount > owed:
        raise Refused(_("This is more than you still have to pay. Enter %(owed)s or less.") % {"owed": euro(owed)})
    if amount < least_part(owed):
        raise Refused(_("Enter at least %(least)s.") % {"least": euro(least_part(owed))})


def _refuse_unless_offered(invoice: Invoice, amount: Decimal, owed: Decimal, now: datetime) -> None:
    if amount in (owed, first_part(owed)):
        return
    plan = agreements.progress(invoice.pk, today=timezone.localtime(now).date())
    payable = plan.payable if plan else set()
    if amount not in payable | {first_part(part) for part in payable}:
        raise Refused(_("The amount to pay has changed. Look at the new amount, and try again."))
