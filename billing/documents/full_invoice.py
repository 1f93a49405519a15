"""The full invoice as a document: its facts, rendered to a PDF once per version, stored sealed and reused."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from billing.documents import pdf, qr
from billing.encryption import current_key_id, seal, unseal
from billing.invoices import open_links, references
from billing.invoices.holds import active_hold
from billing.invoices.transfers import Transfer, account_for
from billing.ledger import lock_invoice
from billing.ledger.entries import standing_entries
from billing.models import CareDetail, Invoice, InvoiceDocument, LedgerTransaction, PaymentPlan
from billing.money import ZERO, round_euro
from billing.plans.progress import Progress, progress_of
from billing.storage import files
from billing.submission import birth_dates

Kind = LedgerTransaction.Kind
# For the QR code on paper: as long as the invoice can be paid. A claim lapses after five years (3:307 BW), but each
# reminder in writing begins them anew (3:317 BW). The payment reference beside the code never expires.
PAPER_LINK_LASTS = timedelta(days=20 * 365)
FOLDER = "invoices"  # in the document storage
LAYOUT_VERSION = 4  # increment it when the template or stylesheet changes what is printed


def invoice_pdf(invoice: Invoice, *, language: str) -> bytes:
    """Return the full invoice in `language` as PDF, from the storage when this version was drawn before.

    Medical data: the caller must have authenticated the reader and written the access log. A page gives out what
    `drawing` has; it never waits for this.
    """
    with translation.override(language):
        known = facts(invoice)

    def draw() -> bytes:
        with translation.override(language):
            codes = {"qr": qr.link(known["address"], label=_("Code that opens the page of this invoice"))}
            if transfer := known["transfer"]:
                codes["transfer_qr"] = qr.transfer_inline(transfer, label=_("Code for the app of your bank"))
        return pdf.render(known | codes, language=language)

    return stored_or_drawn(invoice, _version(known), draw, language=language)


def version_of(invoice: Invoice, *, language: str) -> str:
    """Return what identifies the full invoice as it would be printed now."""
    with translation.override(language):
        return _version(facts(invoice))


def stored_or_drawn(invoice: Invoice, version: str, draw: Callable[[], bytes], *, language: str) -> bytes:
    """Return the document of `invoice` with this version from the storage; else draw it and store it, sealed."""
    if stored := find(invoice, version, language=language):
        return content_of(stored)
    document = draw()
    _store(document, invoice, language, version)
    return document


def find(invoice: Invoice, version: str, *, language: str) -> InvoiceDocument | None:
    """Return the stored document of `invoice` with this version; None when it was not drawn."""
    return InvoiceDocument.objects.filter(invoice=invoice, language=language, version=version).first()


def content_of(document: InvoiceDocument) -> bytes:
    """Return the PDF of a stored document. Medical data, as in `invoice_pdf`."""
    return unseal(files.read(document.name), bound_to=_bound_to(document))


def facts(invoice: Invoice) -> dict[str, Any]:
    """Return everything that is printed: what an insurer requires of an invoice, and what the patient still owes."""
    provider = invoice.provider
    care = CareDetail.objects.select_related("invoice").get(invoice=invoice)
    person, lines = care.person, [line_of(line) for line in care.lines]
    entries = standing_entries(invoice)
    outstanding = max(sum((entry.amount for entry in entries), ZERO), ZERO)
    address = open_links.on_paper(invoice, until=invoice.issued_on + PAPER_LINK_LASTS)
    on_hold = active_hold(invoice.pk) is not None
    progress = _progress(invoice, outstanding)
    return {
        "invoice": invoice,
        "provider": provider,
        "person": person,
        "payer": person.get("payer"),
        "date_of_birth": birth_dates.in_words(person["date_of_birth"]),
        "lines": lines,
        "total": sum((line["amount"] for line in lines), ZERO),
        "late": invoice.due_on < timezone.localdate(),
        "changes": [entry for entry in entries if entry.kind != Kind.INVOICED],
        "outstanding": outstanding,
        "settled": outstanding == ZERO,
        "withdrawn_on": timezone.localtime(invoice.withdrawn_at).date() if invoice.withdrawn_at else None,
        "hold": on_hold,
        "installments": list(progress.lines) if progress else [],
        "transfer": None if on_hold else _transfer(invoice, outstanding, progress),
        "address": address,
        "site": settings.PUBLIC_URL.split("//", 1)[-1],
        "reference": references.grouped(invoice.payment_reference),
    }


def _progress(invoice: Invoice, outstanding: Decimal) -> Progress | None:
    """Return the progress of a running plan in installments; a deferral is only another last day to pay."""
    kind, status = PaymentPlan.Kind.INSTALLMENTS, PaymentPlan.Status.ACTIVE
    plan = invoice.plans.filter(kind=kind, status=status).first()
    return progress_of(plan.installments.all(), outstanding, today=timezone.localdate()) if plan else None


def _transfer(invoice: Invoice, outstanding: Decimal, progress: Progress | None) -> Transfer | None:
    """Return what to transfer: with a plan its next installment, which stays right however old the paper is."""
    account = account_for(invoice.provider)
    if account is None or outstanding == ZERO or invoice.withdrawn_at:
        return None
    amount = progress.next.open if progress and progress.next else outstanding
    return Transfer(account, amount, invoice.payment_reference)


def line_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line of care as it is printed, with its amount in euros."""
    unit_price = Decimal(line["unit_price"])
    return line | {
        "performed_on": _day(line["performed_on"]),
        "unit_price": unit_price,
        "amount": round_euro(unit_price * line["quantity"]),
    }


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise ValueError("a stored date is not a date")
    return day


