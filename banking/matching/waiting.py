"""Money at the bank that may be for an invoice and is not booked yet: nobody may be pressed to pay meanwhile."""

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banking.models import BankLine, LineDecision, LineMatch
from billing.models import Invoice
from billing.money import ZERO

_UNBOOKED = (BankLine.Status.NEW, BankLine.Status.PROPOSED, BankLine.Status.UNMATCHED)


def kept_back(invoice: Invoice) -> Iterator[Promise]:
    """Yield why nobody else may collect an invoice: a line waits that somebody meant for this patient.

    That is one that staff are about to book on an invoice of theirs, or one of an account that paid for them before.
    """
    of_patient = LineMatch.objects.filter(invoice__patient=invoice.patient_id)
    waiting = of_patient.filter(decision__status=LineDecision.Status.WAITING)
    paid = of_patient.filter(decision__status=LineDecision.Status.DONE).exclude(line__counter_hash="")
    hashes = paid.values("line__counter_hash")
    if (
        waiting.exists()
        or BankLine.objects.filter(counter_hash__in=hashes, amount__gt=ZERO, status__in=_UNBOOKED).exists()
    ):
        yield _("money came to the bank that may be for this patient: decide about it first")
