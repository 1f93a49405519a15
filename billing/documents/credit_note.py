"""The credit note as a document: drawn, sealed and stored as the full invoice is."""

import hashlib
import json
from typing import Any

from django.utils import translation

from billing.documents import pdf
from billing.documents.full_invoice import line_of, stored_or_drawn
from billing.models import CareDetail, CreditNote
from billing.money import ZERO
from billing.submission import birth_dates

LAYOUT_VERSION = 2  # increment it when the template or stylesheet changes what is printed


def credit_note_pdf(note: CreditNote, *, language: str) -> bytes:
    """Return the credit note in `language` as PDF. Medical data, as `full_invoice.invoice_pdf`."""
    with translation.override(language):
        known = facts(note)
    return stored_or_drawn(
        note.invoice,
        _version(known),
        lambda: pdf.render(known, language=language, template="pdf/credit_note.html"),
        language=language,
    )


def version_of(note: CreditNote, *, language: str) -> str:
    """Return what identifies the credit note as it would be printed now."""
    with translation.override(language):
        return _version(facts(note))


def facts(note: CreditNote) -> dict[str, Any]:
    """Return everything that is printed. A whole invoice is credited line by line, as it was invoiced.

    What earlier notes took back comes off first: all credit notes together never take back more than was invoiced.
    """
    care = CareDetail.objects.select_related("invoice").get(invoice=note.invoice_id)
    content, person = note.content, care.person
    as_invoiced = note.is_whole and not content["lines"]
    lines = [line_of(line) for line in (care.lines if as_invoiced else content["lines"])]
    earlier = list(CreditNote.objects.filter(invoice=note.invoice_id, pk__lt=note.pk).order_by("pk"))
    earlier = earlier if as_invoiced and lines else []
    total = sum((line["amount"] for line in lines), ZERO) if lines else note.amount
    total -= sum((one.amount for one in earlier), ZERO)
    return {
        "note": note,
        "invoice": note.invoice,
        "provider": note.provider,
        "person": person,
        "date_of_birth": birth_dates.in_words(person["date_of_birth"]),
        "reason": content["reason"],
        "lines": lines,
        "earlier": earlier,
        "total": total,
        # What the insurer paid goes back to the insurer, and what the practice had lowered was owed no more.
        "others": total - note.amount,
    }


def _version(known: dict[str, Any]) -> str:
    provider, note = known["provider"], known["note"]
    printed = (
        "credit note",
        LAYOUT_VERSION,
        note.pk,
        [(field.attname, str(getattr(provider, field.attname))) for field in provider._meta.concrete_fields],
        known["person"],
        known["lines"],
    )
    return hashlib.sha256(json.dumps(printed, default=str, sort_keys=True).encode()).hexdigest()
