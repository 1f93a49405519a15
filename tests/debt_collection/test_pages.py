"""What the patient and staff see of a hand-over, and what each may do; the mails, word by word."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.desk import timeline
from billing.errors import Refused, Stale
from billing.invoices.holds import place_hold, release_hold
from billing.models import AccessEvent, AuditEvent, Hold, LedgerTransaction, OutboxMessage, Staff, StaffTask
from debt_collection import accounts, agencies, days, export, retention
from debt_collection.models import Agency, AgencyIbanChange, HandOver, Order
from debt_collection.running import recall, standing
from tests import factories
from tests.debt_collection.cases import agency, decider, fresh, handed_over, ready, said
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


def test_the_page_says_who_has_it_and_whom_to_pay(client):
    invoice = ready(amount="250.00", costs="37.50", interest="0")
    case = handed_over(invoice)
    open_in(client, invoice)
    page = client.get(reverse("invoice", args=[invoice.token])).content.decode()
    ways = [reverse(name, args=[invoice.token]) for name in ("at_agency", "complain")]
    for word in ("Incasso Nederland B.V.", "287,50", *ways):
        assert word in page
    assert "Betaal nog niet" not in page
    page = client.get(reverse("at_agency", args=[invoice.token])).content.decode()
    for word in ("NL20 INGB 0001 2345 67", "WKI-000123", "Kifid", "klachten@incasso.example", case.number):
        assert word in page
    recall.recall(case, reason="by_hand", by="staff:anna")
    assert client.get(reverse("at_agency", args=[invoice.token]))["Location"] == reverse(
        "invoice", args=[invoice.token]
    )


def test_no_page_says_that_nothing_comes_while_an_agency_collects(client):
    invoice = ready()
    handed_over(invoice)
    open_in(client, invoice)

    def page(name):
        return client.get(reverse(name, args=[invoice.token])).content.decode()

    ours = ("staat stil", "hoeft nu niet te betalen", "geen herinneringen", "komen geen kosten bij", "Dan stopt alles")
    for name in ("invoice", "steps", "cannot_pay_invoice"):
        text = page(name)
        assert not [words for words in ours if words in text], name
        assert reverse("at_agency", args=[invoice.token]) in text, name
        assert "Betaal het incassobureau, en niet ons." in text, name
    assert "Alleen een rechter kan beslissen" in page("steps")
    assert "Wij schrijven namens" not in page("steps")
    doors = page("cannot_pay_invoice")
    assert "Adempauze beginnen" in doors
    assert "dat het moet wachten" in doors
    assert reverse("counsellor_letter", args=[invoice.token]) in doors
    assert client.post(reverse("cannot_pay_invoice", args=[invoice.token])).status_code == 303
    assert "U heeft rust tot en met" in page("cannot_pay_invoice")
    place_hold(invoice, "dispute", by="test")
    text = page("invoice")
    assert "Betaal het incassobureau" not in text, "the agency waits, and so may the patient"
    assert "moet nu wachten" in text
    assert "U hoeft intussen niet te betalen" in text
    assert "moet nu wachten" in page("at_agency"), "its own page says so, too"


def test_a_request_is_passed_on_once_a_day(client):
    invoice = ready()
    handed_over(invoice)
    address = reverse("at_agency", args=[invoice.token])
    assert client.post(address, {"what": "parts"}).status_code == 303
    assert Order.objects.count() == 1, "a stranger passes nothing on"
    open_in(client, invoice)
    for _ in range(2):
        assert client.post(address, {"what": "parts"}).status_code == 303
    assert client.post(address, {"what": "a horse"}).status_code == 409
    assert list(Order.objects.values_list("kind", flat=True)) == ["dossier", "plan_request"]
    assert "U heeft gevraagd om in delen te betalen." in client.get(address).content.decode()


def test_money_that_still_reaches_us_is_booked_and_told():
    invoice = ready()
    case = handed_over(invoice)
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        kind = LedgerTransaction.Kind.PAYMENT
        ledger.post(locked, kind, Decimal("-40.00"), external_id="tr_1", occurred_at=timezone.now(), by="mollie")
    for _ in range(2):
        standing.sweep()
    order = Order.objects.get(kind="standing")
    text = order.facts["files"][f"{order}-standing.json"]
    for word in ('"paid": "40.00"', '"open": "100.50"', '"no_letter_before_this_is_read": true'):
        assert word in text
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        ledger.post(locked, kind, Decimal("-100.50"), external_id="tr_2", occurred_at=timezone.now(), by="mollie")
    standing.sweep()
    assert fresh(case).status == HandOver.Status.PAID
    assert not Hold.objects.filter(released_at=None).exists()


def test_what_both_say_is_owed_is_compared():
    invoice = ready()
    case = handed_over(invoice)
    balance = {"kind": "balance", "invoice": invoice.number}
    assert said(case, balance | {"amount": "140.50"}, balance | {"id": "b", "amount": "140.51"}) == {
        "done": 1, "refused": 1
    }  # fmt: skip


def test_what_may_not_stay_there_is_a_task():
    invoice = ready()
    handed_over(invoice)
    today = timezone.localdate()
    days.run_day(today)
    assert not StaffTask.objects.filter(kind__in=(days.TOO_OLD, days.UNREGISTERED), closed_at=None).exists()
    days.run_day(today + timedelta(days=6 * 366))
    assert StaffTask.objects.filter(kind=days.TOO_OLD, invoice=invoice).count() == 1
    assert StaffTask.objects.filter(kind=days.UNREGISTERED).count() == 1


def test_an_agency_waits_once_its_registration_is_over(client):
    invoice = ready()
    case = handed_over(invoice)
    today = timezone.localdate()
    Agency.objects.update(registered_until=today + timedelta(days=30))
    days.run_day(today)
    assert StaffTask.objects.filter(kind=days.ENDS_SOON, closed_at=None).count() == 1
    assert case.orders.count() == 1
    Agency.objects.update(registered_until=today - timedelta(days=1))
    for _ in range(2):
        days.run_day(today)
    assert list(case.orders.values_list("kind", flat=True)) == ["dossier", "pause"]
    kinds = StaffTask.objects.filter(kind__in=(days.ENDS_SOON, days.UNREGISTERED), closed_at=None)
    assert list(kinds.values_list("kind", flat=True)) == [days.UNREGISTERED]
    assert said(case, {"kind": "charges", "invoice": invoice.number, "interest": "0.01"}) == {"refused": 1}
    open_in(client, invoice)
    page = client.get(reverse("at_agency", args=[invoice.token])).content.decode()
    assert "Het bureau moet wachten" in page
    assert "WKI-000123" not in page
    agency()  # somebody looked it up again
    days.run_day(today)
    assert list(case.orders.values_list("kind", flat=True))[-1] == "resume"
    assert not kinds.all().exists()


def test_the_name_of_a_practice_that_is_health_data_is_left_out():
    practice = factories.provider(name="GGZ-kliniek Verslaving", neutral_name="Zorggroep Midden")
    case = handed_over(ready(provider=practice))
    text = str(case.orders.get().facts)
    assert "Zorggroep Midden" in text
    assert "GGZ" not in text


def test_the_task_leads_to_the_page_where_it_is_decided():
    invoice = ready()
    task = StaffTask.objects.get(kind=StaffTask.Kind.READY_FOR_HAND_OVER)
    desk = signed_in(decider(invoice))
    page = desk.get(reverse("admin:billing_stafftask_change", args=[task.pk])).content.decode()
    assert reverse("admin:billing_invoice_hand_over", args=[invoice.pk]) in page


def test_what_the_agency_reported_itself_is_not_told_again():
    invoice = ready()
    case = handed_over(invoice)
    on = timezone.localdate().isoformat()
    said(case, {"kind": "payment", "invoice": invoice.number, "amount": "10.00", "on": on})
    standing.sweep()
    assert not Order.objects.filter(kind="standing").exists()


def test_a_complaint_makes_the_agency_wait_until_it_is_over():
    invoice = ready()
    handed_over(invoice)
    place_hold(invoice, "dispute", by="patient", tell=False)
    standing.sweep()
    standing.sweep()
    release_hold(invoice, "dispute", by="staff:anna")
    standing.sweep()
    assert list(Order.objects.values_list("kind", flat=True)) == ["dossier", "pause", "resume"]


def test_staff_hand_over_and_recall_and_every_look_is_written_down():
    invoice = ready()
    agency()
    clerk, desk = signed_in(factories.staff(provider=invoice.provider)), signed_in(decider(invoice))
    address = reverse("admin:billing_invoice_hand_over", args=[invoice.pk])
    assert invoice.number in desk.get(reverse("admin:collection")).content.decode()
    assert "Periodieke" not in desk.get(address).content.decode()
    assert clerk.post(address, {"agency": "incasso-nl"}).status_code == 422
    assert desk.post(address, {"agency": "nobody"}).status_code == 422
    response = desk.post(address, {"agency": "incasso-nl"})
    case = HandOver.objects.get()
    page = reverse("admin:collection_handover_case", args=[case.pk])
    assert (response.status_code, response["Location"]) == (303, page)
    assert case.number in desk.get(page).content.decode()
    assert AccessEvent.objects.filter(data="hand-over", invoice=invoice).exists()
    assert clerk.post(page, {"act": "recall", "why": "x"}).status_code == 422
    for wrong in ({"act": "recall", "why": " "}, {"act": "eat"}, {"act": "confirm"}):
        assert desk.post(page, wrong).status_code == 422
    assert desk.post(page, {"act": "recall", "why": "De brief was fout."}).status_code == 303
    assert fresh(case).status == HandOver.Status.RECALLED
    told = [line.what for line in timeline.of_invoice(fresh(invoice))]
    assert {"overgedragen aan een incassobureau", "teruggehaald bij het incassobureau"} <= set(told)


def test_another_practice_finds_nothing_and_the_try_is_written_down():
    case = handed_over()
    desk = signed_in(factories.staff(role="approver"))
    for address in (
        reverse("admin:collection_handover_case", args=[case.pk]),
        reverse("admin:billing_invoice_hand_over", args=[case.claims.get().invoice_id]),
    ):
        assert desk.get(address).status_code == 404
        assert desk.post(address, {"act": "recall", "why": "x", "agency": "incasso-nl"}).status_code == 404
    assert AccessEvent.objects.filter(outcome=AccessEvent.Outcome.REFUSED).count() == 4
    assert case.number not in desk.get(reverse("admin:collection")).content.decode()


def test_operations_enter_what_they_read_in_the_register():
    desk = signed_in(factories.staff(role="operations", provider=None))
    given = {
        "key": "nieuw", "name": "Nieuw B.V.", "registration_number": "WKI-9", "dispute_body": "Kifid",
        "registered_until": (timezone.localdate() + timedelta(days=90)).isoformat(), "iban": "NL20 INGB 0001 2345 67",
        "phone": "030 123 45 67", "email": "k@nieuw.example", "is_active": "on", "looked_up": "on",
    }  # fmt: skip
    address = reverse("admin:agencies")
    for wrong in ({"iban": "NL00"}, {"looked_up": ""}, {"registered_until": "2020-01-01"}):
        assert desk.post(address, given | wrong).status_code == 422
    assert not Agency.objects.exists()
    assert desk.post(address, given).status_code == 303
    assert Agency.objects.get().checked_on == timezone.localdate()
    assert "Nieuw B.V." in desk.get(f"{address}?bureau=nieuw").content.decode()


def test_the_first_account_of_an_agency_takes_two_persons_too():
    first, second = factories.staff(role="operations"), factories.staff(role="operations")
    today = timezone.localdate()
    details = agencies.Details(
        "Nieuw B.V.", "WKI-9", today + timedelta(days=90), "Kifid", "NL20INGB0001234567", "+31301234567", "k@n.example"
    )
    to = agencies.save("nieuw", details, by=f"staff:{first.username}", today=today)
    assert (fresh(to).iban, "IBAN" in agencies.why_not(to, today=today)) == ("", True)
    change = AgencyIbanChange.objects.get()
    for same in (f"staff:{first.username}", f"command:{first.username.upper()}"):
        with pytest.raises(Refused):
            accounts.decide(change, approved=True, by=same)
    Staff.objects.filter(pk=second.pk).update(introduced_by=first)
    with pytest.raises(Refused):
        accounts.decide(change, approved=True, by=f"staff:{second.username}")
    Staff.objects.update(introduced_by=None)
    accounts.decide(change, approved=True, by=f"staff:{second.username}")
    assert fresh(to).iban == "NL20INGB0001234567"
    assert not agencies.why_not(fresh(to), today=today)


def test_two_persons_and_two_days_change_the_account_that_debtors_pay():
    case = handed_over()
    people = [factories.staff(role="operations", provider=None) for _ in range(2)]
    first, second = (signed_in(one) for one in people)
    address, old, new = reverse("admin:agencies"), case.agency.iban, "NL91ABNA0417164300"
    given = {name: getattr(case.agency, name) for name in ("key", "name", "registration_number", "dispute_body")}
    given |= {"registered_until": case.agency.registered_until.isoformat(), "iban": new, "phone": "+31301234567"}
    given |= {"email": "ander@incasso.example", "is_active": "on", "looked_up": "on"}
    assert first.post(address, given).status_code == 303
    assert (fresh(case.agency).iban, fresh(case.agency).email) == (old, "ander@incasso.example")
    assert AuditEvent.objects.get(action="agency_checked", details__fields="email, iban")
    change = AgencyIbanChange.objects.get(decided_at=None)
    assert StaffTask.objects.filter(kind=accounts.WAITS, closed_at=None).count() == 1
    first.post(address, {"iban_change": change.pk, "act": "approve"})
    assert fresh(change).decided_at is None, "nobody approves what they asked"
    second.post(address, {"iban_change": change.pk, "act": "approve"})
    assert fresh(change).approved
    assert not StaffTask.objects.filter(kind=accounts.WAITS, closed_at=None).exists()
    days.run_day(timezone.localdate())
    assert fresh(case.agency).iban == old, "it waits two days"
    assert agencies.why_not(fresh(case.agency), today=timezone.localdate())
    AgencyIbanChange.objects.update(decided_at=timezone.now() - timedelta(days=2))
    for _ in range(2):
        days.run_day(timezone.localdate())
    assert fresh(case.agency).iban == new
    mail = OutboxMessage.objects.get(kind="agency_account")
    assert "NL91 ABNA 0417 1643 00" in mail.text
    assert old[-4:] in mail.text
    assert not agencies.why_not(fresh(case.agency), today=timezone.localdate())
    counts = AuditEvent.objects.filter(action="agency_iban_counts").latest("pk")
    assert counts.details["endings"] == [old[-4:], new[-4:]]


def test_another_iban_is_refused_or_superseded():
    to = agency()
    agency(iban="NL91ABNA0417164300")
    agency(iban="NL02ABNA0123456789")
    asked = AgencyIbanChange.objects.get(decided_at=None)
    assert asked.iban == "NL02ABNA0123456789"
    accounts.decide(asked, approved=False, by="staff:anna")
    with pytest.raises(Stale):
        accounts.decide(asked, approved=True, by="staff:bert")
    assert (fresh(to).iban, accounts.is_moving(to)) == (to.iban, False)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_mails_say_it_in_both_languages(language):
    who = factories.patient(language=language)
    first, second = ready(patient=who), ready(patient=who)
    case = handed_over(first)
    recall.recall(case, reason="by_hand", by="staff:anna")
    texts = list(OutboxMessage.objects.filter(kind__startswith="agency_").order_by("pk").values_list("text", flat=True))
    assert len(texts) == 2
    for text in texts:
        assert "Incasso Nederland B.V." in text
        assert {first.number, second.number} <= set(text.replace(":", " ").replace(",", " ").split())
        assert "Periodieke" not in text
        assert "B.V.." not in text
    first_mail = " ".join(texts[0].split())
    assert {"nl": "030 123 4567", "en": "+31 30 123 4567"}[language] in first_mail
    assert {"nl": "Er is geen nieuwe laatste dag", "en": "There is no new last day"}[language] in first_mail
    assert not [word for word in (" int ", "overgedragen", "handed") if word in first_mail]


def test_what_the_agency_got_is_exported_and_goes_after_two_years():
    invoice = ready()
    case = handed_over(invoice)
    facts = export.of_invoice(invoice)
    assert list(facts) == [case.number]
    names = [name for name, _body in export.documents(invoice)]
    assert sorted(names) == [f"{case.number}-001-dossier.csv", f"{case.number}-001-dossier.json"]
    recall.recall(case, reason="by_hand", by="staff:anna")
    today = timezone.localdate()
    assert retention.run_day(today) == {"hand_over_files": 0}
    assert retention.run_day(today + timedelta(days=2 * 366)) == {"hand_over_files": 1}
    assert not list(export.documents(invoice))
