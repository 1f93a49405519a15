"""The pages for paying later: what is shown before choosing, what is confirmed, and paying in parts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.invoices import holds
from billing.law.calendar import monthly_dates
from billing.models import Hold, Installment, Payment, PaymentPlan
from billing.plans import agreements
from tests import factories
from tests.billing.plans.test_plans import book

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


def enter(client, invoice):
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303


def text_of(response):
    return response.content.decode().replace("\xa0", " ")


def get(client, name, invoice, **query):
    enter(client, invoice)
    return client.get(reverse(name, args=[invoice.token]), query)


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


def three_times(invoice, *, first=10):
    return agreements.agree_installments(invoice.pk, count=3, first_on=in_days(first), by="patient")


class TestDeferral:
    def test_the_page_says_it_is_free_and_confirms_the_day_that_was_chosen(self, client, invoice):
        page = text_of(get(client, "deferral", invoice))
        assert "gratis" in page
        assert f'max="{invoice.due_on + timedelta(days=30)}"' in page
        day = invoice.due_on + timedelta(days=14)
        url = reverse("deferral", args=[invoice.token])
        response = client.post(url, {"until": day.isoformat()})
        assert (response.status_code, response["Location"]) == (303, url)
        assert "Pay" not in text_of(client.get(url))
        assert reverse("plan_calendar", args=[invoice.token]) in text_of(client.get(url))
        invoice.refresh_from_db()
        assert invoice.due_on == day

    def test_a_day_as_dutch_people_type_it(self, client, invoice):
        enter(client, invoice)
        day = invoice.due_on + timedelta(days=14)
        client.post(reverse("deferral", args=[invoice.token]), {"until": f"{day:%d-%m-%Y}"})
        invoice.refresh_from_db()
        assert invoice.due_on == day

    @pytest.mark.parametrize("until", ["", "morgen", "2020-01-01", "2099-01-01", "31-02-2027"])
    def test_any_other_day_is_explained_at_the_field(self, client, invoice, until):
        enter(client, invoice)
        response = client.post(reverse("deferral", args=[invoice.token]), {"until": until})
        page = text_of(response)
        assert response.status_code == 200
        assert "Kies een dag" in page
        assert "aria-invalid" in page
        assert not PaymentPlan.objects.exists()

    def test_why_not_and_what_then(self, client, invoice):
        three_times(invoice)
        page = text_of(get(client, "deferral", invoice))
        assert "al een betalingsregeling" in page
        assert reverse("invoice", args=[invoice.token]) in page


class TestPlan:
    def test_every_option_shows_each_date_and_amount_before_choosing(self, client, invoice):
        first = in_days(5)
        page = text_of(get(client, "plan", invoice, first_on=first.isoformat()))
        from django.utils.formats import date_format

        for count in (2, 3):
            for day in monthly_dates(first, count):
                assert date_format(day, "DATE_FORMAT") in page
        for words in ("€ 50,00", "€ 33,34", "€ 33,33", "gratis", "één gratis herinnering"):
            assert words in page
        assert '€ 50,00</strong><span class="unseen">,</span> <span>' in page  # the last one: or it is spoken as one
        assert 'value="4"' not in page

    def test_agreed_it_is_confirmed_on_the_same_page(self, client, invoice):
        enter(client, invoice)
        url = reverse("plan", args=[invoice.token])
        sent = {"count": "3", "first_on": in_days(5).isoformat(), "amount": "100.00"}
        for _ in range(2):
            response = client.post(url, sent)
            assert (response.status_code, response["Location"]) == (303, url)
        assert PaymentPlan.objects.count() == 1
        assert "€ 33,34" in text_of(client.get(url))

    def test_without_a_choice_the_page_says_so(self, client, invoice):
        enter(client, invoice)
        response = client.post(
            reverse("plan", args=[invoice.token]), {"first_on": in_days(5).isoformat(), "amount": "100.00"}
        )
        assert 'href="#id_count"' in text_of(response)
        assert 'id="id_count"' in text_of(response)

    def test_an_amount_that_changed_since_is_refused_with_the_new_one(self, client, invoice):
        enter(client, invoice)
        book(invoice, "-10.00")
        sent = {"count": "3", "first_on": in_days(5).isoformat(), "amount": "100.00"}
        response = client.post(reverse("plan", args=[invoice.token]), sent)
        assert response.status_code == 409
        assert "€ 90,00" in text_of(response)

    def test_nobody_agrees_to_another_day_than_the_one_whose_plan_was_shown(self, client, invoice):
        """Without a script the day can be changed under a plan that was drawn for another one."""
        enter(client, invoice)
        url, chosen = reverse("plan", args=[invoice.token]), in_days(12).isoformat()
        sent = {"count": "3", "first_on": chosen, "shown_on": in_days(5).isoformat(), "amount": "100.00"}
        page = client.post(url, sent)
        assert page.status_code == 409
        assert "U koos een andere dag" in text_of(page)
        assert f'name="shown_on" value="{chosen}"' in text_of(page)
        assert 'id="count-3" required checked' in text_of(page)
        assert not PaymentPlan.objects.exists()
        assert client.post(url, sent | {"shown_on": chosen}).status_code == 303
        assert PaymentPlan.objects.get().installments.first().due_on == in_days(12)

    def test_the_button_beside_the_day_shows_its_plan_and_agrees_to_nothing(self, client, invoice):
        enter(client, invoice)
        sent = {"show": "days", "count": "2", "first_on": in_days(9).isoformat(), "shown_on": "", "amount": "100.00"}
        page = client.post(reverse("plan", args=[invoice.token]), sent)
        assert page.status_code == 200
        assert f'name="shown_on" value="{in_days(9).isoformat()}"' in text_of(page)
        assert 'id="count-2" required checked' in text_of(page)
        assert not PaymentPlan.objects.exists()

    @pytest.mark.parametrize("day", ["2028-12-28", "0028-12-28", "2027-02-30", "28-12-28", "", "28 december"])
    def test_a_day_that_can_not_be_shows_no_plan_of_another_day(self, client, invoice, day):
        page = text_of(get(client, "plan", invoice, first_on=day))
        assert "Kies een dag van" in page
        assert 'name="count"' not in page
        sent = {"count": "3", "first_on": day, "shown_on": in_days(5).isoformat(), "amount": "100.00"}
        page = text_of(client.post(reverse("plan", args=[invoice.token]), sent))
        assert "Kies een dag van" in page
        assert 'name="count"' not in page
        assert not PaymentPlan.objects.exists()

    @pytest.mark.parametrize("amount", ["29.99", "0.01"])
    def test_too_small_an_amount_may_be_paid_later_instead(self, client, amount):
        invoice = factories.invoice(amount=amount)
        page = text_of(get(client, "plan", invoice))
        assert "vanaf € 30,00" in page
        assert reverse("deferral", args=[invoice.token]) in page

    def test_on_hold_neither_is_offered(self, client, invoice):
        holds.place_hold(invoice, Hold.STAFF, by="test")
        for name in ("plan", "deferral"):
            page = text_of(get(client, name, invoice))
            assert "<form class" not in page


class TestTheEndOfTheSession:
    @pytest.mark.parametrize("name", ["deferral", "plan"])
    def test_the_page_says_when_it_closes_and_lets_one_stay(self, client, invoice, name):
        page = text_of(get(client, name, invoice))
        assert "sluit deze pagina om" in page
        assert f'formaction="{reverse("stay", args=[invoice.token])}"' in page

    def test_staying_keeps_what_was_chosen(self, client, invoice):
        enter(client, invoice)
        url = reverse("plan", args=[invoice.token])
        sent = {"next": url, "count": "3", "first_on": in_days(9).isoformat(), "shown_on": "", "amount": "100.00"}
        response = client.post(reverse("stay", args=[invoice.token]), sent)
        assert (response.status_code, response["Location"]) == (303, url)
        page = text_of(client.get(url))
        assert 'id="count-3" required checked' in page
        assert f'name="shown_on" value="{in_days(9).isoformat()}"' in page

    @pytest.mark.parametrize(
        ("name", "sent", "shown"),
        [
            ("plan", {"count": "3", "first_on": 9, "shown_on": 9}, 'id="count-3" required checked'),
            ("deferral", {"until": 40}, 'value="{until}"'),
        ],
    )
    def test_agreeing_too_late_loses_nothing_and_says_so(self, client, invoice, name, sent, shown):
        url = reverse(name, args=[invoice.token])
        sent = {field: in_days(value) if isinstance(value, int) else value for field, value in sent.items()}
        late = client.post(url, sent, follow=True)
        assert "Wij hebben een kwartier lang bewaard wat u heeft ingevuld" in text_of(late)
        assert not PaymentPlan.objects.exists()
        page = client.post("/", {"reference": invoice.payment_reference}, follow=True)
        assert page.request["PATH_INFO"] == url
        assert shown.format(**sent) in text_of(page)

    def test_another_invoice_opens_as_ever(self, client, invoice):
        client.post(reverse("plan", args=[invoice.token]), {"count": "3"})
        other = factories.invoice()
        page = client.post("/", {"reference": other.payment_reference}, follow=True)
        assert page.request["PATH_INFO"] == reverse("invoice", args=[other.token])


@pytest.mark.parametrize("name", ["deferral", "plan", "plan_calendar"])
def test_without_having_entered_the_reference_one_sees_nothing(client, invoice, name):
    for method in (client.get, client.post) if name != "plan_calendar" else (client.get,):
        response = method(reverse(name, args=[invoice.token]))
        assert (response.status_code, response["Location"]) == (303, "/")
    assert not PaymentPlan.objects.exists()


class TestCalendar:
    def test_it_holds_every_date_and_no_amount(self, client, invoice):
        plan = three_times(invoice)
        response = get(client, "plan_calendar", invoice)
        file = response.content.decode()
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        assert "attachment" in response["Content-Disposition"]
        assert [f"DTSTART;VALUE=DATE:{i.due_on:%Y%m%d}" in file for i in plan.installments.all()] == [True] * 3
        assert "SUMMARY:Rekening betalen" in file
        for personal in ("33", "€", invoice.number, invoice.provider.name, invoice.payment_reference, invoice.token):
            assert personal not in "".join(line for line in file.splitlines() if not line.startswith(("UID", "DT")))
        assert file.endswith("END:VCALENDAR\r\n")
        assert all(len(line.encode()) <= 75 for line in file.split("\r\n"))
        assert client.get(reverse("plan_calendar", args=[invoice.token])).content == response.content

    def test_there_is_none_without_an_agreement(self, client, invoice):
        assert get(client, "plan_calendar", invoice).status_code == 404


class TestTheInvoicePage:
    def test_it_shows_how_far_the_plan_is_and_offers_the_next_one_or_everything(self, client, invoice):
        three_times(invoice)
        book(invoice, "-33.34")
        page = text_of(get(client, "invoice", invoice))
        assert "1 van 3 termijnen betaald" in page
        assert 'name="amount" value="33.33"' in page
        assert 'name="amount" value="66.66"' in page

    @pytest.mark.parametrize("reason", ["fraud", "dispute", "breathing_space"])
    def test_while_the_invoice_rests_no_day_to_pay_an_installment_is_named(self, client, invoice, reason):
        three_times(invoice)
        asked = text_of(get(client, "invoice", invoice))
        assert "Betaal die uiterlijk op" in asked
        assert "Uw volgende termijn: €" in asked
        holds.place_hold(invoice, reason, by="test")
        page = text_of(client.get(reverse("invoice", args=[invoice.token])))
        assert "uiterlijk op" not in page
        assert "Uw volgende termijn: €" not in page, "nor in the list of what comes"
        assert "Staat stil: u hoeft nu niet te betalen" in page
        assert 'name="amount" value="33.34"' in page, "paying stays possible"

    def test_a_credit_is_not_called_paid(self, client, invoice):
        three_times(invoice)
        note = NewCreditNote(number="C-1", issued_on=timezone.localdate(), reason="Fout", amount=Decimal("10.00"))
        credit_notes.take(invoice, note, by="test")
        page = text_of(get(client, "invoice", invoice))
        assert "Betaald: € 0,00" in page
        assert "Dat gaat af van de eerste termijnen die nog open stonden" in page

    def test_a_deferral_shows_the_new_day(self, client, invoice):
        agreements.agree_deferral(invoice.pk, until=invoice.due_on + timedelta(days=9), by="patient")
        page = text_of(get(client, "invoice", invoice))
        assert "U heeft meer tijd om te betalen" in page
        assert reverse("plan_calendar", args=[invoice.token]) in page


@pytest.mark.usefixtures("sandbox")
@pytest.mark.django_db(transaction=True)
class TestPaying:
    def pay(self, client, invoice, **data):
        enter(client, invoice)
        return client.post(reverse("pay", args=[invoice.token]), data)

    @pytest.mark.parametrize(("sent", "asked"), [("33.34", "33.34"), ("100.00", "100.00"), (None, "100.00")])
    def test_the_next_installment_or_everything(self, client, invoice, sent, asked):
        three_times(invoice)
        assert self.pay(client, invoice, **({"amount": sent} if sent else {})).status_code == 303
        assert Payment.objects.get().amount == Decimal(asked)

    @pytest.mark.parametrize("sent", ["33.33", "0", "-5", "0.00", "1e9", "abc", "NaN", "100.001"])
    def test_no_other_amount(self, client, invoice, sent):
        three_times(invoice)
        assert self.pay(client, invoice, amount=sent).status_code == 409
        assert not Payment.objects.exists()

    def test_no_part_without_a_plan(self, client, invoice):
        assert self.pay(client, invoice, amount="33.34").status_code == 409

    def test_the_same_part_is_one_attempt_and_another_one_replaces_it(self, client, invoice):
        three_times(invoice)
        for amount in ("33.34", "33.34", "100.00"):
            self.pay(client, invoice, amount=amount)
        attempts = Payment.objects.order_by("pk")
        assert [a.amount for a in attempts] == [Decimal("33.34"), Decimal("100.00")]
        assert [bool(a.superseded_at) for a in attempts] == [True, False]


def test_after_a_pause_the_pages_name_the_day_until_which_an_installment_may_be_paid(client, invoice):
    three_times(invoice)
    paused = holds.place_hold(invoice, Hold.STAFF, by="test")
    Installment.objects.filter(number=1).update(due_on=in_days(-9))
    Hold.objects.filter(pk=paused.pk).update(released_at=timezone.now() - timedelta(days=2))
    day = date_format(in_days(settings.LATE_INVOICE_TERM_DAYS - 2), "DATE_FORMAT")
    enter(client, invoice)
    assert day in text_of(get(client, "plan", invoice))
    assert text_of(client.get(reverse("invoice", args=[invoice.token]))).count(day) == 2  # and in what comes next
