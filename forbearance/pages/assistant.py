"""What the assistant answers to who can't pay, and to heirs."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from billing.invoices.state import InvoiceView
from billing.models import Invoice
from billing.rooms import Answer
from forbearance import breathing_space, rests
from forbearance.models import Forbearance

_TO_DOORS = ("cannot_pay_invoice", _("I can't pay this now"))


def cannot_pay(view: InvoiceView, today: date) -> Answer | None:
    """Answer which rest is possible or runs; nothing when nothing has to be paid, or after a death."""
    if not view.outstanding or view.status == "withdrawn" or _of_a_death(view):
        return None
    offer = breathing_space.offer(Invoice.objects.select_related("patient").get(pk=view.invoice_id), today=today)
    facts = {
        "running_until": offer.running_until,
        "lasts_until": None if offer.no_space else offer.lasts_until,
        "no_space": offer.no_space,
        "provider": view.provider,
    }
    return Answer("forbearance/answers/cannot_pay", facts, _("your invoice"), [_TO_DOORS])


def deceased(view: InvoiceView, today: date) -> Answer | None:
    """Answer heirs that everything rests; nothing when we were not told of a death."""
    return Answer("forbearance/answers/deceased", {}, _("your invoice")) if _of_a_death(view) else None


def _of_a_death(view: InvoiceView) -> bool:
    return rests.HOLDS[Forbearance.Kind.DECEASED] in view.rests


ANSWERS = {"cannot-pay": cannot_pay, "breathing-space": cannot_pay, "deceased": deceased, "heir": deceased}
