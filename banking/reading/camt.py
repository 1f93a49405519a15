"""Reads CAMT.053 of any version by the local names of its elements, an entry at a time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _

from banking.reading import costs
from banking.reading.camt_parts import add_information, part_of, whole_of
from banking.reading.days import day_of_xml
from banking.reading.facts import MAX_PARTS, Entry, Format, Kind, Part, Sheet, cents_of
from billing.errors import Refused
from billing.money import from_cents
from billing.text.xml import Node, Reader

STATEMENT = "BkToCstmrStmt"
_OTHERS = {"BkToCstmrAcctRpt": "CAMT.052", "BkToCstmrDbtCdtNtfctn": "CAMT.054"}
_OPENING, _BETWEEN, _CLOSING = ("OPBD", "PRCD"), "ITBD", "CLBD"


def read(chunks: Iterable[bytes], *, encoding: str | None = None) -> Iterator[Entry | Sheet]:
    """Yield the entries of each statement, and then its sheet. Raises Refused.

    `encoding` takes the place of the one that the file declares.
    """
    reader = _Statements(encoding)
    for _chunk in reader.feed(chunks):
        yield from reader.ready
        reader.ready.clear()
    if not reader.is_statement:
        raise Refused(_("This is no bank statement: we read CAMT.053 and MT940."))


class _Statements(Reader):
    wanted = frozenset(("TxDtls", "Ntry", "Bal", "Stmt", "GrpHdr"))

    def __init__(self, encoding: str | None) -> None:
        super().__init__(encoding)
        self.ready: list[Entry | Sheet] = []
        self.is_statement = False
        self._begin_sheet()
        self._begin_entry()

    def _begin_sheet(self) -> None:
        self._balances: list[tuple[str, int, Node]] = []
        self._skipped = 0

    def _begin_entry(self) -> None:
        self._parts: list[Part] = []
        self._part_amounts: list[int | None] = []
        self._details = 0

    def opened(self, name: str) -> None:
        """Refuse other documents at their second element."""
        if other := _OTHERS.get(name):
            raise Refused(
                _("This is a %s: news of the same day, which the statement repeats. Hand in the CAMT.053 or MT940.")
                % other
            )
        if name != STATEMENT:
            raise Refused(_("This is no bank statement: we read CAMT.053 and MT940."))
        self.is_statement = True

    def take(self, path: list[Node], node: Node) -> None:
        """Turn what has ended into facts; the account of a statement stands before its entries."""
        parents = [parent.name for parent in path[1:]]
        if node.name == "Stmt" and parents == [STATEMENT]:
            self.ready.append(self._sheet(node))
            self._begin_sheet()
        elif node.name == "Bal" and parents == [STATEMENT, "Stmt"]:
            self._balances.append(_balance(node))
        elif node.name == "Ntry" and parents == [STATEMENT, "Stmt"]:
            self._take_entry(node)
            self._begin_entry()
        elif node.name == "TxDtls" and parents[:3] == [STATEMENT, "Stmt", "Ntry"]:
            self._details += 1
            if self._details <= MAX_PARTS:
                amount, part = part_of(path[3], node, own=_account(path[2]))
                self._part_amounts.append(amount)
                self._parts.append(part)

    def _take_entry(self, node: Node) -> None:
        status = node.read("Sts/Cd", "Sts/Prtry", "Sts")
        cents, currency = _money(node)
        if status not in ("", "BOOK") or not cents:
            self._skipped += 1
            return
        if currency != "EUR":
            raise Refused(_("There is an entry in %s in it: we read accounts in euros.") % currency)
        booked = _day(node, "BookgDt")
        value = _day(node, "ValDt") or booked
        if value is None:
            raise Refused(_("There is an entry without a date in it."))
        parts = self._parts_of(node, cents)
        if len(parts) == 1 and parts[0] in self._parts and (extra := node.read("AddtlNtryInf")):
            add_information(parts[0], extra)
        self.ready.append(Entry(cents, booked, value, parts))

    def _parts_of(self, node: Node, cents: int) -> list[Part]:
        """Return the parts when they add up to the entry; else the whole, as one line."""
        told = node.read("NtryDtls/Btch/NbOfTxs")
        announced = int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 1
        amounts = self._part_amounts
        known = [amount for amount in amounts if amount is not None]
        if self._details > 1 and self._details == len(known) and sum(known) == cents:
            return [part for part in self._parts if part.cents]
        if self._details == 1 and announced <= 1:
            (part,) = self._parts
            if not part.details.costs:  # some banks say them of the entry
                part.details = costs.of_camt(part.details, cents, node)
            if amounts[0] is not None and abs(amounts[0]) != abs(cents):  # the amount before costs
                part.details = replace(part.details, sent=str(from_cents(abs(amounts[0]))))
            part.cents = cents  # what moved on our account, after costs that somebody took off
            return [part]
        whole = whole_of(node, cents)
        if not self._details and announced <= 1:
            whole.details = costs.of_camt(whole.details, cents, node)
        if max(self._details, announced) > 1 and whole.kind == Kind.TRANSFER:
            whole.kind = Kind.BATCH
        return [whole]

    def _sheet(self, node: Node) -> Sheet:
        opening, opens_between = _pick(self._balances, _OPENING, between=0)
        closing, closes_between = _pick(self._balances, (_CLOSING,), between=-1)
        if opens_between and closes_between and len([b for b in self._balances if b[0] == _BETWEEN]) == 1:
            closing = None  # one balance between pages stands at one end only, and nothing says at which
        begins = node.read("FrToDt/FrDtTm", "FrToDt/FrDt")
        currencies = {_money(balance[2])[1] for balance in (opening, closing) if balance}
        currencies.add(_currency(node.read("Acct/Ccy") or "EUR"))
        return Sheet(
            format=Format.CAMT053,
            account=_account(node),
            number=(node.read("ElctrncSeqNb", "LglSeqNb", "Id"))[:35],
            currency=next(iter(sorted(currencies - {"EUR"})), "EUR"),
            opening=opening[1] if opening else None,
            closing=closing[1] if closing else None,
            opening_on=_day(opening[2], "Dt") if opening else None,
            closing_on=_day(closing[2], "Dt") if closing else None,
            opens_between=opens_between,
            closes_between=closes_between,
            begins_on=day_of_xml(begins) if begins else None,
            skipped=self._skipped,
        )


Balance = tuple[str, int, Node]


def _pick(balances: list[Balance], wanted: tuple[str, ...], *, between: int) -> tuple[Balance | None, bool]:
    """Return the balance of the first kind that is there, else that between two pages, and whether it is that."""
    for kind in wanted:
        for balance in balances:
            if balance[0] == kind:
                return balance, False
    pages = [balance for balance in balances if balance[0] == _BETWEEN]
    return (pages[between], True) if pages else (None, False)


def _balance(node: Node) -> Balance:
    cents, _currency = _money(node)
    return node.read("Tp/CdOrPrtry/Cd", "Tp/Cd"), cents, node


def _money(node: Node) -> tuple[int, str]:
    """Return the signed cents and the currency. What undoes an earlier entry (RvslInd) has its own sign already."""
    amount = node.first("Amt")
    sign = {"CRDT": 1, "DBIT": -1}.get(node.read("CdtDbtInd"))
    if amount is None or sign is None:
        raise Refused(_("There is an amount in it that does not say whether it came in or went out."))
    return sign * cents_of(amount.text), _currency(amount.attributes.get("Ccy", "EUR"))


def _currency(code: str) -> str:
    """Return a code that may be shown; what is no code of a currency is not ours either."""
    return code if re.fullmatch(r"[A-Z]{3}", code, re.ASCII) else "?"


def _day(node: Node, name: str) -> date | None:
    text = node.read(f"{name}/Dt", f"{name}/DtTm", name)
    return day_of_xml(text) if text else None


def _account(statement: Node) -> str:
    return "".join(statement.read("Acct/Id/IBAN", "Acct/Id/Othr/Id").split()).upper()[:35]
