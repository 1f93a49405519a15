"""Complaints of patients of the demo, one in each state that is worth a look."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.desk.accounts import add_member
from billing.models import Invoice, Staff
from complaints import answers, filing, handling
from complaints.answers import Draft, Point
from complaints.file import referrals
from complaints.models import Complaint
from complaints.remedies import Wanted

BY = "demo"
SHOWS = {
    116: _("a complaint, just sent"),
    117: _("a complaint by somebody else, who needs a permission"),
    120: _("a complaint: we asked the patient something"),
    121: _("a complaint that was right: the amount is lower"),
    122: _("a complaint that another body looks at"),
}
_STORIES = {
    116: ("letters", "Ik heb nooit een rekening gekregen, alleen een mail met kosten."),
    117: ("price", "Mijn zoon kreeg maar een vulling. Er staan er twee op."),
    120: ("payment", "Ik heb dit vorige week al betaald."),
    121: ("price", "Ik was er een kwartier. U rekent een half uur."),
    122: ("insurer", "Mijn verzekeraar zegt dat hij dit betaalt."),
}


def fields(number: int) -> dict[str, Any]:
    """Return what the demo practice says of complaints on an invoice: nothing."""
    return {}


def seed() -> None:
    """File the complaints as the demo's patients would, and answer some as staff would."""
    if Complaint.objects.exists():
        return
    endings = {f"-{ending:05d}": ending for ending in _STORIES}
    staff: Staff | None = None
    for invoice in Invoice.objects.order_by("pk"):
        ending = next((found for tail, found in endings.items() if invoice.number.endswith(tail)), None)
        if ending is None or Complaint.objects.filter(invoice=invoice).exists():
            continue
        staff = staff or add_member("klachten", role=Staff.Role.OPERATIONS, provider=None, by=BY)[0]
        subject, story = _STORIES[ending]
        other = {"for_somebody": "Sam Visser", "as_whom": "parent", "name": "R. Visser"} if ending == 117 else {}
        said = filing.Said(story=story, email=f"klacht{ending}@post.example", **other)
        complaint = filing.file(said, subject=subject, invoice_id=invoice.pk, by=BY)
        _GO_ON.get(ending, lambda *args: None)(complaint, staff)


def _ask(complaint: Complaint, staff: Staff) -> None:
    _hello(complaint, staff)
    text = "Kunt u ons een foto van uw afschrift sturen?"
    handling.ask(complaint.pk, text=text, staff=staff, today=timezone.localdate())


def _lower(complaint: Complaint, staff: Staff) -> None:
    _hello(complaint, staff)
    point = Point("Een kwartier, geen half uur.", "De praktijk zag het na: het was een kwartier.", "upheld")
    draft = Draft([point], looked_at="De agenda.", apology="Het spijt ons.", wanted=Wanted(lower_to=Decimal("10.00")))
    answers.answer(complaint.pk, draft, staff=staff)


def _elsewhere(complaint: Complaint, staff: Staff) -> None:
    _hello(complaint, staff)
    point = Point("De verzekeraar betaalt dit.", "De verzekeraar wees het af.", "not_upheld")
    answers.answer(complaint.pk, Draft([point], looked_at="De brief van de verzekeraar."), staff=staff)
    today = timezone.localdate()
    row = referrals.refer(complaint.pk, body="skgz", staff=staff, today=today)
    referrals.note(row.pk, number="SKGZ-2026-104", received_on=today - timedelta(days=1), staff=staff, today=today)


def _hello(complaint: Complaint, staff: Staff) -> None:
    handling.acknowledge(complaint.pk, text="Mijn naam is Anna. Ik zoek het voor u uit.", staff=staff)


_GO_ON: dict[int, Callable[[Complaint, Staff], None]] = {120: _ask, 121: _lower, 122: _elsewhere}
