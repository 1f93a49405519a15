"""Handing over: who may, what speaks against it, what the agency gets, and what it says back."""

import base64
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.adjustments import charges
from billing.errors import Refused
from billing.models import Hold, Letter, OutboxMessage, StaffTask
from debt_collection import handing_over
from debt_collection.exchange import signing
from debt_collection.models import Agency, HandOver, Order
from debt_collection.running import replies
from tests import canaries, factories
from tests.debt_collection.cases import agency, decider, fresh, handed_over, ready, said
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db
Status = HandOver.Status


def test_one_person_hands_over_and_the_patient_is_told():
    invoice = ready()
    case = handing_over.hand_over(invoice.pk, agency(), by=decider(invoice))
    assert case.status == Status.OFFERED
    assert Hold.objects.get(invoice=invoice, released_at=None).reason == "handed_over"
    assert not StaffTask.objects.filter(kind=StaffTask.Kind.READY_FOR_HAND_OVER, closed_at=None).exists()
    mail = OutboxMessage.objects.get(kind="agency_handed_over")
    for word in ("Incasso Nederland B.V.", "NL20 INGB 0001 2345 67", "WKI-000123", "Kifid", case.number):
        assert word in mail.text
    with pytest.raises(Refused):
        handing_over.hand_over(invoice.pk, Agency.objects.get(), by=decider(invoice))


def test_two_persons_above_the_limit():
    invoice = ready(amount="500.00")
    first, second = decider(invoice), decider(invoice)
    case = handing_over.hand_over(invoice.pk, agency(), by=first)
    assert case.status == Status.PROPOSED
    assert not Hold.objects.exists()
    with pytest.raises(Refused):
        handing_over.confirm(case, by=first)
    assert handing_over.confirm(case, by=second).status == Status.OFFERED
    assert fresh(case).confirmed_by == second
    other = ready(amount="600.00")
    asked = handing_over.hand_over(other.pk, Agency.objects.get(), by=decider(other))
    handing_over.refuse(asked, by=decider(other))
    assert fresh(asked).status == Status.CANCELLED
    with pytest.raises(Refused):
        handing_over.confirm(asked, by=decider(other))
    assert handing_over.hand_over(other.pk, Agency.objects.get(), by=decider(other)).status == Status.PROPOSED


def test_an_agency_that_nobody_looked_up_lately_gets_nothing():
    invoice, to = ready(), agency()
    for changes in (
        {"checked_on": timezone.localdate() - timedelta(days=31)},
        {"registered_until": timezone.localdate() - timedelta(days=1)},
        {"is_active": False},
    ):
        Agency.objects.filter(pk=to.pk).update(**changes)
        with pytest.raises(Refused):
            handing_over.hand_over(invoice.pk, fresh(to), by=decider(invoice))
        agency()
    Agency.objects.filter(pk=to.pk).update(checked_on=timezone.localdate() - timedelta(days=30))
    assert handing_over.hand_over(invoice.pk, fresh(to), by=decider(invoice)).status == Status.OFFERED
    with pytest.raises(Refused):
        agency(registered_until=timezone.localdate() + timedelta(days=400))


def test_one_debtor_of_three_invoices_is_one_case():
    mother = factories.patient()
    invoices = [ready(amount="50.00", patient=mother) for _ in range(3)]
    case = handed_over(invoices[1])
    assert set(case.claims.values_list("invoice", flat=True)) == {invoice.pk for invoice in invoices}
    assert OutboxMessage.objects.filter(kind="agency_handed_over").count() == 1


def test_the_dossier_is_signed_names_no_care_and_has_the_same_bytes_for_ever(tmp_path):
    invoice = ready(amount="250.00", costs="37.50", interest="3.75")
    case = handed_over(invoice)
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    call_command("export_handover", "incasso-nl", "--out", first)
    call_command("export_handover", "incasso-nl", "--out", second)
    call_command("export_handover", "incasso-nl", "--out", first)
    names = sorted(path.name for path in first.iterdir())
    assert len(names) == 4
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    content = (first / f"{case.number}-001-dossier.json").read_bytes()
    signature = base64.b64decode((first / f"{case.number}-001-dossier.json.sig").read_text())
    Ed25519PublicKey.from_public_bytes(base64.b64decode(signing.public_key())).verify(signature, content)
    told = json.loads(content)
    claim = told["claims"][0]
    assert (claim["principal"], claim["costs_booked"], claim["interest"]) == ("250.00", "37.50", "3.75")
    assert (claim["costs_room"], claim["open"], told["total_open"]) == ("0.00", "291.25", "291.25")
    assert told["debtor"]["name"] == "J. de Vries"
    assert told["debtor"]["year_of_birth"] == "1980"
    for path in first.iterdir():
        assert canaries.kept_from_agencies(path.read_text()) == [], path.name
    (first / names[0]).write_text("x")
    with pytest.raises(CommandError):
        call_command("export_handover", "incasso-nl", "--out", first)


def test_a_new_secret_for_digests_changes_no_signature(settings):
    before = signing.public_key(), signing.key_id()
    new = f"9:{base64.urlsafe_b64encode(bytes(range(32))).decode()}"
    settings.DIGEST_KEYS = f"{new},{settings.DIGEST_KEYS}"
    assert (signing.public_key(), signing.key_id()) == before
    case = handed_over()
    assert json.loads(case.orders.get().facts["files"][f"{case.number}-001-dossier.json"])["key"] == before[1]


