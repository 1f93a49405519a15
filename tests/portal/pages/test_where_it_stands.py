"""The invoice page as the place where everything stands: letters, sums, payments under way, whom to ask, proof."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pikepdf
import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing.invoices import holds, schedule
from billing.models import Hold, LedgerTransaction, Letter, Payment, ReminderStep
from billing.plans import agreements, options
from coulance import intake
from forbearance import breathing_space
from tests import factories
from tests.accessible_pdf import faults_of
from tests.billing.invoices.test_history import letter_about
from tests.billing.payments import bank
from tests.drawn import downloaded
from tests.portal.pages.test_invoice_page import book, open_in, page

pytestmark = pytest.mark.django_db
Step, Kind = ReminderStep.Step, LedgerTransaction.Kind


def shown(day):
    return date_format(day, "DATE_FORMAT")


def plain(text):
    """The text without markup, with single spaces."""
    import re

    return " ".join(re.sub(r"<[^>]+>", " ", text.replace("\xa0", " ")).split())


def late(days, **fields):
    today = timezone.localdate()
    return factories.invoice(issued_on=today - timedelta(days=days + 30), due_on=today - timedelta(days=days), **fields)


def test_what_is_past_enforcing_is_asked_of_nobody_and_may_still_be_paid(client):
    """Nobody may be threatened with a step that can't come; a claim that was demanded in time is asked for still."""
    old, demanded = late(5 * 366 + 1, amount="100.00"), late(5 * 366 + 1, amount="100.00")
    letter_about(demanded, Step.FINAL_NOTICE, sent_on=timezone.localdate() - timedelta(days=400))
    ReminderStep.objects.filter(invoice=demanded).update(status="taken")
    Letter.objects.update(delivered_on=timezone.localdate() - timedelta(days=399))
    asking = ("Te laat", "kosten komen", "Kosten komen", "wettelijke rente", "laatste dag om te betalen was")
    for name in ("invoice", "steps", "cannot_pay_invoice"):
        open_in(client, old)
        text = plain(client.get(reverse(name, args=[old.token])).content.decode())
        assert "zo oud dat wij u niet meer vragen om te betalen" in text, name
        assert not [words for words in (*asking, "Adempauze beginnen", "in delen betalen") if words in text], name
    html = page(client, old)
    assert reverse("pay", args=[old.token]) in html, "whoever wants to may pay"
    for name in ("plan", "deferral"):
        assert reverse(name, args=[old.token]) not in html
    assert options.options_for(old, timezone.localdate()).no_plan
    assert breathing_space.offer(old, today=timezone.localdate()).no_space
    assert "niet meer vragen" not in page(client, demanded)
    assert "Te laat" in page(client, demanded)


class TestTimeline:
    def test_the_running_letters_own_last_day_is_the_one_on_the_page(self, client):
        """The page said the first last day, while the letter gave more time."""
        invoice, sent_on = late(20, amount="100.00"), timezone.localdate() - timedelta(days=3)
        letter_about(invoice, Step.REMINDER, sent_on=sent_on - timedelta(days=9))
        letter_about(invoice, Step.FINAL_NOTICE, sent_on=sent_on, costs_announced=Decimal("40.00"))
        text = plain(page(client, invoice))
        last_day = schedule.named_day(Step.FINAL_NOTICE, sent_on)
        assert f"{shown(last_day)} (nog" in text
        assert f"Dat is de laatste dag in onze brief van {shown(sent_on)}" in text
        assert "€ 40,00 incassokosten bij, en wettelijke rente" in text
        assert f"{shown(sent_on - timedelta(days=9))} Wij stuurden u een gratis herinnering" in text
        assert f"{shown(sent_on)} Wij stuurden u een aanmaning: betaal binnen 15 dagen" in text
        assert f"De laatste dag om te betalen was {shown(invoice.due_on)}" not in text

    def test_costs_of_a_letter_about_several_invoices_are_said_to_be_for_all(self, client):
        invoice = late(20, amount="100.00")
        letter_about(
            invoice, Step.FINAL_NOTICE, sent_on=timezone.localdate(), principal=Decimal(200),
            costs_announced=Decimal("40.00"),
        )  # fmt: skip
        assert "voor alle rekeningen in die brief samen" in page(client, invoice)

    def test_a_void_letter_is_told_and_does_not_count(self, client):
        invoice = late(5)
        letter_about(invoice, Step.REMINDER, sent_on=timezone.localdate(), status=ReminderStep.Status.VOID)
        text = plain(page(client, invoice))
        assert "gratis herinnering (deze brief telt niet meer)" in text
        assert f"De laatste dag om te betalen was {shown(invoice.due_on)}" in text

    def test_before_the_due_day_it_says_what_would_follow_and_that_a_reminder_is_free(self, client):
        invoice = factories.invoice(amount="3000.00")
        text = plain(page(client, invoice))
        assert f"{shown(invoice.due_on)} De laatste dag om te betalen. Betaalt u later?" in text
        assert "eerst een gratis herinnering" in text
        assert "hoogstens € 425,00" in text

    def test_payments_plans_and_rooms_are_on_it(self, client):
        invoice = factories.invoice(amount="100.00")
        book(invoice, Kind.PAYMENT, "-20.00")
        agreements.agree_installments(
            invoice.pk, count=2, first_on=timezone.localdate() + timedelta(days=9), by="patient"
        )
        text = plain(page(client, invoice))
        assert "Wij ontvingen uw betaling: € 20,00" in text
        assert "U sprak een betalingsregeling af" in text
        case = factories.invoice()
        intake.offer([case], today=timezone.localdate(), by="test")
        assert "Uw zorgaanbieder biedt aan naar het bedrag te kijken (coulance)" in plain(page(client, case))

    def test_on_hold_it_says_that_nothing_comes(self, client):
        invoice = late(5)
        holds.place_hold(invoice, Hold.STAFF, by="test")
        text = plain(page(client, invoice))
        assert "De rekening staat stil: onze medewerkers zoeken" in text
        assert "Betaalt u later?" not in text


