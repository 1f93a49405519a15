"""Messages about an invoice: sealed, behind the code, promised for a day, answered at the desk, counted when late."""

from datetime import date, datetime, timedelta
from hashlib import sha256

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.law.calendar import AMSTERDAM
from billing.models import AccessEvent, AuditEvent, Hold, OutboxMessage, StaffTask
from complaints.models import Complaint
from helpdesk import export, messages, retention
from helpdesk.models import InvoiceMessage
from portal.settings import office
from tests import factories
from tests.complaints.test_pages import let_in as pass_gate
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
SAID = "Ik begrijp de regel over de vulling niet."
FRIDAY, MONDAY = date(2026, 12, 4), date(2026, 12, 7)


@pytest.fixture(autouse=True)
def week(settings):
    settings.OFFICE_WEEK, settings.OFFICE_EXCEPTIONS = office.week("ma-vr 9:00-17:00"), {}


def at(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=AMSTERDAM)


def let_in(client, invoice):
    """Open the invoice, with what the right code puts into the session."""
    open_in(client, invoice)
    pass_gate(client, invoice)
    return reverse("message", args=[invoice.token])


def written(invoice, text=SAID, now=None):
    return messages.write(invoice.pk, text, form=f"form-{InvoiceMessage.objects.count():012}", language="nl", now=now)


class TestThePromise:
    @pytest.mark.parametrize(
        ("came", "promised"),
        [
            (at(FRIDAY, 9), MONDAY),
            (at(FRIDAY, 23), MONDAY),
            (at(FRIDAY + timedelta(days=1)), MONDAY),  # a Saturday
            (at(MONDAY), MONDAY + timedelta(days=1)),
            (at(date(2026, 12, 24)), date(2026, 12, 28)),  # Christmas lies between
        ],
    )
    def test_it_is_one_working_day_of_our_desk(self, came, promised):
        assert messages.promised_for(came) == promised

    def test_a_day_on_which_we_are_closed_does_not_count(self, settings):
        settings.OFFICE_EXCEPTIONS = office.exceptions("2026-12-07 dicht")
        assert messages.promised_for(at(FRIDAY)) == MONDAY + timedelta(days=1)

    def test_broken_promises_are_counted_and_what_ends_today_is_a_task(self):
        late, soon = factories.invoice(), factories.invoice()
        written(late, now=at(FRIDAY)), written(late, now=at(FRIDAY)), written(soon, now=at(MONDAY))
        messages.watch(MONDAY)
        messages.watch(MONDAY)
        assert [task.invoice for task in StaffTask.objects.filter(kind=messages.WAITS)] == [late]
        assert messages.broken(InvoiceMessage.objects.all(), today=MONDAY) == 0
        assert messages.broken(InvoiceMessage.objects.all(), today=MONDAY + timedelta(days=1)) == 2
        newest = InvoiceMessage.objects.filter(invoice=late).last()
        tuesday = at(MONDAY + timedelta(days=1))
        messages.answer(late.pk, "Die is van 2 maart.", staff=factories.staff(), seen=newest.pk, now=tuesday)
        assert messages.broken(InvoiceMessage.objects.all(), today=MONDAY + timedelta(days=1)) == 2
        assert not StaffTask.objects.filter(kind=messages.WAITS, closed_at=None).exists()


