"""What the bank says before a statement: rejections release money once, "accepted" proves nothing."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from banking.models import OutgoingOrder, PayeeAccount
from banking.orders import pain002
from billing import ledger
from billing.errors import Refused
from tests.banking.orders import made

Status = OutgoingOrder.Status
pytestmark = pytest.mark.django_db(transaction=True)
_SPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


def _report(batch, *orders, group=""):
    """A pain.002 with (EndToEndId, status, reason) of each order."""
    one = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{end}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for end, status, reason in orders
    )
    whole = f"<PmtInfSts>{group}</PmtInfSts>" if group else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_SPACE}"><CstmrPmtStsRpt><GrpHdr/>'
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch}</OrgnlPmtInfId>{whole}{one}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def test_one_is_rejected_the_other_accepted_and_twice_is_once(tmp_path, capsys):
    invoice = made.invoice_with_credit("20.00")
    batch, (refund, back) = made.exported(invoice, made.unclaimed())
    file = tmp_path / "status.xml"
    file.write_bytes(
        _report(batch.reference, (refund.reference, "RJCT", "AC04"), (back.reference, "ACSP", ""), group="PART")
    )
    for _time in range(2):
        call_command("read_payment_status", str(file))
    assert "1 rejected, 1 accepted" in capsys.readouterr().out.splitlines()[0]
    assert set(OutgoingOrder.objects.values_list("status", flat=True)) == {Status.REJECTED, Status.ACCEPTED}
    assert ledger.balance(invoice.pk) == Decimal("-20.00")
    assert made.sums()["under_way"] == Decimal("-25.00")
    assert made.wrong() == []


def test_a_batch_is_rejected_as_a_whole():
    batch, _orders = made.exported(made.invoice_with_credit("20.00"), made.unclaimed())
    assert pain002.apply(pain002.read(_report(batch.reference, group="RJCT"))).rejected == 2
    assert "under_way" not in made.sums()


def test_a_name_that_does_not_fit_blocks_the_account():
    batch, (order,) = made.exported(made.unclaimed())
    pain002.apply(pain002.read(_report(batch.reference, (order.reference, "RVNM", ""), group="PART")))
    account = PayeeAccount.objects.get()
    assert (account.check_result, account.blocked_because) == ("none", "name")
    assert account.why_blocked == "the name does not fit"
    account.blocked_because = "AC04"
    assert account.why_blocked == "a payment came back (AC04)"
    pain002.apply(pain002.read(_report(batch.reference, (order.reference, "RCVC", ""), group="PART")))
    account.refresh_from_db()
    assert (account.check_result, account.blocked_because) == ("match", "name")  # only two persons unblock it


def test_what_is_not_ours_or_no_report_changes_nothing(tmp_path):
    assert pain002.apply(pain002.read(_report("ZR-B-X", ("ZR-O-X", "RJCT", "")))).unknown == ["ZR-O-X"]
    for content in (b"", b"<a/>", b"<!DOCTYPE a><a/>", _report("ZR-B-X")[:-9]):
        with pytest.raises(Refused):
            pain002.read(content)
    with pytest.raises(CommandError):
        call_command("read_payment_status", str(tmp_path / "none.xml"))
