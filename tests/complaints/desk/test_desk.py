"""The desk: who sees which file, what each button does, and that nothing is shown before the look is written down."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import AccessEvent, OutboxMessage
from complaints import filing
from complaints.file import signals
from complaints.models import Answer, Complaint, Signal
from coulance import decisions
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
STORY = "De kies op 12 mei is nooit getrokken."


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


def filed(invoice=None, subject="letters"):
    said = filing.Said(story=STORY, email="iemand@post.example")
    return filing.file(said, subject=subject, invoice_id=invoice.pk if invoice else None)


def operations():
    member = factories.staff(role="operations", provider=None)
    return signed_in(member), member


def address(complaint):
    return reverse("admin:complaints_complaint_file", args=[complaint.pk])


def do(desk, complaint, act, **fields):
    given = {"looked_at": "De brieven.", "apology": "Het spijt ons."} if act == "answer" else {}
    response = desk.post(address(complaint), {"act": act} | given | fields)
    complaint.refresh_from_db()
    return response


def test_a_practice_sees_its_own_care_and_prices_and_nothing_about_us(invoice):
    price, ours, foreign = filed(invoice, "price"), filed(invoice), filed(factories.invoice(), "price")
    desk = signed_in(factories.staff(provider=invoice.provider))
    assert desk.get(address(price)).status_code == 200
    for hidden in (ours, foreign):
        assert desk.get(address(hidden)).status_code == 404
        assert do(desk, hidden, "acknowledge", text="x").status_code == 404
        found = desk.get(reverse("admin:complaints"), {"nummer": hidden.number})
        assert found.status_code == 200
        assert reverse("admin:complaints_complaint_file", args=[hidden.pk]) not in found.content.decode()
    listed = desk.get(reverse("admin:complaints")).content.decode()
    assert price.number in listed
    assert ours.number not in listed
    assert foreign.number not in listed


def test_whom_it_is_about_does_not_see_it(invoice):
    desk, member = operations()
    complaint = filed(invoice)
    Complaint.objects.filter(pk=complaint.pk).update(about=member)
    assert desk.get(address(complaint)).status_code == 404


def test_each_look_is_written_down_and_the_list_names_no_words(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    assert STORY not in desk.get(reverse("admin:complaints")).content.decode()
    assert not AccessEvent.objects.exists()
    assert STORY in desk.get(address(complaint)).content.decode()
    event = AccessEvent.objects.get()
    assert (event.data, event.invoice) == ("complaint file", invoice)


def test_from_the_confirmation_to_the_answer(invoice):
    desk, member = operations()
    complaint = filed(invoice)
    assert do(desk, complaint, "acknowledge", text="").status_code == 422
    do(desk, complaint, "acknowledge", text="Ik ben Anna.")
    assert (complaint.status, complaint.handler) == ("acknowledged", member)
    do(desk, complaint, "admit")
    response = do(desk, complaint, "answer", said_1="geen brief", found_1="klopt", decision_1="upheld")
    assert response.status_code == 422
    assert "klopt" in response.content.decode(), "what was typed stays"
    assert complaint.status == "investigating"
    do(desk, complaint, "answer", said_1="geen brief", found_1="klopt", decision_1="upheld", lower_to="60,00")
    assert complaint.status == "answered"
    assert Answer.objects.get().after == 60


def test_staff_read_that_it_waits_for_the_patient(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    Complaint.objects.update(status=Complaint.Status.WAITING_FOR_PATIENT)
    for page in (address(complaint), "/beheer/klachten/"):
        text = desk.get(page).content.decode()
        assert "wacht op de patiënt" in text
        assert "wacht op uw antwoord" not in text


def test_a_wrong_amount_changes_nothing(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    do(desk, complaint, "acknowledge", text="Ik ben Anna.")
    response = do(desk, complaint, "answer", said_1="x", found_1="y", decision_1="upheld", lower_to="63,165")
    assert response.status_code == 422
    assert complaint.status == "acknowledged"


def test_a_second_person_agrees_above_the_limit(invoice, settings):
    settings.COMPLAINTS_SECOND_PERSON_ABOVE = 30
    desk, _member = operations()
    other, _other = operations()
    complaint = filed(invoice)
    do(desk, complaint, "acknowledge", text="Ik ben Anna.")
    do(desk, complaint, "answer", said_1="x", found_1="y", decision_1="upheld", lower_to="60,00")
    assert complaint.status == "acknowledged"
    assert do(desk, complaint, "confirm").status_code == 422
    do(other, complaint, "confirm")
    assert complaint.status == "answered"


def test_what_is_not_for_us_says_the_way_on_and_somebody_else_may_look(invoice):
    desk, member = operations()
    complaint = filed(invoice, "insurer")
    do(desk, complaint, "refuse", why="not_ours", text="Uw verzekeraar beslist.")
    told = complaint.messages.get().text
    assert told.startswith("Uw verzekeraar beslist.")
    for words in ("SKGZ", "€ 37", "https://www.skgz.nl/"):
        assert words in told
    do(desk, complaint, "heard", what="escalate", text="")
    assert (complaint.status, complaint.handler) == ("second_line", member)
    answer = {"said_1": "x", "found_1": "y", "decision_1": "not_upheld"}
    assert do(desk, complaint, "answer", **answer).status_code == 422
    other, _member = operations()
    assert do(other, complaint, "answer", **answer).status_code == 303


def test_a_practice_neither_moves_a_complaint_about_it_away_nor_takes_it_back(invoice):
    practice = signed_in(factories.staff(role="approver", provider=invoice.provider))
    complaint = filed(invoice, "price")
    for act in ({"act": "reroute", "subject": "service"}, {"act": "heard", "what": "withdraw"}):
        assert practice.post(address(complaint), act).status_code == 422
    complaint.refresh_from_db()
    assert (complaint.subject, complaint.status) == ("price", "received")
    ours, _member = operations()
    do(ours, complaint, "heard", what="withdraw")
    assert OutboxMessage.objects.filter(kind="complaint_news").count() == 1, "the patient hears that it was done"


def test_who_agrees_reads_what_moves(invoice, settings):
    settings.COMPLAINTS_SECOND_PERSON_ABOVE = 30
    desk, _member = operations()
    other, _other = operations()
    complaint = filed(invoice)
    do(desk, complaint, "acknowledge", text="Ik ben Anna.")
    do(desk, complaint, "answer", said_1="x", found_1="y", decision_1="upheld", lower_to="60,00", action="wij bellen u")
    page = other.get(address(complaint)).content.decode().replace("\xa0", " ")
    for words in ("€ 60,00", "wij bellen u", "€ 40,00", 'value="60.00"'):
        assert words in page, words


def test_a_signal_without_a_name_is_read_by_us_alone(client):
    page = reverse("complaint_signal")
    assert client.post(page, {"text": " "}).status_code == 422
    assert "?" in client.post(page, {"text": "De wachtmuziek is te luid."})["Location"]
    row = Signal.objects.get()
    assert b"wachtmuziek" not in bytes(row.sealed_text)
    desk, _member = operations()
    read = reverse("admin:complaint_signal")
    practice = signed_in(factories.staff())
    assert "wachtmuziek" not in practice.get(reverse("admin:complaints")).content.decode()
    assert practice.post(read, {"signal": row.pk}).status_code == 404
    assert "wachtmuziek" in desk.get(reverse("admin:complaints")).content.decode()
    for _twice in range(2):
        assert desk.post(read, {"signal": row.pk}).status_code == 303
    assert "wachtmuziek" not in desk.get(reverse("admin:complaints")).content.decode()
    assert signals.erase(timezone.localdate() + timedelta(days=400)) == 1


def test_days_far_away_get_a_sentence(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    do(desk, complaint, "acknowledge", text="Ik ben Anna.")
    for day in ("9999-12-31", "2126-01-01"):
        fields = {"said_1": "x", "found_1": "y", "decision_1": "not_upheld", "due_on": day}
        assert do(desk, complaint, "answer", **fields).status_code == 422
    call = {"channel": "phone", "received_at": "0001-01-01T00:00", "subject": "service", "story": STORY, "phone": "1"}
    for moment in ("0001-01-01T00:00", "1990-01-01T00:00"):
        assert desk.post(reverse("admin:complaint_receive"), call | {"received_at": moment}).status_code == 422


def test_coulance_is_looked_at_again(invoice):
    from tests.coulance.desk.desk_cases import at_desk, granted, staff_of

    case = at_desk(invoice.provider, number="2026-00999")
    decisions.approve(case, outcome=granted("750.00"), reason="x", version=case.version, by=staff_of(case))
    desk, _member = operations()
    for about, status in ((case.invoice, 303), (invoice, 422)):
        complaint = filed(about, "coulance")
        do(desk, complaint, "acknowledge", text="Ik ben Anna.")
        fields = {"said_1": "x", "found_1": "y", "decision_1": "upheld", "look_again": "on"}
        assert do(desk, complaint, "answer", **fields).status_code == status
    case.refresh_from_db()
    assert case.status == "at_provider"


def test_a_call_of_yesterday_counts_from_yesterday(invoice):
    desk, _member = operations()
    came = timezone.localtime() - timedelta(days=1)
    fields = {
        "channel": "phone",
        "received_at": came.strftime("%Y-%m-%dT%H:%M"),
        "reference": invoice.payment_reference,
        "subject": "price",
        "story": STORY,
        "phone": "0612345678",
        "for_somebody": "Mevrouw Jansen",
        "as_whom": "guardian",
        "wishes": ["apology"],
    }
    assert desk.post(reverse("admin:complaint_receive"), fields).status_code == 303
    complaint = Complaint.objects.get()
    assert timezone.localtime(complaint.received_at).date() == came.date()
    assert (complaint.channel, complaint.invoice) == ("phone", invoice)
    assert (complaint.facts["wishes"], complaint.facts["as_whom"]) == (["apology"], "guardian")
    late = fields | {"received_at": (timezone.localtime() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")}
    assert desk.post(reverse("admin:complaint_receive"), late).status_code == 422
    assert Complaint.objects.count() == 1


def test_a_practice_enters_none_about_anothers_invoice(invoice):
    desk = signed_in(factories.staff())
    fields = {
        "channel": "phone",
        "received_at": "2026-11-01T10:00",
        "reference": invoice.payment_reference,
        "subject": "price",
        "story": STORY,
        "phone": "1",
    }
    assert desk.post(reverse("admin:complaint_receive"), fields).status_code == 422
    assert not Complaint.objects.exists()


def test_an_unknown_act_is_refused_in_words(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    assert do(desk, complaint, "delete").status_code == 422
    assert complaint.status == "received"


def test_the_start_page_shows_what_waits(invoice):
    desk, _member = operations()
    assert reverse("admin:complaints") in desk.get("/beheer/").content.decode()
    complaint = filed(invoice)
    assert address(complaint) in desk.get("/beheer/").content.decode()


def test_what_was_typed_is_there_again_when_it_could_not_be_done(invoice):
    desk, _member = operations()
    complaint = filed(invoice)
    page = desk.post(address(complaint), {"act": "refuse", "text": "Een lang verhaal over de rechter.", "why": ""})
    assert page.status_code == 422
    assert "Een lang verhaal over de rechter.</textarea>" in page.content.decode()
    assert complaint.messages.count() == 0