def test_the_dossier_names_whose_claim_it_is_what_was_sold_and_the_vat(client):
    practice = factories.provider(creditor="operator", vat_on_costs=True)
    invoice = ready(costs="48.40", patient=factories.patient(provider=practice), for_goods=True)
    case = handed_over(invoice)
    told = json.loads(case.orders.get().facts["files"][f"{case.number}-001-dossier.json"])
    claim = told["claims"][0]
    assert (told["creditor"]["name"], told["assigned_by"]["name"]) == (settings.OPERATOR["name"], practice.name)
    assert claim["ground"] == "sale (7:1 BW)"
    assert (claim["costs_booked"], claim["costs_vat"], claim["costs_vat_percent"]) == ("48.40", "8.40", "21")
    open_in(client, invoice)
    page = client.get(reverse("at_agency", args=[invoice.token])).content.decode()
    assert "int deze rekening namens ons" in " ".join(page.split())
    other = handed_over(to=case.agency)
    told = json.loads(other.orders.get().facts["files"][f"{other.number}-001-dossier.json"])
    assert "assigned_by" not in told
    assert told["claims"][0].keys().isdisjoint({"costs_vat", "costs_vat_percent"})


def test_deciding_twice_about_several_invoices_is_refused():
    who = factories.patient()
    first, _second = ready(amount="400.00", patient=who), ready(amount="300.00", patient=who)
    case = handed_over(first)
    assert case.claims.count() == 2
    for act in (handing_over.confirm, handing_over.refuse):
        with pytest.raises(Refused):
            act(case, by=decider(first))


def test_what_the_agency_says_moves_the_case_once(tmp_path):
    case = handed_over()
    call_command("export_handover", "incasso-nl", "--out", tmp_path)
    assert said(case, {"kind": "accepted"}, {"kind": "active"}) == {"done": 2}
    assert fresh(case).status == Status.ACTIVE
    assert Order.objects.get().confirmed_at
    assert said(case, {"kind": "accepted"}, {"kind": "active"}) == {"known": 2}
    assert said(case, {"kind": "paused", "id": "m-3"}, {"kind": "rejected", "id": "m-4", "reason": "other"}) == {
        "done": 1, "refused": 1
    }  # fmt: skip
    assert fresh(case).status == Status.PAUSED
    assert said(case, {"kind": "active", "id": "m-3"}) == {"refused": 1}, "an id is for one message"
    assert StaffTask.objects.filter(kind=replies.REFUSED, closed_at=None).count() == 2


def test_a_case_that_comes_back_has_a_new_last_day_and_a_task():
    invoice = ready()
    case = handed_over(invoice)
    assert said(case, {"kind": "rejected", "reason": "wrong_address"}) == {"done": 1}
    assert fresh(case).status == Status.REJECTED
    assert not Hold.objects.filter(released_at=None).exists()
    assert fresh(invoice).due_on >= timezone.localdate() + timedelta(days=14)
    assert not OutboxMessage.objects.filter(kind="hold_ended").exists(), "it never stood still"
    mail = OutboxMessage.objects.get(kind="agency_returned")
    words = (case.number, "aan ons teruggegeven", "geldt niet meer", "niet aan het incassobureau", "€ 140,50")
    for word in words:
        assert word in " ".join(mail.text.split())
    assert "NL20 INGB" not in mail.text
    assert mail.ended_holds.count() == 1
    assert StaffTask.objects.filter(kind=replies.RETURNED, closed_at=None).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"format": "agency-reply/1"}', b"\xff", b'{"format": "x", "agency": "a", "messages": []}',
        b'{"format": "agency-reply/1", "agency": "nobody", "messages": []}',
        b'{"format": "agency-reply/1", "agency": "incasso-nl", "messages": [{"id": "1", "kind": "accepted"}]}',
        b'{"format": "agency-reply/1", "agency": "incasso-nl", "messages": [{"id": "1", "kind": "eat", "case": "x"}]}',
        b'{"format": "agency-reply/1", "agency": "incasso-nl", "messages": [{"id": "1", "kind": "payment", "case": "x",'
        b' "invoice": "y", "amount": NaN, "on": "2026-01-01"}]}',
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(content, tmp_path):
    agency()
    file = tmp_path / "reply.json"
    file.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("read_agency_reply", file)
    assert not StaffTask.objects.filter(closed_at=None).exists()


def test_costs_above_the_one_cap_are_refused():
    invoice = ready(amount="250.00", costs="37.50")
    case = handed_over(invoice)
    charge = {"kind": "charges", "invoice": invoice.number}
    assert said(case, charge | {"amount": "0.01"}) == {"refused": 1}
    assert said(case, charge | {"id": "b", "interest": "900.00"}) == {"refused": 1}
    assert replies.Reply.objects.first().refused_because == "above_cap"


def test_what_was_left_of_the_cap_may_be_added_once():
    invoice = ready(amount="400.00", costs="40.00", interest="0")
    Letter.objects.filter(steps__invoice=invoice, step=3).update(costs_announced=Decimal("60.00"))
    case = handed_over(invoice)
    assert case.claims.get().costs_room == Decimal("20.00"), "15 % of 400 is 60, of which 40 is booked"
    charge = {"kind": "charges", "invoice": invoice.number, "amount": "15.00"}
    assert said(case, charge, charge | {"id": "b"}) == {"done": 1, "refused": 1}
    assert ledger.balance(invoice.pk) == Decimal("455.00")
    letter = Letter.objects.get(steps__invoice=invoice, step=3)
    assert charges.costs_of(letter) == {invoice.pk: Decimal("55.00")}, "one sum for everybody's work"