def _version(known: dict[str, Any]) -> str:
    """Return the hash that identifies a printed version; the day of printing is not on the invoice."""
    provider = known["provider"]
    printed = (
        LAYOUT_VERSION,
        [(field.attname, str(getattr(provider, field.attname))) for field in provider._meta.concrete_fields],
        known["invoice"].due_on,
        known["person"],
        known["lines"],
        [(entry.pk, entry.kind, entry.amount) for entry in known["changes"]],
        known["hold"],
        [(line.installment.due_on, line.installment.amount, line.open) for line in known["installments"]],
        known["address"],
        repr(known["transfer"]),
    )
    return hashlib.sha256(json.dumps(printed, default=str, sort_keys=True).encode()).hexdigest()


def _bound_to(document: InvoiceDocument) -> str:
    return f"invoice_document:{document.invoice_id}:{document.language}:{document.version}"


def _store(content: bytes, invoice: Invoice, language: str, version: str) -> None:
    """Seal and store a document; when two workers make the same version at once, the first row stays.

    Raises NotStored when the storage is full, and CareDetail.DoesNotExist when the invoice was erased meanwhile, as it
    is raised for one that was erased before.
    """
    document = InvoiceDocument(invoice=invoice, language=language, version=version)
    document.name = files.put(FOLDER, seal(content, bound_to=_bound_to(document)))
    with transaction.atomic():
        erased = lock_invoice(invoice.pk).erased_at is not None
        if not erased:
            InvoiceDocument.objects.bulk_create([document], ignore_conflicts=True)
        is_first = InvoiceDocument.objects.filter(name=document.name).exists()
        (files.keep if is_first else files.discard)(document.name)
    if erased:
        raise CareDetail.DoesNotExist


def stored(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each stored version. Medical data, as in `invoice_pdf`."""
    for document in InvoiceDocument.objects.filter(invoice=invoice).order_by("pk"):
        yield f"rekening-{document.language}-{document.pk}.pdf", content_of(document)


def seal_again(model: type[InvoiceDocument] = InvoiceDocument) -> int:
    """Seal every stored document of an older key again with the newest one; return how many there were."""
    count = 0
    for document in model.objects.order_by("pk").iterator(chunk_size=500):
        sealed = files.read(document.name)
        if sealed[0] == current_key_id():
            continue
        before, bound_to = document.name, _bound_to(document)
        document.name = files.put(FOLDER, seal(unseal(sealed, bound_to=bound_to), bound_to=bound_to))
        with transaction.atomic():
            files.keep(document.name)
            document.save(update_fields=["name"])
            files.discard(before)
        count += 1
    return count
