"""Writes pain.001.001.09: payments that we order, without any address (unstructured ones are refused since 2026-11-15).

A pure function of its facts, so the same batch is always the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

from banking.orders.payees import Payee
from billing.money import ZERO

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a batch: its EndToEndId, what, and to whom."""

    reference: str
    amount: Decimal
    payee: Payee


def write(
    reference: str, payments: Sequence[Payment], *, name: str, iban: str, created_at: datetime, execute_on: date
) -> bytes:
    """Return the file of one batch: `reference` is its MsgId and PmtInfId, `name` and `iban` are our account's."""
    total = f"{sum((payment.amount for payment in payments), ZERO):.2f}"
    count = str(len(payments))
    root = Element("Document", xmlns=NAMESPACE)
    initiation = SubElement(root, "CstmrCdtTrfInitn")
    header = SubElement(initiation, "GrpHdr")
    _put(header, ("MsgId", reference), ("CreDtTm", created_at.strftime("%Y-%m-%dT%H:%M:%S")))
    _put(header, ("NbOfTxs", count), ("CtrlSum", total), ("InitgPty/Nm", name))
    info = SubElement(initiation, "PmtInf")
    _put(info, ("PmtInfId", reference), ("PmtMtd", "TRF"), ("BtchBookg", "true"), ("NbOfTxs", count))
    _put(info, ("CtrlSum", total), ("PmtTpInf/SvcLvl/Cd", "SEPA"), ("ReqdExctnDt/Dt", execute_on.isoformat()))
    _put(info, ("Dbtr/Nm", name), ("DbtrAcct/Id/IBAN", iban))
    _put(info, ("DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED"), ("ChrgBr", "SLEV"))
    for payment in payments:
        _add(info, payment)
    content: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return content


def _add(info: Element, payment: Payment) -> None:
    transfer = SubElement(info, "CdtTrfTxInf")
    _put(transfer, ("PmtId/EndToEndId", payment.reference))
    SubElement(SubElement(transfer, "Amt"), "InstdAmt", Ccy="EUR").text = f"{payment.amount:.2f}"
    _put(transfer, ("Cdtr/Nm", payment.payee.name), ("CdtrAcct/Id/IBAN", payment.payee.iban))
    if payment.payee.text:
        _put(transfer, ("RmtInf/Ustrd", payment.payee.text))


def _put(parent: Element, *values: tuple[str, str]) -> None:
    """Add an element with this text at each path; each path is new."""
    for path, text in values:
        node = parent
        for name in path.split("/"):
            node = SubElement(node, name)
        node.text = text
