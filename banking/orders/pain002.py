"""Reads pain.002: what the bank says of our batches before a statement does. News, never a proof of payment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from django.utils.translation import gettext as _

from banking.models import OutgoingBatch, OutgoingOrder, PayeeAccount
from banking.orders import outcome, payees
from billing.errors import Refused
from billing.failures import isolated
from billing.text.xml import Node, Reader
from billing.transitions import advance

Status, Check = OutgoingOrder.Status, PayeeAccount.Check
MAX_BYTES = 20_000_000
_ACCEPTED = ("ACCP", "ACSP", "ACSC", "ACTC", "ACWC", "PDNG")
# Verification of Payee: of the account that we pay to.
_CHECKS = {"RCVC": Check.MATCH, "RVMC": Check.CLOSE, "RVNM": Check.NONE, "RVNA": Check.IMPOSSIBLE}


@dataclass(frozen=True, slots=True)
class Said:
    """What the bank says: of one order by its EndToEndId, or of a batch as a whole; `reason` is a code."""

    reference: str
    status: str
    reason: str = ""


@dataclass(slots=True)
class Counted:
    """What a file brought, by kind."""

    rejected: int = 0
    accepted: int = 0
    checked: int = 0
    unknown: list[str] = field(default_factory=list)


class _Reports(Reader):
    wanted = frozenset({"OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Said] = []
        self.is_report = False

    def opened(self, name: str) -> None:
        """Refuse other documents at their second element."""
        if name != "CstmrPmtStsRpt":
            raise _no_report()
        self.is_report = True

    def take(self, path: list[Node], node: Node) -> None:
        whole = node.read("OrgnlPmtInfId", "OrgnlMsgId")
        if status := node.read("PmtInfSts", "GrpSts"):
            self.said.append(Said(whole, status, node.read("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry")))
        for one in node.all("TxInfAndSts"):
            reason = one.read("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry")
            self.said.append(Said(one.read("OrgnlEndToEndId"), one.read("TxSts"), reason))


def read(content: bytes) -> list[Said]:
    """Return what a file says. Raises Refused for one that is too big, damaged, or no pain.002."""
    if len(content) > MAX_BYTES:
        raise Refused(_("This file is too big for a status report."))
    reader = _Reports()
    for _part in reader.feed([content]):
        pass
    if not reader.is_report:
        raise _no_report()
    return reader.said


def apply(said: list[Said]) -> Counted:
    """Follow what the bank says: a rejection releases the money, the rest is kept; twice the same changes nothing."""
    counted = Counted()
    for one in said:
        orders = list(_meant(one))
        if not orders and one.status != "PART":
            counted.unknown.append(one.reference)
        for order in orders:
            isolated(partial(_follow, order, one, counted), rule="payment status", row=order.pk)
    return counted


def _no_report() -> Refused:
    return Refused(_("This is no status report of a bank (pain.002)."))


def _meant(said: Said) -> Iterator[OutgoingOrder]:
    """Yield the order that is meant; all of a batch only when the batch as a whole was rejected or accepted."""
    yield from OutgoingOrder.objects.filter(reference=said.reference)
    batch = OutgoingBatch.objects.filter(reference=said.reference).first()
    if batch and said.status != "PART":
        yield from batch.orders.order_by("pk")


def _follow(order: OutgoingOrder, said: Said, counted: Counted) -> None:
    if check := _CHECKS.get(said.status) or _CHECKS.get(said.reason):
        payees.note_check(order, check)
        counted.checked += 1
    if said.status == "RJCT":
        counted.rejected += outcome.rejected(order, reason=said.reason or "RJCT")
    elif said.status in _ACCEPTED and order.status == Status.EXPORTED:
        counted.accepted += advance(order, Status.ACCEPTED, bank_status=said.status)