class TestSums:
    def test_total_less_insurer_less_paid_is_now(self, client):
        invoice = factories.invoice(amount="1000.00", insurer_paid="400.00")
        book(invoice, Kind.PAYMENT, "-200.00")
        book(invoice, Kind.COSTS, "40.00")
        book(invoice, Kind.INTEREST, "1.50")
        text = plain(page(client, invoice))
        for line in (
            "Totaal van de rekening € 1.000,00",
            "Uw zorgverzekeraar betaalde − € 400,00",
            "U betaalde − € 200,00",
            "Incassokosten + € 40,00",
            "Wettelijke rente + € 1,50",
            "Nu te betalen € 441,50",
        ):
            assert line in text, line
        assert "uw eigen risico" in text, "why something is left although one is insured"

    def test_what_needs_no_explanation_gets_none(self, client):
        assert "Zo komen wij aan dit bedrag" not in page(client, factories.invoice())


class TestUnderWay:
    @pytest.mark.parametrize(
        ("status", "words"), [("open", "is een betaling van € 33,00 begonnen"), ("pending", "Betaal niet nog een keer")]
    )
    def test_a_payment_under_way_is_seen_on_the_invoice(self, client, status, words):
        invoice = factories.invoice(amount="33.00")
        payment = Payment.objects.create(
            invoice=invoice, amount=Decimal("33.00"), status=status, token="t" * 24, webhook_token="w" * 24,
            idempotency_key="k", request_body="{}",
        )  # fmt: skip
        text = page(client, invoice)
        assert words in text
        assert reverse("payment_return", args=[payment.token]) in text

    def test_one_that_ended_is_not(self, client):
        assert "Bekijk hoe het ermee staat" not in page(client, factories.invoice())


class TestContact:
    @pytest.mark.parametrize("name", ["invoice", "plan", "deferral"])
    def test_how_to_reach_the_practice_stands_on_it(self, client, name):
        invoice = factories.invoice(provider=factories.provider(phone_hours="ma-vr 9-12 uur"))
        open_in(client, invoice)
        text = client.get(reverse(name, args=[invoice.token])).content.decode()
        assert 'href="tel:+31-20-123-4567"' in text
        assert "020 123 4567" in text
        assert "ma-vr 9-12 uur" in text
        assert f'href="mailto:{invoice.provider.email}"' in text

    def test_also_where_something_is_refused(self, client):
        invoice = factories.invoice(amount="10.00")
        open_in(client, invoice)
        text = client.get(reverse("plan", args=[invoice.token])).content.decode()
        assert "vanaf" in text
        assert invoice.provider.email in text

    def test_pages_that_know_no_practice_say_how_to_reach_us(self, client, settings):
        settings.OPERATOR = settings.OPERATOR | {"phone": "+31 30 123 45 67", "email": "hulp@bedrijf.example"}
        for path in ("/nee/", "/openen/aaaaaaaaaaaaaaaaaaaaaaaa/"):
            text = client.get(path).content.decode()
            assert 'href="tel:+31301234567"' in text
            assert "hulp@bedrijf.example" in text


