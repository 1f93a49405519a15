"""Everything that the page of a case shows, loaded in few queries."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from billing import audit
from billing.adjustments import reductions
from billing.desk.people import lines
from billing.ledger.entries import entries_of, with_postings
from billing.models import LedgerTransaction
from billing.money import ZERO
from billing.templatetags.money import euro
from coulance.desk import by_machine
from coulance.models import (
    CaseMessage,
    CoulanceCase,
    Decision,
    NoteTemplate,
    PaperFigures,
    PracticeRules,
    Proposal,
    Specification,
)

PAPERS = Prefetch("specifications", Specification.objects.select_related("reading"))
SEEN = "case page"  # its name in the access log
Kind = LedgerTransaction.Kind
WITH_CASE = (
    "invoice__provider__coulance_rules", "invoice__patient", "invoice__care_detail", "proposal__decided_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of an invoice, in euros, as the desk shows them."""

    invoiced: Decimal
    insurer_paid: Decimal
    share: Decimal  # what the patient would pay without any reduction
    reduced: Decimal
    charged: Decimal  # collection costs and interest that stand, paid or not
    paid: Decimal
    outstanding: Decimal
    credit: Decimal

    @property
    def due(self) -> Decimal:
        """Return what the patient has to pay in total."""
        return self.share - self.reduced


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of the history; `text` is what somebody wrote."""

    at: datetime
    what: str
    by: str = ""
    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with everything that belongs to it."""

    case: CoulanceCase
    amounts: Amounts
    files: list[Specification]
    history: list[HistoryEntry]
    proposal: Proposal | None
    rules: PracticeRules
    decided_before: bool
    care: lines.Care | None  # for whom, and what for; None of an invoice whose data were erased
    templates: list[NoteTemplate]
    figures: PaperFigures | None  # of a paper about which nobody has decided yet
    read: by_machine.ReadByMachine | None
    sheets: list[tuple[Specification, list[tuple[int, list[by_machine.Place]]]]]  # the files, page by page


def looked_at(case: CoulanceCase) -> tuple[str, ...]:
    """Return what the page of a case shows, as the access log calls it: whose it is, the lines, and each paper."""
    shown = [file.served_name for file in viewable(case) if file.page_numbers]
    return (SEEN, lines.DATA, *shown)


def load(case: CoulanceCase) -> CasePage:
    """Load the page of a case that was fetched with WITH_CASE. Medical data: the caller has written the access log."""
    decisions = Prefetch("decisions", Decision.objects.select_related("decided_by", "approved_by", "message"))
    prefetch_related_objects([case], PAPERS, "messages", "paper_figures", decisions, with_postings("invoice__postings"))
    withdrawn = case.status == CoulanceCase.Status.WITHDRAWN
    files = [
        file for file in case.specifications.all() if file.status != Specification.Status.WITHDRAWN and not withdrawn
    ]
    rules = getattr(case.invoice.provider, "coulance_rules", None) or PracticeRules(provider=case.invoice.provider)
    proposal, decided = getattr(case, "proposal", None), [d for d in case.decisions.all() if d.kind != "ask_more"]
    detail = None if case.invoice.erased_at else getattr(case.invoice, "care_detail", None)
    if detail:
        detail.invoice = case.invoice
    care = lines.care_of(detail) if detail else None
    last = max((decision.at for decision in decided), default=None)
    waits = case.status == CoulanceCase.Status.AT_PROVIDER
    newest = next((row for row in reversed(case.paper_figures.all()) if last is None or row.at > last), None)
    figures = newest if waits else None
    read = by_machine.load(viewable(case), share_of(case), case.invoice.patient) if waits else None
    return CasePage(
        case,
        _amounts(case),
        files,
        _history(case),
        proposal,
        rules,
        bool(decided),
        care,
        templates_of(case),
        figures,
        read,
        [(file, by_machine.sheets(file, read)) for file in files],
    )


def templates_of(case: CoulanceCase) -> list[NoteTemplate]:
    """Return the texts that the practice of a case uses."""
    return list(case.invoice.provider.coulance_notes.filter(in_use=True))


def share_of(case: CoulanceCase) -> Decimal:
    """Return what the patient would pay without any reduction, in euros."""
    return reductions.patient_share(case.invoice)


def viewable(case: CoulanceCase) -> list[Specification]:
    """Return the files that staff may open: checked, not taken back, and of a case that was not withdrawn."""
    if case.status == CoulanceCase.Status.WITHDRAWN:
        return []
    return [file for file in case.specifications.all() if file.status == Specification.Status.CLEAN]


def _amounts(case: CoulanceCase) -> Amounts:
    sums: dict[str, Decimal] = {}
    for entry in entries_of(case.invoice):
        sums[entry.kind] = sums.get(entry.kind, ZERO) + entry.amount
    balance = sum(sums.values(), ZERO)
    paid = -sum((sums.get(kind, ZERO) for kind in LedgerTransaction.PAID), ZERO)
    return Amounts(
        invoiced=sums.get(Kind.INVOICED, ZERO),
        insurer_paid=-sums.get(Kind.INSURER_PAID, ZERO),
        share=reductions.patient_share(case.invoice),
        reduced=reductions.reduced(case.invoice),
        charged=reductions.charged(case.invoice),
        paid=paid,
        outstanding=max(balance, ZERO),
        credit=max(-balance, ZERO),
    )


def _history(case: CoulanceCase) -> list[HistoryEntry]:
    """Return what happened to the case, newest first."""
    lines = [HistoryEntry(case.offered_at, _("Offered to the patient"))]
    for file in case.specifications.all():
        lines.append(_file_entry(file))
    decisions = list(case.decisions.all())
    for message in case.messages.all():
        if message.decision_id is None:  # the reason of a decision is shown with the decision
            lines.append(HistoryEntry(message.at, _message_by(message), text=message.text))
    lines += [_figures_entry(row) for row in case.paper_figures.all()]
    lines += [_decision_entry(decision) for decision in decisions]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _file_entry(file: Specification) -> HistoryEntry:
    called = {"name": file.name or file.served_name}
    if file.scanned_by:
        return HistoryEntry(file.uploaded_at, _("Paper scanned: %(name)s") % called, audit.actor(file.scanned_by))
    return HistoryEntry(file.uploaded_at, _("Patient sent %(name)s") % called)


def _figures_entry(row: PaperFigures) -> HistoryEntry:
    sums = {"paid_out": euro(row.paid_out), "deductible": euro(row.deductible)}
    what = _("Figures of a paper: paid out %(paid_out)s, deductible %(deductible)s") % sums
    return HistoryEntry(row.at, what, audit.actor(row.by), text=row.text)


def _message_by(message: CaseMessage) -> str:
    by_patient = message.author == CaseMessage.Author.PATIENT
    return _("Patient wrote") if by_patient else _("Care provider wrote")


_TONES: dict[str, str] = {Decision.Kind.ADJUST: "good", Decision.Kind.REFUSE: "bad", Decision.Kind.CORRECT: "busy"}


def _decision_entry(decision: Decision) -> HistoryEntry:
    what: Any = decision.get_kind_display()
    if decision.new_due is not None:
        what = _("%(what)s to %(due)s") % {"what": what, "due": euro(decision.new_due)}
    by = decision.decided_by.get_username()
    if decision.approved_by:
        by = _("%(first)s, agreed by %(second)s") % {"first": by, "second": decision.approved_by.get_username()}
    return HistoryEntry(decision.at, what[:1].upper() + what[1:], by, decision.reason, _TONES.get(decision.kind, ""))
