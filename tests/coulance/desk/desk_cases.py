"""Cases for tests of the desk: rows as the patient's side leaves them, and what may be decided about them."""

import io
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from PIL import Image

from billing.models import Provider, Staff
from coulance import amounts, intake
from coulance.models import CoulanceCase, PracticeRules, Specification
from guests.files import storage
from guests.files.sanitizer.pdf import of_pictures
from tests import factories

REASON = "De verzekeraar vergoedt een deel."


def at_desk(
    provider: Provider | None = None, *, amount: str = "1000.00", since: datetime | None = None, **fields: Any
) -> CoulanceCase:
    """A case that waits for its provider."""
    place = {"provider": provider} if provider else {}
    invoice = factories.invoice(amount=amount, **place, **fields)
    (case,) = intake.offer([invoice], today=timezone.localdate(), by="test")
    CoulanceCase.objects.filter(pk=case.pk).update(
        status=CoulanceCase.Status.AT_PROVIDER, provider_since=since or timezone.now() - timedelta(hours=1)
    )
    case.refresh_from_db()
    return case


def staff_of(case: CoulanceCase, role: str = Staff.Role.APPROVER, **fields: Any) -> Staff:
    return factories.staff(provider=case.invoice.provider, role=role, **fields)


def rules(case: CoulanceCase, **fields: Any) -> PracticeRules:
    return PracticeRules.objects.update_or_create(provider=case.invoice.provider, defaults=fields)[0]


def granted(amount: str, *, share: str = "1000.00") -> amounts.Outcome:
    """The insurer granted `amount`, of which the deductible took 385 when it was more."""
    deductible = min(Decimal("385.00"), Decimal(amount))
    return amounts.by_insurer(Decimal(share), paid_out=Decimal(amount) - deductible, deductible=deductible)


def picture_of(case: CoulanceCase, name: str = "specificatie.png") -> Specification:
    """A checked file of the patient, sealed as the uploads leave it."""
    sheet = io.BytesIO()
    Image.new("RGB", (420, 594), "white").save(sheet, "PNG")
    return clean_file(case, Specification.Kind.PNG, name, sheet.getvalue())


def pdf_of(case: CoulanceCase, *, pages: int) -> Specification:
    """A checked PDF of the patient, as the sanitizer writes it."""
    sheet = io.BytesIO()
    Image.new("RGB", (420, 594), "white").save(sheet, "JPEG")
    return clean_file(
        case, Specification.Kind.PDF, "specificatie.pdf", of_pictures([sheet.getvalue()] * pages), pages=pages
    )


def clean_file(case: CoulanceCase, kind: str, name: str, content: bytes, **fields: Any) -> Specification:
    """A checked file as the uploads leave it, sealed."""
    return as_checked(Specification(case=case, **fields), kind, name, content)


def as_checked(row: Any, kind: str, name: str, content: bytes) -> Any:
    """Keep a file of anybody as one that was checked."""
    row.kind, row.name, row.size, row.sha256 = kind, name, len(content), "0" * 64
    row.stored_name = storage.put(content, row)
    row.status = row.Status.CLEAN
    row.save()
    return row
