"""Writes a CAMT.053 statement (camt.053.001.08), an entry at a time, so that any bookkeeping package imports it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape  # nosec B406: it writes, and parses nothing

from billing.money import ZERO

VERSION = "camt.053.001.08"
_NOT_IN_SEPA = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True)
class Document:
    """The invoice that a movement pays, with the VAT in its total."""

    number: str
    issued_on: date
    total: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on the account; a positive amount came in. Texts are for the reader of the statement."""

    amount: Decimal
    booked_on: date
    reference: str  # unique in all statements of the account
    text: str
    value_on: date | None = None
    name: str = ""  # of the other side
    iban: str = ""  # of the other side
    end_to_end: str = ""
    payment_reference: str = ""  # a Dutch one of 16 digits
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the movements."""

    number: int
    account: str  # an IBAN, or the number of an account that is no bank's
    holder: str
    from_on: date
    to_on: date
    opening: Decimal
    made_at: datetime
    servicer: str = ""  # who keeps the account


def write(heading: Heading, movements: Iterable[Movement]) -> Iterator[str]:
    """Yield the document in parts. The closing balance comes before the movements, so these are gone through twice."""
    movements = list(movements)
    closing = heading.opening + sum((movement.amount for movement in movements), ZERO)
    made = heading.made_at.isoformat(timespec="seconds")
    number = f"{heading.account}-{heading.number}"[-35:]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{VERSION}"><BkToCstmrStmt>'
    yield f"<GrpHdr><MsgId>{_text(number, 35)}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>"
    yield f"<Stmt><Id>{_text(number, 35)}</Id><ElctrncSeqNb>{heading.number}</ElctrncSeqNb><CreDtTm>{made}</CreDtTm>"
    yield f"<FrToDt><FrDtTm>{heading.from_on}T00:00:00</FrDtTm><ToDtTm>{heading.to_on}T23:59:59</ToDtTm></FrToDt>"
    yield f"<Acct><Id>{_account(heading.account)}</Id><Ccy>EUR</Ccy><Ownr><Nm>{_text(heading.holder, 70)}</Nm></Ownr>"
    if heading.servicer:
        yield f"<Svcr><FinInstnId><Nm>{_text(heading.servicer, 70)}</Nm></FinInstnId></Svcr>"
    yield "</Acct>"
    yield _balance("OPBD", heading.opening, heading.from_on)
    yield _balance("CLBD", closing, heading.to_on)
    for movement in movements:
        yield _entry(movement)
    yield "</Stmt></BkToCstmrStmt></Document>\n"


def _balance(code: str, amount: Decimal, on: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount)}{_sign(amount)}"
        f"<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _entry(movement: Movement) -> str:
    came_in = movement.amount > ZERO
    role, code = ("Dbtr", "RCDT") if came_in else ("Cdtr", "ICDT")
    name = f"<{role}><Pty><Nm>{_text(movement.name, 140)}</Nm></Pty></{role}>" if movement.name else ""
    account = f"<{role}Acct><Id>{_account(movement.iban)}</Id></{role}Acct>" if movement.iban else ""
    parties = f"<RltdPties>{name}{account}</RltdPties>" if name or account else ""
    remittance = f"<Ustrd>{_text(movement.text, 140)}</Ustrd>" if movement.text else ""
    if movement.document:
        remittance += _document(movement.document)
    if movement.payment_reference:
        remittance += (
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>CUR</Issr></Tp>"
            f"<Ref>{_text(movement.payment_reference, 35)}</Ref></CdtrRefInf></Strd>"
        )
    remittance = f"<RmtInf>{remittance}</RmtInf>" if remittance else ""
    money = f"{_amount(movement.amount)}{_sign(movement.amount)}"
    reference = _text(movement.reference, 35)
    return (
        f"<Ntry><NtryRef>{reference}</NtryRef>{money}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{movement.booked_on}</Dt></BookgDt>"
        f"<ValDt><Dt>{movement.value_on or movement.booked_on}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{code}</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{_text(movement.end_to_end or 'NOTPROVIDED', 35)}</EndToEndId></Refs>"
        f"{money}{parties}{remittance}</TxDtls></NtryDtls></Ntry>"
    )


def _document(document: Document) -> str:
    return (
        "<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp>"
        f"<Nb>{_text(document.number, 35)}</Nb><RltdDt>{document.issued_on}</RltdDt></RfrdDocInf>"
        f'<RfrdDocAmt><DuePyblAmt Ccy="EUR">{document.total:.2f}</DuePyblAmt>'
        f"<TaxAmt>{_amount(document.vat)}</TaxAmt></RfrdDocAmt></Strd>"
    )


def _amount(amount: Decimal) -> str:
    return f'<Amt Ccy="EUR">{abs(amount):.2f}</Amt>'


def _sign(amount: Decimal) -> str:
    return f"<CdtDbtInd>{'CRDT' if amount >= ZERO else 'DBIT'}</CdtDbtInd>"


def _account(number: str) -> str:
    plain = "".join(number.split())
    is_iban = re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", plain)
    return f"<IBAN>{plain}</IBAN>" if is_iban else f"<Othr><Id>{_text(plain, 34)}</Id></Othr>"


def _text(text: str, size: int) -> str:
    """Return the text in the letters that banks take, cut to its size: ü becomes u, the rest a full stop."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return escape(_NOT_IN_SEPA.sub(".", " ".join(plain.split()))[:size].strip() or ".")