class TestThePage:
    def test_nobody_reads_or_writes_without_the_code_and_what_was_typed_is_kept(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        address = reverse("message", args=[invoice.token])
        assert client.get(address)["Location"].startswith(reverse("code", args=[invoice.token]))
        assert not AccessEvent.objects.exists()  # there was nothing to see
        sent = client.post(address, {"text": SAID})
        assert sent["Location"].startswith(reverse("code", args=[invoice.token]))
        assert not InvoiceMessage.objects.exists()
        assert SAID in client.get(let_in(client, invoice)).content.decode()

    def test_a_message_is_sealed_promised_and_written_in_the_log_before_it_is_read(self, client):
        invoice = factories.invoice()
        address = let_in(client, invoice)
        response = client.post(address, {"text": SAID, "form": "a" * 24}, follow=True)
        client.post(address, {"text": SAID, "form": "a" * 24})  # pressed twice
        row = InvoiceMessage.objects.get()
        assert row.answer_by == messages.promised_for(timezone.now())
        assert SAID.encode() not in bytes(row.sealed_text)
        assert row.text == SAID
        text = response.content.decode()
        assert SAID in text
        assert "U krijgt uiterlijk op" in text
        look = AccessEvent.objects.latest("sequence")
        assert (look.data, look.grounds, look.invoice) == ("messages", "sms", invoice)
        assert not OutboxMessage.objects.exists()

    @pytest.mark.parametrize("word", ["één ", "ضريبة ", "Ik "])
    def test_what_was_typed_without_the_code_is_kept_up_to_its_longest(self, client, word):
        invoice = factories.invoice()
        open_in(client, invoice)
        text = "".join(f"{word}{number} " for number in range(messages.LONGEST))[: messages.LONGEST].strip()
        sent = client.post(reverse("message", args=[invoice.token]), {"text": text}, follow=True)
        assert "te lang om te bewaren" not in sent.content.decode()
        assert text in client.get(let_in(client, invoice)).content.decode()

    def test_it_is_said_when_what_was_typed_could_not_be_kept(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        noise = "".join(
            chr(0x4E00 + int.from_bytes(sha256(bytes([n % 256, n // 256])).digest()[:2]) % 20000) for n in range(2000)
        )
        sent = client.post(reverse("message", args=[invoice.token]), {"text": noise}, follow=True)
        assert "te lang om te bewaren" in sent.content.decode()

    @pytest.mark.parametrize(("reads", "kept"), [("tr", "tr"), ("ar", "ar"), ("nl-x-easy", "nl"), ("en", "en")])
    def test_the_language_of_who_wrote_it_is_kept_though_the_page_is_dutch(self, client, settings, reads, kept):
        address = let_in(client, factories.invoice())
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = reads
        client.post(address, {"text": SAID, "form": "a" * 24})
        assert InvoiceMessage.objects.get().language == kept

    def test_the_form_sent_again_with_another_text_is_another_message(self, client):
        invoice = factories.invoice()
        address = let_in(client, invoice)
        for text in (SAID, "En nog iets.", "En nog iets.", SAID):
            client.post(address, {"text": text, "form": "a" * 24})
        assert [row.text for row in InvoiceMessage.objects.all()] == [SAID, "En nog iets."]

    @pytest.mark.parametrize(("text", "status"), [("", 422), (" \n ", 422), ("a" * 2001, 422)])
    def test_bad_input_gets_a_sentence_and_changes_nothing(self, client, text, status):
        invoice = factories.invoice()
        assert client.post(let_in(client, invoice), {"text": text}).status_code == status
        assert not InvoiceMessage.objects.exists()

    def test_there_is_a_limit_that_loses_nothing(self, client):
        invoice = factories.invoice()
        address = let_in(client, invoice)
        codes = [client.post(address, {"text": f"nummer {n}"}).status_code for n in range(11)]
        assert codes == [303] * 10 + [409]
        assert "nummer 10" in client.post(address, {"text": "nummer 10"}).content.decode()

    def test_every_page_of_the_invoice_leads_there(self, client):
        invoice = factories.invoice()
        address = open_in(client, invoice)
        link = f'href="{reverse("message", args=[invoice.token])}"'
        assert link in client.get(address).content.decode()
        assert link in client.get(reverse("steps", args=[invoice.token])).content.decode()
        assert "bericht/" not in client.get("/").content.decode()


class TestTheDesk:
    def test_staff_see_the_oldest_promise_first_and_answer(self, client):
        provider = factories.provider()
        first, second = factories.invoice(provider=provider), factories.invoice(provider=provider)
        written(second, now=at(MONDAY)), written(first, now=at(FRIDAY))
        desk = signed_in(factories.staff(provider=provider))
        listed = desk.get(reverse("admin:helpdesk_messages")).content.decode()
        assert listed.index(first.number) < listed.index(second.number)
        assert SAID not in listed
        page = reverse("admin:helpdesk_thread", args=[first.pk])
        shown = desk.get(page)
        assert SAID in shown.content.decode()
        look = AccessEvent.objects.latest("sequence")
        assert (look.data, look.invoice, look.role) == ("messages", first, AccessEvent.Role.CLERK)
        answered = desk.post(page, {"act": "answer", "text": "Die is van 2 maart.", "seen": shown.context["seen"]})
        assert answered.status_code == 303
        mail = OutboxMessage.objects.get(kind="message_answered")
        assert "Die is van" not in mail.text + mail.html
        assert SAID not in mail.text + mail.html
        assert InvoiceMessage.objects.get(invoice=first, staff=None).end == "answered"
        address = let_in(client, first)
        assert "Die is van 2 maart." in client.get(address).content.decode()
        invoice_page = client.get(reverse("invoice", args=[first.token])).content.decode()
        assert "Lees wat wij op uw bericht antwoordden" in invoice_page

    def test_staff_see_in_which_language_the_patient_reads(self):
        invoice = factories.invoice()
        row = written(invoice)
        client = signed_in(factories.staff(provider=invoice.provider))
        page = reverse("admin:helpdesk_thread", args=[invoice.pk])
        assert "leest onze pagina" not in client.get(page).content.decode()
        InvoiceMessage.objects.filter(pk=row.pk).update(language="tr")
        shown = client.get(page).content.decode()
        assert '<blockquote lang="tr" dir="auto">' in shown
        assert "De patiënt leest onze pagina’s in het Turks." in shown

    def test_an_answer_to_what_has_moved_on_is_refused_and_kept(self):
        invoice = factories.invoice()
        before = written(invoice)
        written(invoice, "En nog iets.")
        desk = signed_in(factories.staff(provider=invoice.provider))
        page = reverse("admin:helpdesk_thread", args=[invoice.pk])
        response = desk.post(page, {"act": "answer", "text": "Mijn antwoord", "seen": before.pk})
        assert response.status_code == 422
        assert "Mijn antwoord" in response.content.decode()
        assert InvoiceMessage.objects.filter(ended_at=None).count() == 2
        for nonsense in (
            {"act": "x"},
            {"act": "answer", "text": "a", "seen": "²"},
            {"act": "answer", "seen": "9" * 40},
        ):
            assert desk.post(page, nonsense).status_code == 422

    def test_of_another_practice_nothing_is_seen_and_the_look_is_written_down(self):
        invoice = factories.invoice()
        written(invoice)
        other = signed_in(factories.staff())
        assert other.get(reverse("admin:helpdesk_thread", args=[invoice.pk])).status_code == 404
        assert AccessEvent.objects.get().outcome == AccessEvent.Outcome.REFUSED
        assert invoice.number not in other.get(reverse("admin:helpdesk_messages")).content.decode()

    def test_thanks_need_no_answer(self):
        invoice = factories.invoice()
        thanks = written(invoice, "Dank u wel!")
        messages.close(invoice.pk, staff=factories.staff(), seen=thanks.pk)
        assert InvoiceMessage.objects.get().end == "read"
        assert not OutboxMessage.objects.exists()
        with pytest.raises(Refused):
            messages.close(invoice.pk, staff=factories.staff(), seen=thanks.pk)

    def test_the_patient_sees_that_no_answer_comes_and_can_ask_for_one(self, client):
        invoice = factories.invoice()
        message = written(invoice)
        messages.close(invoice.pk, staff=factories.staff(), seen=message.pk)
        address = let_in(client, invoice)
        page = client.get(address).content.decode()
        assert "Wij hebben dit gelezen op" in page
        again = 'name="text" value="Ik wil graag een antwoord op mijn laatste bericht."'
        assert again in page
        asked = {"form": "b" * 24, "text": "Ik wil graag een antwoord op mijn laatste bericht."}
        after = client.post(address, asked, follow=True).content.decode()
        assert messages.waiting().get().text == asked["text"]
        assert "Wij hebben dit gelezen op" in after
        assert again not in after

    @pytest.mark.parametrize(
        ("text", "sounds"),
        [
            ("Ik heb een klacht.", True), ("Ik ben het hier niet mee eens", True),
            ("Ik ben het er NIET EENS mee", True),
            ("Deze behandeling heb ik nooit gehad", True), ("I never had this treatment", True), ("I disagree", True),
            ("I don’t agree with it", True), ("Ik maak bezwaar", True),
            ("Wanneer komt de volgende termijn?", False), ("Is één keer eens per maand goed?", False),
            ("Kan ik nog niet betalen?", False), ("I agree", False),
        ],
    )  # fmt: skip
    def test_words_of_a_complaint(self, text, sounds):
        assert messages.sounds_like_complaint(text) is sounds

    def test_a_complaint_counts_from_the_message_that_made_it(self):
        invoice = factories.invoice(amount="100.00")
        first_day = timezone.now() - timedelta(days=9)
        written(invoice, "Hoe laat bent u open?", now=first_day - timedelta(days=1))
        written(invoice, "Deze behandeling heb ik nooit gehad.", now=first_day)
        newest = written(invoice, "Ik hoor niets van u.", now=first_day + timedelta(days=3))
        desk = signed_in(factories.staff(provider=invoice.provider))
        page = reverse("admin:helpdesk_thread", args=[invoice.pk])
        assert "Dit klinkt als een klacht" in desk.get(page).content.decode()
        assert desk.post(page, {"act": "complaint", "subject": "", "seen": newest.pk}).status_code == 422
        response = desk.post(page, {"act": "complaint", "subject": "price", "seen": newest.pk})
        complaint = Complaint.objects.get()
        assert response["Location"] == reverse("admin:complaints_complaint_file", args=[complaint.pk])
        assert complaint.received_at == first_day
        assert complaint.facts["story"] == "Deze behandeling heb ik nooit gehad.\n\nIk hoor niets van u."
        assert complaint.facts["email"] == invoice.patient.email
        assert Hold.objects.filter(invoice=invoice, released_at=None).exists()
        assert list(InvoiceMessage.objects.values_list("end", flat=True)) == ["", "complaint", "complaint"]

    def test_what_was_asked_before_a_complaint_waits_on_and_so_does_its_task(self):
        invoice = factories.invoice(amount="100.00")
        question = written(invoice, "Hoe laat bent u open?", now=at(FRIDAY))
        newest = written(invoice, "Ik heb een klacht.", now=at(FRIDAY))
        messages.watch(MONDAY)
        messages.make_complaint(invoice.pk, "price", staff=factories.staff(), seen=newest.pk)
        assert list(messages.waiting()) == [question]
        assert StaffTask.objects.get(kind=messages.WAITS).closed_at is None
        messages.answer(invoice.pk, "Om 9 uur.", staff=factories.staff(), seen=newest.pk)
        assert not messages.waiting().exists()
        assert StaffTask.objects.get(kind=messages.WAITS).closed_at

    def test_what_is_about_us_becomes_a_file_that_the_practice_does_not_see(self):
        invoice = factories.invoice(amount="100.00")
        message = written(invoice, "Ik heb een klacht over uw website.")
        desk = signed_in(factories.staff(provider=invoice.provider))
        sent = {"act": "complaint", "subject": "service", "seen": message.pk}
        response = desk.post(reverse("admin:helpdesk_thread", args=[invoice.pk]), sent)
        assert response["Location"] == reverse("admin:helpdesk_messages")
        assert Complaint.objects.get().provider is None


def test_the_export_has_it_and_after_its_term_the_text_is_gone():
    invoice = factories.invoice()
    message = written(invoice)
    messages.answer(invoice.pk, "Die is van 2 maart.", staff=factories.staff(), seen=message.pk)
    assert SAID in str(export.of_invoice(invoice))
    assert "Die is van 2 maart." in str(export.of_invoice(invoice))
    today = timezone.localdate()
    assert retention.run_day(today + timedelta(days=729))["invoice_messages"] == 0
    assert retention.run_day(today + timedelta(days=733))["invoice_messages"] == 2
    assert export.of_invoice(invoice) is None
    assert InvoiceMessage.objects.filter(sealed_text=b"").count() == 2


def test_the_trail_holds_no_words():
    invoice = factories.invoice()
    message = written(invoice)
    messages.answer(invoice.pk, "Die is van 2 maart.", staff=factories.staff(), seen=message.pk)
    kept = [(event.action, event.details) for event in AuditEvent.objects.filter(invoice=invoice)]
    assert ("message_received", {}) in kept
    assert ("message_answered", {}) in kept
