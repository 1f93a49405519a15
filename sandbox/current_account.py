"""The operator's account at the stand-in bank: transfers come in, a pain.001 is executed, CAMT.053 comes out."""

from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree  # nosec B405: what declares anything is refused unread
from xml.sax.saxutils import escape  # nosec B406: it writes, and parses nothing

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Sum

from sandbox import payments
from sandbox.errors import ApiError
from sandbox.models import Movement, Payment, PaymentFile, Settlement

OPENING_CENTS = 1_000_000  # before the first movement
# Of the gateway: what it takes for each payment, the VAT on that, and our number there.
COST_CENTS, VAT_PERCENT = 32, 21
CUSTOMER = 1234567
GATEWAY = ("Stichting Mollie Payments", "NL08DEUT0319809633")
_SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def pay_in(cents: int, *, text: str, name: str, iban: str, on: date) -> Movement:
    """Let somebody transfer money to the account."""
    return Movement.objects.create(booked_on=on, amount_cents=cents, text=text[:140], name=name[:70], iban=iban)


def settle(*, now: datetime) -> Settlement | None:
    """Let the gateway pay out what came in since the last time, less refunds and its costs; None for nothing."""
    with transaction.atomic():
        since = Settlement.objects.aggregate(last=Max("last_payment"))["last"] or 0
        rows = list(Payment.objects.filter(pk__gt=since, status=Payment.Status.PAID).order_by("pk"))
        net = COST_CENTS * len(rows)
        vat = round(net * VAT_PERCENT / 100)
        amount = sum(payments.remaining_cents(row) for row in rows) - net - vat
        if amount <= 0:
            return None
        made = Settlement.objects.filter(created_at__year=now.year, created_at__month=now.month).count()
        number = f"{CUSTOMER}.{now:%y%m}.{made + 1:02d}"
        return Settlement.objects.create(
            reference=payments.new_reference("stl"), number=number, amount_cents=amount,
            costs_cents=net + vat, vat_cents=vat, created_at=now, last_payment=rows[-1].pk,
        )  # fmt: skip


def pay_out_by_gateway(row: Settlement, *, on: date) -> Movement:
    """Let the gateway's settlement arrive."""
    name, iban = GATEWAY
    return pay_in(row.amount_cents, text=f"Settlement {row.number}", name=name, iban=iban, on=on)


def execute(content: bytes, *, now: datetime, on: date) -> int:
    """Execute a pain.001 and return how many payments it has.

    Raises ApiError 400 for what is none, 409 for one that was executed before, and 422 when its sum is not right.
    """
    if b"<!" in content:  # a document type or an entity: no order has one
        raise ApiError(400, "This is no pain.001")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # nosec B314
    except ElementTree.ParseError:
        raise ApiError(400, "This is no pain.001") from None
    orders = root.findall(".//{*}CdtTrfTxInf")
    reference, total = root.findtext(".//{*}GrpHdr/{*}MsgId"), root.findtext(".//{*}GrpHdr/{*}CtrlSum")
    if not orders or not reference:
        raise ApiError(400, "This is no pain.001")
    rows = [_debit(one, root.findtext(".//{*}PmtInfId") or "", on) for one in orders]
    if Decimal(total or "0") != Decimal(-sum(row.amount_cents for row in rows)) / 100:
        raise ApiError(422, "The sum of the file is not that of its payments")
    try:
        with transaction.atomic():
            PaymentFile.objects.create(reference=reference, taken_at=now)
            Movement.objects.bulk_create(rows)
    except IntegrityError:
        raise ApiError(409, "This file was executed before (AM05)") from None
    return len(rows)


def _debit(payment: ElementTree.Element, batch: str, on: date) -> Movement:
    def said(path: str) -> str:
        return payment.findtext(path) or ""

    return Movement(
        booked_on=on, amount_cents=-int(Decimal(said(".//{*}InstdAmt")) * 100), name=said("{*}Cdtr/{*}Nm"),
        iban=said("{*}CdtrAcct//{*}IBAN"), text=said(".//{*}Ustrd"), end_to_end=said(".//{*}EndToEndId"), batch=batch,
    )  # fmt: skip


def come_back(debit: Movement, *, on: date, code: str = "AC04") -> Movement | None:
    """Let a payment come back from the payee's bank, once; None when it did already."""
    with transaction.atomic():
        locked = Movement.objects.select_for_update().get(pk=debit.pk)
        if (
            locked.amount_cents > 0
            or Movement.objects.filter(end_to_end=locked.end_to_end, amount_cents__gt=0).exists()
        ):
            return None
        return Movement.objects.create(
            booked_on=on, amount_cents=-locked.amount_cents, name=locked.name, iban=locked.iban, text=locked.text,
            end_to_end=locked.end_to_end, batch=locked.batch, return_code=code,
        )  # fmt: skip


def statement(first: date, last: date) -> bytes:
    """Return the CAMT.053 of these days, as the bank gives it at any later moment, as often as it is asked."""
    opening = OPENING_CENTS + _sum(Movement.objects.filter(booked_on__lt=first))
    rows = Movement.objects.filter(booked_on__gte=first, booked_on__lte=last).order_by("booked_on", "pk")
    entries = "".join(map(_entry, rows))
    number = f"{last:%y%j}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_SPACE}"><BkToCstmrStmt><GrpHdr>'
        f"<MsgId>{number}</MsgId><CreDtTm>{last}T23:59:59</CreDtTm></GrpHdr><Stmt><Id>{number}</Id>"
        f"<ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{last}T23:59:59</CreDtTm>"
        f"<Acct><Id><IBAN>{settings.OPERATOR['iban']}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', opening, first)}{_balance('CLBD', opening + _sum(rows), last)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _sum(rows: QuerySet[Movement]) -> int:
    return rows.aggregate(sum=Sum("amount_cents"))["sum"] or 0


def _money(cents: int) -> str:
    sign = "CRDT" if cents >= 0 else "DBIT"
    return f'<Amt Ccy="EUR">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _balance(code: str, cents: int, on: date) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_money(cents)}<Dt><Dt>{on}</Dt></Dt></Bal>"


def _entry(row: Movement) -> str:
    role, family = ("Dbtr", "RCDT") if row.amount_cents > 0 else ("Cdtr", "ICDT")
    batch = f"<PmtInfId>{escape(row.batch)}</PmtInfId>" if row.batch else ""
    back = f"<RtrInf><Rsn><Cd>{row.return_code}</Cd></Rsn></RtrInf>" if row.return_code else ""
    undone = "<RvslInd>true</RvslInd>" if row.return_code else ""
    return (
        f"<Ntry>{_money(row.amount_cents)}{undone}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{row.booked_on}</Dt></BookgDt>"
        f"<ValDt><Dt>{row.booked_on}</Dt></ValDt><AcctSvcrRef>{row.pk}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly>"
        f"<Cd>{family}</Cd><SubFmlyCd>{'RRTN' if back else 'ESCT'}</SubFmlyCd></Fmly>"
        f"</Domn></BkTxCd><NtryDtls><TxDtls><Refs>{batch}"
        f"<EndToEndId>{escape(row.end_to_end) or 'NOTPROVIDED'}</EndToEndId></Refs><RltdPties><{role}><Pty>"
        f"<Nm>{escape(row.name)}</Nm></Pty></{role}><{role}Acct><Id><IBAN>{row.iban}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RmtInf><Ustrd>{escape(row.text)}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
    )
