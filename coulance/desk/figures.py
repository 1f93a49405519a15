"""Coulance in figures: by the insurer of the patient, how much was granted, and how long patients waited for it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from billing.law.calendar import begin_of
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO
from billing.rooms import CameIn, Figure
from billing.tenancy import visible_to
from coulance.decisions import EVENT
from coulance.models import CoulanceCase, Decision, SpecificationReading
from coulance.reading import telling

Status = CoulanceCase.Status


@dataclass(slots=True)
class Sums:
    """What was decided about the patients of one insurer."""

    decided: int = 0
    granted: int = 0
    lowered: Decimal = ZERO
    days: int = 0

    def cells(self) -> tuple[Any, ...]:
        """Return the cells of the row."""
        share = f"{round(100 * self.granted / self.decided)}%"
        return self.decided, self.granted, share, self.lowered, round(self.days / self.decided)


def by_insurer(staff: Any, first: date, last: date) -> Figure:
    """Return what was decided in this time, by insurer: of each case the last decision counts.

    What was lowered is what the ledger has of these decisions in this time.
    """
    begin, end = begin_of(first), begin_of(last + timedelta(days=1))
    decisions = Decision.objects.filter(at__gte=begin, at__lt=end).exclude(kind=Decision.Kind.ASK_MORE)
    lowered = _lowered(staff, LedgerTransaction.objects.filter(created_at__gte=begin, created_at__lt=end))
    found: dict[str, Sums] = {}
    for decision in _last_of_each(visible_to(staff, decisions, provider_path="case__invoice__provider")):
        patient = decision.case.invoice.patient
        known = patient.identity if patient.sealed_identity else {}  # erased
        sums = found.setdefault(known.get("insurer_uzovi") or "", Sums())
        sums.decided += 1
        sums.granted += bool(decision.reduction)
        sums.lowered += lowered.pop(decision.case.invoice_id, ZERO)
        sums.days += (timezone.localdate(decision.at) - timezone.localdate(decision.case.offered_at)).days
    ordered = sorted(found, key=lambda code: (-found[code].decided, code))
    return Figure(
        _("Coulance by insurer"),
        (_("Insurer"), _("decided"), _("granted"), _("share granted"), _("lowered by"), _("days until the decision")),
        [(_("UZOVI %(code)s") % {"code": code} if code else _("not known"), *found[code].cells()) for code in ordered],
        says=_("What was decided in this time. The days are counted from when coulance was offered."),
        drawn=1,
    )


def _last_of_each(decisions: QuerySet[Decision]) -> list[Decision]:
    """Return the last decision of each case, with no more of its patient than who the insurer is."""
    rows = decisions.select_related("case__invoice__patient").only(
        "kind", "reduction", "at", "case__offered_at", "case__invoice__patient__sealed_identity",
        "case__invoice__patient__number", "case__invoice__patient__provider",
    )  # fmt: skip
    return list({row.case_id: row for row in rows.order_by("pk")}.values())


def _lowered(staff: Any, transactions: QuerySet[LedgerTransaction]) -> dict[int, Decimal]:
    """Return by how much decisions lowered each invoice."""
    ours = transactions.filter(kind=LedgerTransaction.Kind.REDUCTION, external_id__startswith=EVENT)
    postings = Posting.objects.filter(transaction__in=ours, account__in=OF_INVOICE, invoice__isnull=False)
    rows = visible_to(staff, postings, provider_path="provider").order_by().values("invoice")
    return {row["invoice"]: -row["sum"] for row in rows.annotate(sum=Sum("amount"))}


def came_in(staff: Any, day: date) -> Iterator[CameIn]:
    """Yield the cases that reached the provider on a day and still wait."""
    begin, end = begin_of(day), begin_of(day + timedelta(days=1))
    waiting = CoulanceCase.objects.filter(status=Status.AT_PROVIDER, provider_since__gte=begin, provider_since__lt=end)
    count = visible_to(staff, waiting, provider_path="invoice__provider").count()
    address = reverse("admin:coulance_coulancecase_changelist")
    asked = f"status__exact=at_provider&dag_van={day}&dag_tot={day}"
    yield CameIn(count, ngettext("coulance case for you", "coulance cases for you", count), f"{address}?{asked}")


def of_readings(staff: Any, first: date, last: date) -> Figure:
    """Return what machines read in this time: proposed, taken, changed, and abstained by reason."""
    begin, end = begin_of(first), begin_of(last + timedelta(days=1))
    rows = SpecificationReading.objects.filter(read_at__gte=begin, read_at__lt=end)
    rows = visible_to(staff, rows, provider_path="specification__case__invoice__provider")
    counts = Counter(label for row in rows.only("status", "decided", "reasons") for label in _became(row))
    return Figure(
        _("Papers read by a machine"),
        (_("What happened"), _("papers")),
        [(label, count) for label, count in sorted(counts.items(), key=lambda found: (-found[1], found[0]))],
        says=_("By the day on which the paper was read."),
        drawn=1,
    )


_DECIDED: dict[str, str] = {
    "": gettext_noop("proposed, not decided yet"),
    SpecificationReading.Decided.SAME: gettext_noop("proposed, and decided so"),
    SpecificationReading.Decided.CHANGED: gettext_noop("proposed, and decided with other amounts"),
    SpecificationReading.Decided.OTHERWISE: gettext_noop("proposed, and decided in another way"),
}


def _became(row: SpecificationReading) -> Iterator[str]:
    """Yield what became of a paper; one that was not proposed counts for each reason."""
    if row.status == SpecificationReading.Status.PROPOSED:
        yield _(_DECIDED[row.decided])
        return
    for reason in row.reasons:
        yield _("nothing proposed: %(reason)s") % {"reason": telling.REASONS.get(reason, reason)}


FIGURES = {"coulance": by_insurer, "gelezen": of_readings}