class TestProof:
    def paid(self, client, **fields):
        invoice = factories.invoice(amount="1100.00", insurer_paid="100.00", **fields)
        book(invoice, Kind.PAYMENT, "-1000.00")
        open_in(client, invoice)
        return invoice

    def test_the_paid_page_shows_what_was_paid_and_not_zero(self, client):
        text = plain(page(client, self.paid(client)))
        assert "Betaald bedrag: € 1.000,00" in text
        assert "Te betalen bedrag: € 0,00" not in text

    def test_it_names_amount_day_practice_and_reference_and_nobody(self, client):
        invoice = self.paid(client)
        text = plain(client.get(reverse("proof", args=[invoice.token])).content.decode())
        reference = " ".join(invoice.payment_reference[i : i + 4] for i in range(0, 16, 4))
        for fact in ("€ 1.000,00", shown(timezone.localdate()), invoice.provider.name, reference, invoice.number):
            assert fact in text, fact
        assert "Nog te betalen € 0,00" in text
        for secret in (invoice.patient.surname, invoice.patient.email, "Periodieke controle"):
            assert secret not in text

    @pytest.mark.parametrize(("language", "word"), [("nl", "Betaalbewijs"), ("en", "Proof of payment")])
    def test_the_same_as_pdf(self, client, language, word):
        invoice = self.paid(client)
        client.cookies["language"] = language
        response = downloaded(client, reverse("proof_pdf", args=[invoice.token]))
        assert response["Content-Type"] == "application/pdf"
        assert 'filename="betaalbewijs.pdf"' in response["Content-Disposition"]
        assert faults_of(response.content) == []
        with pikepdf.open(io.BytesIO(response.content)) as document:
            assert word in str(document.docinfo["/Title"])
            assert len(document.pages) == 1

    def test_without_a_payment_there_is_none(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        for name in ("proof", "proof_pdf"):
            response = client.get(reverse(name, args=[invoice.token]))
            assert (response.status_code, response["Location"]) == (303, reverse("invoice", args=[invoice.token]))

    def test_nobody_gets_one_without_the_reference(self, client):
        invoice = factories.invoice(amount="10.00")
        book(invoice, Kind.PAYMENT, "-10.00")
        for name in ("proof", "proof_pdf"):
            assert client.get(reverse(name, args=[invoice.token]))["Location"] == "/"

    def test_drawing_files_is_limited(self, client):
        invoice, codes = self.paid(client), []
        from portal.pages import proof

        for _ in range(proof._DRAWN.tries):
            proof.throttle.take(proof._DRAWN, "127.0.0.1", now=timezone.now())
        codes.append(client.get(reverse("proof_pdf", args=[invoice.token])).status_code)
        assert codes == [429]

    def test_money_that_went_back_is_told(self, client):
        invoice = self.paid(client)
        book(invoice, Kind.CHARGEBACK, "400.00")
        text = plain(client.get(reverse("proof", args=[invoice.token])).content.decode())
        assert "Uw bank haalde uw betaling terug" in text
        assert "Samen betaald € 600,00" in text
        assert "Voor een deel betaald" in text


@pytest.mark.usefixtures("sandbox")
@pytest.mark.django_db(transaction=True)
def test_thank_you_names_the_practice_and_leads_to_the_proof(client):
    invoice = factories.invoice(amount="10.00")
    payment = bank.paid(invoice)
    open_in(client, invoice)
    text = client.get(reverse("payment_return", args=[payment.token])).content.decode()
    assert invoice.provider.name in text
    assert reverse("proof", args=[invoice.token]) in text


class TestAbout:
    @pytest.mark.parametrize("path", ["/contact/", "/privacy/", "/voorwaarden/", "/toegankelijkheid/"])
    @pytest.mark.parametrize("language", ["nl", "en"])
    def test_each_page_exists_in_both_languages_and_is_linked_everywhere(self, client, settings, path, language):
        settings.OPERATOR = settings.OPERATOR | {
            "name": "Rekeningdienst B.V.", "address": "Kade 1, 3511 AA Utrecht", "kvk": "12345678", "wki": "",
            "phone": "+31 30 123 45 67", "hours": "", "email": "hulp@bedrijf.example", "iban": "",
        }  # fmt: skip
        client.cookies["language"] = language
        response = client.get(path)
        text = response.content.decode()
        assert response.status_code == 200
        assert f'<html lang="{language}">' in text
        assert "hulp@bedrijf.example" in text or path == "/voorwaarden/"
        if path != "/toegankelijkheid/":
            assert all(fact in text for fact in ("Rekeningdienst B.V.", "Kade 1, 3511 AA Utrecht", "12345678"))
        assert f'href="{path}"' in client.get("/").content.decode()

    def test_terms_of_keeping_are_those_of_the_settings(self, client, settings):
        settings.RETAIN_MESSAGE_DAYS, settings.RETAIN_INVOICE_YEARS = 181, 9
        text = client.get("/privacy/").content.decode()
        assert "181 dagen" in text
        assert "9 jaar" in text


def test_wait_is_no_finished_step(client):
    """Not paying yet is nothing that is done: it got a green tick."""
    invoice = factories.invoice()
    intake.offer([invoice], today=date.today(), by="test")  # noqa: DTZ011
    open_in(client, invoice)
    text = client.get(reverse("coulance", args=[invoice.token])).content.decode()
    first = text.partition('<ol class="stages">')[2].partition("</li>")[0]
    assert "Betaal nog niet" in first
    assert 'class="done"' not in first
    assert "(klaar)" not in first
