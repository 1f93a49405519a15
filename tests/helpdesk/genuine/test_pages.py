"""/echt/: which mails we sent, whose a pasted thing is, and rest for whoever paid a swindler."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.invoices.holds import is_on_hold, stopping
from billing.links import CODE_CHARACTERS, CODE_LETTERS, new_code
from billing.models import Hold, Invoice, OutboxMessage, StaffTask
from billing.outbox import mime, rendering
from billing.outbox.facts import about
from billing.outbox.queue import queue_message
from billing.rooms import Stops
from guests.models import Throttle
from helpdesk.genuine import fraud, messages
from tests import factories

PAGE, PAID = "/echt/", "/echt/betaald/"
Status = OutboxMessage.Status

pytestmark = pytest.mark.django_db


def sent(invoice: Invoice, kind: str = fraud.MAIL, **fields: object) -> OutboxMessage:
    """A mail about this invoice that was sent."""
    facts = {"until": timezone.localdate(), "voided": None}
    mail = queue_message(fraud.MAIL, invoice=invoice, context=facts, dedupe_key=new_code())
    OutboxMessage.objects.filter(pk=mail.pk).update(
        **{"kind": kind, "status": Status.SENT, "sent_at": timezone.now()} | fields
    )
    return OutboxMessage.objects.get(pk=mail.pk)


def ask(client: Client, what: str, status: int = 200) -> str:
    response = client.post(PAGE, {"what": what})
    assert response.status_code == status
    return response.content.decode()


class TestCode:
    def test_every_mail_carries_a_code_of_its_own_in_both_forms(self):
        mail = sent(factories.invoice())
        shown = f"{mail.code[:4]}-{mail.code[4:]}"
        assert shown in mail.html
        assert shown in mail.text
        assert f"{settings.PUBLIC_URL.partition('://')[2]}/echt/" in mail.text
        assert shown in mime.mail_of(mail).decode()

    def test_codes_can_be_read_aloud_and_are_never_a_number(self):
        codes = {new_code() for _ in range(500)}
        assert len(codes) == 500
        assert all(code[0] in CODE_LETTERS and set(code) <= set(CODE_CHARACTERS) for code in codes)
        assert not set(CODE_CHARACTERS) & set("01OIL")

    def test_a_code_that_is_taken_is_drawn_again(self, monkeypatch):
        taken, free = sent(factories.invoice()).code, new_code()
        invoice, facts = factories.invoice(), {"until": timezone.localdate(), "voided": None}
        drawn = iter(taken + free)
        monkeypatch.setattr("secrets.choice", lambda _letters: next(drawn))
        mail = queue_message(fraud.MAIL, invoice=invoice, context=facts, dedupe_key="x")
        assert mail.code == free
        assert free[:4] in OutboxMessage.objects.get(pk=mail.pk).text

    @pytest.mark.parametrize("spelt", ["{0}", "{0}-{1}", " {0} {1} ", "{0}–{1}"])
    def test_its_day_kind_and_the_begin_of_the_address_are_told_and_no_more(self, client, spelt):
        invoice = factories.invoice()
        mail = sent(invoice, "reminder", recipient="jansen@post.example")
        one = mail.code if spelt == "{0}" else spelt.format(mail.code[:4], mail.code[4:])
        page = ask(client, one.lower())
        assert "Wij stuurden dit bericht" in page
        assert "een herinnering" in page
        assert "“ja”" in page
        for secret in ("jansen", "post.example", invoice.number, invoice.provider.name, invoice.payment_reference):
            assert secret not in page

    @pytest.mark.parametrize("status", [Status.QUEUED, Status.CANCELED, Status.FAILED])
    def test_what_was_not_sent_is_not_ours(self, client, status):
        mail = sent(factories.invoice(), status=status)
        assert "Niet van ons: betaal niet" in ask(client, mail.code)

    def test_of_an_erased_mail_no_letter_is_told(self, client):
        mail = sent(factories.invoice(), recipient="", erased_at=timezone.now())
        page = ask(client, mail.code)
        assert "Wij stuurden dit bericht" in page
        assert "begint met" not in page

    def test_guessing_is_bounded_together_with_references(self, client, settings):
        settings.LOOKUP_FAILURES_PER_ADDRESS = 3
        mail = sent(factories.invoice())
        for _ in range(3):
            ask(client, new_code())
        response = client.post(PAGE, {"what": mail.code})
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
        assert client.post("/", {"reference": mail.invoice.payment_reference}).status_code == 429


class TestReference:
    def test_the_mails_about_it_are_told_newest_first_and_content_free(self, client):
        invoice = factories.invoice()
        now = timezone.now()
        sent(invoice, "invoice_notice", sent_at=now - timedelta(days=9))
        sent(invoice, "forbearance_heirs", sent_at=now)
        sent(factories.invoice(), "receipt")
        page = ask(client, f"Betalingskenmerk {invoice.payment_reference}")
        assert page.index("een bericht:") < page.index("uw rekening:")
        assert "bewijs van uw betaling" not in page
        assert invoice.number not in page

    def test_it_opens_nothing(self, client):
        invoice = factories.invoice()
        sent(invoice)
        ask(client, invoice.payment_reference)
        assert client.get(f"/rekening/{invoice.token}/").status_code == 303

    def test_one_without_mails_and_one_that_we_do_not_know(self, client):
        known = factories.invoice()
        assert "Dit betalingskenmerk is van ons" in ask(client, known.payment_reference)
        OutboxMessage.objects.all().delete()
        other = known.payment_reference
        Invoice.objects.filter(pk=known.pk).update(erased_at=timezone.now())
        assert "Niet van ons: betaal niet" in ask(client, other)

    def test_a_mail_that_is_not_in_the_list_is_not_called_false(self, client):
        invoice = factories.invoice()
        without_any = ask(client, invoice.payment_reference)
        sent(invoice)
        for page in (without_any, ask(client, invoice.payment_reference)):
            assert "de code" in page
            assert "Dan is het niet van ons" not in page
            assert "het uur" not in page

    def test_a_reference_inside_something_else_is_not_looked_up(self, client):
        invoice = factories.invoice()
        page = ask(client, f"https://betaal.example/{invoice.payment_reference}")
        assert "Niet van ons: betaal niet" in page
        page = ask(client, f"betaal nu op betaal.example/x met {invoice.payment_reference}")
        assert "In dit bericht staat iets wat niet van ons is" in page


class TestPasted:
    def test_ours_and_not_ours_are_told_and_nothing_is_kept(self, client, caplog, django_assert_num_queries):
        with django_assert_num_queries(3):  # websites of practices and of agencies, and the warning of false messages
            page = ask(client, "https://rekening.example.betaal.nl/pay?x=geheim")
        assert "Niet van ons: betaal niet" in page
        assert page.count("geheim") == page.count("pay?x=geheim</textarea>") == 1, "only in the field"
        assert "geheim" not in caplog.text
        assert Throttle.objects.count() == 0
        assert settings.SESSION_COOKIE_NAME not in client.cookies
        assert "Dit is van ons" in ask(client, f"{settings.PUBLIC_URL}/")
        assert "no-store" in client.post(PAGE, {"what": "x"})["Cache-Control"]

    @pytest.mark.parametrize("what", ["", "   ", "hallo", "x" * 20_001, "betaal nu, mevrouw"])
    def test_nonsense_gets_a_clear_sentence(self, client, what):
        page = ask(client, what, 422)
        assert 'role="alert"' in page
        assert "Dit is van ons</strong>" not in page

    def test_our_own_list_stands_on_the_page_in_both_languages(self, client):
        page = client.get(PAGE).content.decode()
        assert settings.SMS_SENDER in page
        english = client.get(PAGE, headers={"Accept-Language": "en"}).content.decode()
        assert "Is this really from you?" in english


class TestMessage:
    def test_what_is_wrong_in_it_is_named_and_nothing_is_looked_up(self, client, django_assert_num_queries):
        mail = sent(factories.invoice())
        code = f"{mail.code[:4]}-{mail.code[4:]}"
        text = f"Uw code is {code}.\n\nBetaal op https://betaal.nl/x of via {settings.PUBLIC_URL}/"
        with django_assert_num_queries(3):  # websites of practices and of agencies, and the warning of false messages
            page = ask(client, text)
        assert "Niet van ons: betaal niet" in page
        assert '<bdi class="digits" translate="no">https://betaal.nl/x</bdi>' in page
        assert f"{settings.PUBLIC_URL}/</bdi>" not in page, "what is ours is not named beside it"
        assert "Wij stuurden" not in page

    def test_with_a_code_of_ours_it_is_said_when_we_sent_it_and_what_is_not_judged(self, client):
        mail = sent(factories.invoice(), recipient="jansen@post.example")
        page = ask(client, f"Beste,\nberichtcode {mail.code[:4]}-{mail.code[4:]}, kijk op {settings.PUBLIC_URL}/echt/")
        assert "Wij stuurden dit bericht" in page
        assert "“ja”" in page
        assert "De andere woorden van het bericht kunnen wij niet beoordelen" in page
        assert "Niet van ons: betaal niet" in ask(client, f"code {new_code()[:4]}-BBBB op {settings.PUBLIC_URL}/")

    def test_with_a_reference_of_ours_the_mails_about_it_are_told(self, client):
        mail = sent(factories.invoice(), "invoice_notice")
        reference = mail.invoice.payment_reference
        page = ask(client, f"Open {settings.PUBLIC_URL}/ en gebruik het kenmerk {reference} voor uw rekening van ons.")
        assert "Wij stuurden deze berichten over deze rekening" in page

    @pytest.mark.parametrize("by", ["code", "reference"])
    def test_beside_our_code_or_reference_a_page_of_the_gateway_is_a_swindlers(self, client, by):
        mail = sent(factories.invoice(), "invoice_notice")
        known = f"{mail.code[:4]}-{mail.code[4:]}" if by == "code" else mail.invoice.payment_reference
        page = ask(client, f"Uw rekening {known} op {settings.PUBLIC_URL}/\nBetaal: https://www.mollie.com/checkout/x")
        assert "Niet van ons: betaal niet" in page
        assert "mollie.com/checkout/x</bdi>: Dit is een betaalpagina bij Mollie<" in re.sub(r"\s*</li>", "</li>", page)
        assert "Ook een oplichter kan een betaalpagina bij Mollie hebben" in page
        assert "Wij stuurden" not in page

    def test_where_all_is_known_the_rest_is_not_vouched_for(self, client):
        page = ask(client, f"Kijk op {settings.PUBLIC_URL}/ en dan nog eens op {settings.PUBLIC_URL}/echt/")
        assert "die wij in dit bericht vinden, zijn van ons" in page
        assert "kunnen wij niet beoordelen" in page
        page = ask(client, f"{settings.PUBLIC_URL}/ of https://www.mollie.com/checkout/x")
        assert "vinden, zijn van ons" not in page
        assert "Ook een oplichter kan een betaalpagina bij Mollie hebben" in page
        assert "Te veel" not in page
        assert 'role="alert"' in ask(client, " ".join(f"{settings.PUBLIC_URL}/{at}" for at in range(41)), 422)


class TestPaid:
    def test_the_invoice_rests_for_two_weeks_and_then_goes_on(self, client):
        invoice = factories.invoice()
        today = timezone.localdate()
        response = client.post(PAID, {"reference": invoice.payment_reference}, follow=True)
        assert "Uw rekening staat stil tot en met" in response.content.decode()
        hold = Hold.objects.get(invoice=invoice)
        assert (hold.reason, hold.until) == ("fraud", today + timedelta(days=settings.FRAUD_REST_DAYS))
        assert not is_on_hold(invoice.pk), "paying stays possible"
        assert stopping(Stops.REMINDERS, invoice=invoice).exists()
        assert StaffTask.objects.get(kind="fraud").invoice == invoice
        assert OutboxMessage.objects.get(kind=fraud.MAIL).invoice == invoice
        fraud.run_day(hold.until)
        assert Hold.objects.get().released_at is None, "through its last day"
        fraud.run_day(hold.until + timedelta(days=1))
        assert Hold.objects.get().released_at
        invoice.refresh_from_db()
        assert invoice.due_on >= hold.until + timedelta(days=1 + settings.LATE_INVOICE_TERM_DAYS)
        assert OutboxMessage.objects.filter(kind="hold_ended").count() == 1
        assert client.post(PAID, {"reference": invoice.payment_reference}).status_code == 422, "once"
        assert Hold.objects.count() == 1

    def test_asked_twice_it_is_one_rest_and_one_mail(self, client):
        invoice = factories.invoice()
        assert fraud.rest(invoice.token) == fraud.rest(invoice.token)
        assert OutboxMessage.objects.filter(kind=fraud.MAIL).count() == 1
        assert StaffTask.objects.filter(kind=fraud.TASK).count() == 1

    def test_what_is_unknown_paid_or_withdrawn_does_not_rest(self, client):
        invoice = factories.invoice()
        Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=timezone.now())
        page = client.post(PAID, {"reference": invoice.payment_reference})
        assert page.status_code == 422
        assert not Hold.objects.exists()
        assert client.post(PAID, {"reference": "nonsense"}).status_code == 422

    def test_the_mail_is_withdrawn_when_nothing_rests_any_more(self):
        invoice = factories.invoice()
        fraud.rest(invoice.token)
        mail = OutboxMessage.objects.get(kind=fraud.MAIL)
        Hold.objects.update(released_at=timezone.now())
        noon = timezone.localtime().replace(hour=12)
        assert fraud.may_send(mail, noon) == "hold_ended"


def test_letters_of_an_address_never_give_all_of_it_away():
    begins = {name: messages._begin_of(f"{name}@post.example") for name in ("a", "ab", "abc", "abcd")}
    assert begins == {"a": "", "ab": "a", "abc": "ab", "abcd": "ab"}


def test_the_day_ends_rests_by_itself():
    invoice = factories.invoice()
    fraud.rest(invoice.token, today=timezone.localdate() - timedelta(days=30))
    call_command("run_daily")
    assert Hold.objects.get().released_at


@pytest.mark.parametrize(
    ("language", "says"),
    [("nl", ["staat stil tot en met", "Bel uw bank", "Betalen aan ons mag wel", "aanmaning van 2 november 2026"]),
     ("en", ["rests until and including", "Call your bank", "You may pay us", "dunning letter of 2 November 2026"])],
)  # fmt: skip
def test_the_mail_says_what_rests_and_what_to_do(language, says):
    facts = {"until": timezone.localdate(), "voided": date(2026, 11, 2)} | about(factories.invoice())
    text = " ".join(rendering.render(fraud.MAIL, language=language, context=facts).text.split())
    assert [words for words in says if words not in text] == []
