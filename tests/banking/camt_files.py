"""Writes CAMT.053 for tests, in the shapes of several versions and banks; all of it is fictional."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape  # nosec: writes only

IBAN = "NL91ABNA0417164300"
MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)


@dataclass
class Pay:
    """A movement on the account."""

    amount: str
    on: date
    text: str = ""
    iban: str = ""
    name: str = ""
    structured: str = ""
    reference: str = ""  # of the bank
    end_to_end: str = ""
    value_on: date | None = None
    extra: str = ""
    more: str = ""  # any elements more in the entry
    more_details: str = ""
    parts: list["Pay"] = field(default_factory=list)
    status: str = "BOOK"


@dataclass
class Shape:
    """How a bank writes."""

    version: str = "02"
    prefix: str = ""
    opening: str = "OPBD"

    @property
    def is_new(self) -> bool:
        return int(self.version) >= 8


def _signed(amount: str) -> tuple[str, str]:
    value = Decimal(amount)
    return f"{abs(value):.2f}", "CRDT" if value >= 0 else "DBIT"


def balance(kind: str, amount: str, on: date, currency: str = "EUR") -> str:
    """Return a balance."""
    plain, sign = _signed(amount)
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{plain}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def details(pay: Pay, shape: Shape, *, with_amount: bool) -> str:
    """Return the TxDtls of a movement."""
    plain, sign = _signed(pay.amount)
    role = "Dbtr" if sign == "CRDT" else "Cdtr"
    name = f"<Nm>{escape(pay.name)}</Nm>"
    party = f"<{role}>{f'<Pty>{name}</Pty>' if shape.is_new else name}</{role}>" if pay.name else ""
    account = f"<{role}Acct><Id><IBAN>{pay.iban}</IBAN></Id></{role}Acct>" if pay.iban else ""
    remittance = "".join(f"<Ustrd>{escape(line)}</Ustrd>" for line in pay.text.split("\n") if line)
    if pay.structured:
        remittance += (
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>CUR</Issr></Tp>"
            f"<Ref>{pay.structured}</Ref></CdtrRefInf></Strd>"
        )
    inner = f'<Amt Ccy="EUR">{plain}</Amt>'
    amount = (inner if shape.is_new else f"<AmtDtls><TxAmt>{inner}</TxAmt></AmtDtls>") if with_amount else ""
    if with_amount and shape.is_new:
        amount += f"<CdtDbtInd>{sign}</CdtDbtInd>"
    return (
        f"<TxDtls><Refs><EndToEndId>{pay.end_to_end or 'NOTPROVIDED'}</EndToEndId></Refs>{amount}"
        f"<RltdPties>{party}{account}</RltdPties><RmtInf>{remittance}</RmtInf>{pay.more_details}</TxDtls>"
    )


def entry(pay: Pay, shape: Shape) -> str:
    """Return the Ntry of a movement."""
    plain, sign = _signed(pay.amount)
    status = f"<Sts><Cd>{pay.status}</Cd></Sts>" if shape.is_new else f"<Sts>{pay.status}</Sts>"
    if pay.parts:
        inner = "".join(details(part, shape, with_amount=True) for part in pay.parts)
    else:
        told = pay.text or pay.iban or pay.name or pay.structured or pay.end_to_end or pay.more_details
        inner = details(pay, shape, with_amount=False) if told else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{plain}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{pay.more}{status}'
        f"<BookgDt><Dt>{pay.on}</Dt></BookgDt><ValDt><Dt>{pay.value_on or pay.on}</Dt></ValDt>"
        f"<AcctSvcrRef>{pay.reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
        f"<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{f'<NtryDtls>{inner}</NtryDtls>' if inner else ''}"
        f"{f'<AddtlNtryInf>{escape(pay.extra)}</AddtlNtryInf>' if pay.extra else ''}</Ntry>"
    )


def statement(
    pays: list[Pay], opening: str, on: date, *, shape: Shape | None = None, iban: str = IBAN, number: str = "",
    closing: str | None = None, until: date | None = None, balances: str | None = None,
) -> str:  # fmt: skip
    """Return a Stmt; the closing balance is right unless said otherwise."""
    shape = shape or Shape()
    total = Decimal(opening) + sum((Decimal(pay.amount) for pay in pays if pay.status == "BOOK"), Decimal(0))
    both = balance(shape.opening, opening, on) + balance("CLBD", closing or str(total), until or on)
    return (
        f"<Stmt><Id>{number or f'STMT-{on}'}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<CreDtTm>{until or on}T23:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>{both if balances is None else balances}"
        + "".join(entry(pay, shape) for pay in pays)
        + "</Stmt>"
    )


def document(*statements: str, shape: Shape | None = None, root: str = "BkToCstmrStmt", kind: str = "053") -> bytes:
    """Return a whole file."""
    shape = shape or Shape()
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{shape.version}"
    text = f"<Document><{root}><GrpHdr><MsgId>M1</MsgId></GrpHdr>{''.join(statements)}</{root}></Document>"
    if shape.prefix:
        text = (
            text.replace("</", "</\0")
            .replace("<", f"<{shape.prefix}:")
            .replace(f"<{shape.prefix}:/\0", f"</{shape.prefix}:")
        )
        text = text.replace(f"<{shape.prefix}:Document>", f'<{shape.prefix}:Document xmlns:{shape.prefix}="{space}">')
    else:
        text = text.replace("<Document>", f'<Document xmlns="{space}">')
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
