"""Payouts in figures."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from banking.models import Payout
from billing.rooms import Figure
from billing.tenancy import visible_to


def payouts(staff: Any, first: date, last: date) -> Figure:
    """Return what was paid out in this time; to operations, by practice."""
    made = Payout.objects.filter(run_on__gte=first, run_on__lte=last).select_related("provider", "fee_invoice")
    rows = []
    for payout in visible_to(staff, made, provider_path="provider").order_by("run_on", "pk"):
        fee = getattr(payout, "fee_invoice", None)
        who = (payout.provider.name,) if staff.is_operations else ()
        rows.append(
            (payout.run_on, payout.amount, *who, payout.number, payout.get_status_display(),
             fee.net if fee else None, fee.vat if fee else None)
        )  # fmt: skip
    practice = (_("Practice"),) if staff.is_operations else ()
    number = pgettext("of a paper", "Number")
    heads = (_("Day"), _("Amount"), *practice, number, _("Status"), _("Fee without VAT"), _("VAT"))
    return Figure(_("Payouts"), heads, rows, says=_("What we paid to the practice, and what we kept."), total=True)


FIGURES = {"uitbetaald": payouts}
