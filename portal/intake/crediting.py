"""The credit notes of a batch: compared with the invoices that they take back, and booked."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import LineRefused, NewCreditNote
from billing.errors import Refused
from billing.models import Invoice, Provider
from billing.money import ZERO
from billing.submission.credit_notes import CreditNote
from portal.intake.result import About, BatchResult


def compare(provider: Provider, notes: Sequence[CreditNote], result: BatchResult) -> list[CreditNote]:
    """Return the credit notes not taken before and count them; what can't be credited goes to the result."""
    if not notes:
        return []
    known = credit_notes.known(provider.pk, [note.number for note in notes])
    numbers = {note.number for note in notes} | {note.credits for note in notes}
    rows = Invoice.objects.filter(provider=provider, number__in=numbers).select_related("patient")
    invoices = {row.number: row for row in rows}
    new, beside = list[CreditNote](), dict[str, Decimal]()
    for note in notes:
        invoice = invoices.get(note.credits)
        if invoice is None:
            sentence = _("We don't know an invoice with this number of your practice.")
            result.report(f"{note.path}.credits", "credits-unknown", sentence, about(note))
        elif note.number in invoices:
            sentence = _("This number is already the number of an invoice.")
            result.report(f"{note.path}.number", "number-twice", sentence, about(note))
        elif note.number in known:
            if known[note.number] != _given(note).fingerprint(note.credits):
                sentence = _("This credit note was handed in before with other content. It can't be changed.")
                result.report(f"{note.path}.number", "credit-note-differs", sentence, about(note))
        elif (amount := _credited(invoice, note, beside.get(note.credits, ZERO), new, result)) is not None:
            beside[note.credits] = beside.get(note.credits, ZERO) + amount
            new.append(note)
    result.credited += len(new)
    return new


def _credited(
    invoice: Invoice, note: CreditNote, beside: Decimal, others: Sequence[CreditNote], result: BatchResult
) -> Decimal | None:
    """Return how much `note` would take off after others over `beside` euros; None when it can't, which is reported."""
    lines = [line for other in others if other.credits == note.credits for line in other.lines or ()]
    try:
        return credit_notes.preview(invoice, _given(note), beside=beside, lines_beside=lines).amount
    except LineRefused as refusal:
        result.report(f"{note.path}.lines[{refusal.index}]", "credit-line", str(refusal), about(note))
        return None
    except Refused as refusal:
        place = f"{note.path}.credits" if note.lines is None else f"{note.path}.lines"
        result.report(place, "credit-refused", str(refusal), about(note))
        return None


def book(provider: Provider, notes: Sequence[CreditNote], result: BatchResult, *, by: str) -> None:
    """Book credit notes that `compare` returned, in the transaction of their chunk; a refusal goes to the result."""
    for note in notes:
        invoice = Invoice.objects.get(provider=provider, number=note.credits)
        try:
            credit_notes.take(invoice, _given(note), by=by)
        except Refused as refusal:
            result.report(f"{note.path}.credits", "credit-refused", str(refusal), about(note))


def _given(note: CreditNote) -> NewCreditNote:
    lines = None if note.lines is None else tuple(note.lines)
    return NewCreditNote(number=note.number, issued_on=note.issued_on, reason=note.reason, lines=lines)


def about(note: CreditNote) -> About:
    """Return what an error about this credit note names."""
    return About("credit_notes", int(note.path[13:-1]) + 1, note.number)
