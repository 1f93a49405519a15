"""The patient's pages of a complaint: four steps, a draft that survives, and a file that opens to whom it should."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import AccessEvent
from complaints import answers, handling
from complaints.answers import Point
from complaints.models import Complaint, ComplaintDraft
from tests import factories
from tests.accessible_pdf import faults_of
from tests.complaints.test_files import drafted
from tests.drawn import downloaded
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db
STORY = "De kies op 12 mei is nooit getrokken."
TODAY = timezone.localdate()


def steps(client, token=None, **more):
    """Go through the pages; return the answer to the last."""
    address = (lambda step: reverse(f"complain{step}", args=[token])) if token else (
        lambda step: reverse(f"complain{step}_without_invoice")
    )  # fmt: skip
    client.post(address(""), {"subject": "price"})
    client.post(address("_story"), {"story": STORY, "wishes": ["explanation"], "disputed": ""} | more.get("story", {}))
    client.post(address("_who"), {"email": "iemand@post.example"} | more.get("who", {}))
    return client.post(address("_check"))


def let_in(client, invoice):
    """Put into the session what the right code by SMS puts there."""
    session, now = client.session, timezone.now().timestamp()
    session["passes"] = session.get("passes", {}) | {invoice.token: ["sms", now, now + 600, ""]}
    session.save()


def file_of(client, complaint):
    return client.get(reverse("complaint", args=[complaint.token])).content.decode()


def test_four_pages_lead_to_a_file_with_a_number(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    response = steps(client, invoice.token)
    complaint = Complaint.objects.get()
    assert (response.status_code, response["Location"]) == (303, reverse("complaint", args=[complaint.token]))
    text = file_of(client, complaint)
    assert complaint.number in text
    assert STORY in text, "this browser wrote it"
    assert AccessEvent.objects.get().data == "complaint page"
    assert ComplaintDraft.objects.count() == 0
    page = client.get(reverse("invoice", args=[invoice.token])).content.decode()
    assert reverse("pay", args=[invoice.token]) in page, "paying stays possible"
    assert reverse("complaint", args=[complaint.token]) in page


def test_the_invoice_then_says_that_it_need_not_be_paid_now_and_may(client):
    invoice = factories.invoice(amount="100.00")
    address = open_in(client, invoice)
    assert "Betaal uiterlijk op" in client.get(address).content.decode()
    steps(client, invoice.token)
    page = client.get(address).content.decode()
    assert "Staat stil: u hoeft nu niet te betalen" in page
    assert "Betalen mag wel." in page
    assert "Betaal uiterlijk op" not in page


def test_the_amount_that_is_not_agreed_with_is_shown_and_kept(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    for step, fields in {"": {"subject": "price"}, "_story": {"story": STORY, "disputed": "12,50 euro"}}.items():
        client.post(reverse(f"complain{step}", args=[invoice.token]), fields)
    too_much = client.post(reverse("complain_story", args=[invoice.token]), {"story": STORY, "disputed": "1000"})
    assert too_much.status_code == 422
    assert "#id_disputed" in too_much.content.decode(), "said on the page where it is typed, with a link to it"
    client.post(reverse("complain_who", args=[invoice.token]), {"email": "iemand@post.example"})
    page = client.get(reverse("complain_check", args=[invoice.token]))
    assert page.status_code == 200
    assert "niet mee eens bent: € 12,50" in page.content.decode().replace("\xa0", " ")
    assert client.post(reverse("complain_check", args=[invoice.token])).status_code == 303
    assert Complaint.objects.get().disputed == Decimal("12.50")


def test_more_than_is_left_is_said_on_its_own_page(client):
    invoice = factories.invoice(amount="100.00")
    open_in(client, invoice)
    client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
    page = client.post(reverse("complain_story", args=[invoice.token]), {"story": STORY, "disputed": "100,01"})
    assert page.status_code == 422
    assert 'id="id_disputed_error"' in page.content.decode()


def test_about_a_withdrawn_invoice_too(client):
    invoice = factories.invoice(withdrawn_at=timezone.now())
    open_in(client, invoice)
    assert steps(client, invoice.token).status_code == 303
    assert Complaint.objects.get().invoice == invoice


def test_without_an_invoice_the_link_opens_the_file(client, client_of_somebody):
    steps(client)
    complaint = Complaint.objects.get()
    assert complaint.invoice is None
    assert STORY in file_of(client_of_somebody, complaint)


@pytest.fixture
def client_of_somebody():
    from django.test import Client

    return Client()


def test_elsewhere_the_texts_of_a_file_about_an_invoice_wait_for_the_code(client, client_of_somebody):
    invoice = factories.invoice()
    open_in(client, invoice)
    steps(client, invoice.token)
    complaint = Complaint.objects.get()
    text = file_of(client_of_somebody, complaint)
    assert complaint.number in text
    assert "getrokken" not in text
    assert "iemand@post.example" not in text
    assert reverse("complaint_reply", args=[complaint.token]) not in text
    for act in ("reply", "escalate", "withdraw"):
        response = client_of_somebody.post(reverse(f"complaint_{act}", args=[complaint.token]), {"text": "x"})
        assert response.status_code == 303
        assert "/code/" in response["Location"]
    complaint.refresh_from_db()
    assert complaint.status == Complaint.Status.RECEIVED
    assert complaint.messages.count() == 0


def test_a_draft_survives_the_end_of_the_session(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
    client.post(reverse("complain_story", args=[invoice.token]), {"story": STORY})
    draft = client.cookies["complaint"].value
    client.session.flush()
    assert client.get(reverse("complain_story", args=[invoice.token])).status_code in (302, 303)
    client.cookies["complaint"] = draft
    open_in(client, invoice)
    assert STORY in client.get(reverse("complain_story", args=[invoice.token])).content.decode()


def test_what_was_typed_when_the_session_ended_waits_in_the_draft(client):
    """Also what is too long for a cookie, and every box that was ticked."""
    invoice, long = factories.invoice(), "Het begon in mei. " * 200
    open_in(client, invoice)
    client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
    draft = client.cookies["complaint"].value
    client.session.flush()
    client.cookies.pop("sessionid", None)
    late = client.post(reverse("complain_story", args=[invoice.token]), {"story": long, "wishes": ["apology", "other"]})
    assert (late.status_code, late["Location"]) == (303, "/")
    client.cookies["complaint"] = draft
    open_in(client, invoice)
    page = client.get(reverse("complain_story", args=[invoice.token])).content.decode()
    assert long.strip() in page
    assert re.findall(r'value="(\w+)" id="wishes-\w+" checked', page) == ["apology", "other"]


def test_a_switch_of_language_keeps_every_box_that_was_ticked(client):
    client.post(reverse("complain_without_invoice"), {"subject": "service"})
    address = reverse("complain_story_without_invoice")
    sent = {"kept.story": STORY, "kept.wishes": ["apology", "other"], "language": "en", "next": address}
    page = client.post("/taal/", sent, follow=True).content.decode()
    assert STORY in page
    assert re.findall(r'value="(\w+)" id="wishes-\w+" checked', page) == ["apology", "other"]
    sent["kept.wishes"] = "other"
    page = client.post("/taal/", sent, follow=True).content.decode()
    assert re.findall(r'value="(\w+)" id="wishes-\w+" checked', page) == ["other"]


def test_a_message_that_came_too_late_waits_behind_the_code(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    steps(client, invoice.token)
    complaint, session = Complaint.objects.get(), client.session
    filed = session.pop("complaints_filed")
    session.save()
    late = client.post(reverse("complaint_reply", args=[complaint.token]), {"text": "Nog iets: de foto ook."})
    assert "/code/" in late["Location"]
    assert "Nog iets" not in file_of(client, complaint), "not to who may not read it"
    session = client.session
    session["complaints_filed"] = filed
    session.save()
    assert "Nog iets: de foto ook." in file_of(client, complaint)
    assert complaint.messages.count() == 0


def test_a_draft_opens_in_no_other_browser_and_at_no_other_invoice(client, client_of_somebody):
    invoice, other = factories.invoice(), factories.invoice()
    open_in(client, invoice)
    client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
    client.post(reverse("complain_story", args=[invoice.token]), {"story": STORY})
    open_in(client_of_somebody, invoice)
    assert client_of_somebody.get(reverse("complain_story", args=[invoice.token])).status_code == 303
    open_in(client, other)
    assert client.get(reverse("complain_story", args=[other.token])).status_code == 303
    assert STORY.encode() not in bytes(ComplaintDraft.objects.get().sealed_facts)


@pytest.mark.parametrize(
    ("step", "fields", "sentence"),
    [
        ("", {}, "Kies waar het over gaat"),
        ("_story", {"story": ""}, "Vertel ons wat er gebeurd is."),
        ("_story", {"story": "x" * 4001}, "Dit is te lang"),
        ("_story", {"story": STORY, "disputed": "63,165"}, "Vul een bedrag in"),
        ("_who", {"name": "Anna"}, "hoe wij u kunnen bereiken"),
        ("_who", {"email": "anna"}, "geen e-mailadres"),
    ],
)
def test_what_is_wrong_gets_a_sentence_and_changes_nothing(client, step, fields, sentence):
    client.post(reverse("complain_without_invoice"), {"subject": "service"})
    response = client.post(reverse(f"complain{step}_without_invoice"), fields)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Complaint.objects.exists()


def test_the_answer_the_next_body_and_the_second_line_stand_in_the_file(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    steps(client, invoice.token)
    complaint, staff = Complaint.objects.get(), factories.staff(role="operations", provider=None)
    handling.acknowledge(complaint.pk, text="Ik ben Anna en ik kijk ernaar.", staff=staff)
    answers.answer(complaint.pk, drafted([Point("de prijs", "de prijs klopt", "not_upheld")]), staff=staff)
    own = file_of(client, complaint)
    assert STORY in own
    for hidden in ("Ik ben Anna", "de prijs klopt"):
        assert hidden not in own, "whoever knows a reference can complain: what we write comes after the code"
    let_in(client, invoice)
    text = file_of(client, complaint)
    for words in ("Ik ben Anna", "de prijs klopt", "Wij zien het anders", "kantonrechter", "100,00"):
        assert words.casefold() in text.casefold(), words
    client.post(reverse("complaint_escalate", args=[complaint.token]), {"text": ""})
    complaint.refresh_from_db()
    assert complaint.status == Complaint.Status.SECOND_LINE


def test_the_confirmation_is_a_pdf_without_what_was_written(client):
    steps(client)
    complaint = Complaint.objects.get()
    response = downloaded(client, reverse("complaint_receipt", args=[complaint.token]))
    assert response["Content-Type"] == "application/pdf"
    import io

    import pypdfium2

    document = pypdfium2.PdfDocument(io.BytesIO(response.content))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    assert complaint.number in text
    assert "getrokken" not in text
    assert faults_of(response.content) == []


def test_an_address_that_is_no_file_is_not_found(client):
    assert client.get(reverse("complaint", args=["x" * 24])).status_code == 404


def test_many_complaints_from_one_browser_are_refused_kindly(client):
    for _sent in range(5):
        assert steps(client).status_code == 303
    response = steps(client)
    assert response.status_code == 422
    assert Complaint.objects.count() == 5


def test_this_is_not_right_leads_to_one_page(client):
    invoice = factories.invoice()
    open_in(client, invoice)
    begin = reverse("complain", args=[invoice.token])
    text = client.get(reverse("invoice", args=[invoice.token])).content.decode()
    assert text.count(f'href="{begin}"') == 1
    for old in ("klopt-niet/", "klopt-niet/terug/"):
        response = client.post(f"/rekening/{invoice.token}/{old}", {"reason": "paid"})
        assert (response.status_code, response["Location"]) == (301, begin)
