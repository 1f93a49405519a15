"""Facts that most mails about an invoice share."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing.invoices import open_links, references
from billing.invoices.transfers import account_for
from billing.law import calendar
from billing.models import Invoice


def moment_of(today: date) -> datetime:
    """Return now, and for a day that a command or a test chose its first moment."""
    return timezone.now() if today == timezone.localdate() else calendar.begin_of(today)


def about(invoice: Invoice) -> dict[str, object]:
    """Return what every mail may say: which invoice it is about, and the practice with its phone and address."""
    return {
        "invoice_number": invoice.number,
        "reference_ending": invoice.payment_reference[-4:],
        "provider": invoice.provider,
    }


def patients_apart(invoices: Sequence[Invoice]) -> dict[str, object]:
    """Return by initials of which patient each invoice is, for a mail about several patients; nothing about one.

    The initials of one of them would be wrong for the others, and those that all have tell nobody apart.
    """
    if len({invoice.patient_id for invoice in invoices}) < 2:
        return {}
    named = [(invoice.number, invoice.patient.initials) for invoice in invoices]
    tells_apart = len({initials for _number, initials in named}) > 1
    return {"patients": named if tells_apart else [], "initials": ""}


def open_link(invoice: Invoice, *, until: date) -> str:
    """Return the placeholder of the link that opens `invoice` for whoever has it, good through `until`."""
    return open_links.placeholder(invoice, until=until)


def open_link_context(invoice: Invoice, *, until: date) -> dict[str, object]:
    """Return what a mail says about opening and paying the invoice: a link that works long after `until`."""
    until += timedelta(days=settings.LINK_VALID_DAYS)
    line = {
        "number": invoice.number,
        "reference": references.grouped(invoice.payment_reference),
        "link": open_link(invoice, until=until),
        "reference_ending": invoice.payment_reference[-4:],
    }
    account = account_for(invoice.provider)
    return {"lines": [line], "link_until": until, "provider": invoice.provider, "account": account}
