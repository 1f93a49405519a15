"""Answers from the state of an invoice: right in every state, and no number that is not a fact."""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from billing import rooms
from billing.invoices.state import look_at
from billing.models import Hold, OutboxMessage
from billing.plans import agreements
from billing.templatetags.money import euro
from complaints import filing
from forbearance import breathing_space, reports
from helpdesk.assistant import faq
from helpdesk.assistant.pages import rendered
from portal.jinja import phone
from tests import factories
from tests.debt_collection import cases
from tests.portal.pages.test_invoice_page import book

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def opened():
    return factories.invoice(amount="123.45", insurer_paid="20.00")


def overdue():
    return factories.invoice(amount="80.00", issued_on=timezone.localdate() - 60 * DAY)


def paid():
    invoice = factories.invoice(amount="123.45")
    book(invoice, "payment", "-123.45")
    return invoice


def paid_too_much():
    invoice = factories.invoice(amount="50.00")
    book(invoice, "payment", "-60.00")
    return invoice


def lowered():
    invoice = factories.invoice(amount="90.00")
    book(invoice, "reduction", "-30.00")
    book(invoice, "payment", "-10.00")
    return invoice


def with_letters_and_costs():
    return cases.ready(amount="100.00")


def at_an_agency():
    return cases.handed_over().claims.first().invoice


def in_installments():
    invoice = factories.invoice(amount="99.99")
    first_on = timezone.localdate() + 20 * DAY
    agreements.agree_installments(invoice.pk, count=3, first_on=first_on, by="patient")
    return invoice


def deferred():
    invoice = factories.invoice(amount="99.99")
    agreements.agree_deferral(invoice.pk, until=invoice.due_on + 10 * DAY, by="patient")
    return invoice


def complained_about():
    invoice = factories.invoice(amount="70.00")
    filing.file(filing.Said(story="Nooit gehad.", email="a@post.example"), subject="price", invoice_id=invoice.pk)
    return invoice


def of_somebody_who_died():
    invoice = factories.invoice(amount="70.00")
    said = reports.Said(kind="deceased", since=timezone.localdate(), why="De dochter belde.")
    reports.report(invoice.patient_id, said, by="staff:anna")
    return invoice


def resting():
    invoice = factories.invoice(amount="70.00")
    breathing_space.take(invoice.pk)
    return invoice


def held_by_staff():
    invoice = factories.invoice(amount="70.00")
    Hold.objects.create(invoice=invoice, reason="staff", placed_by="staff:anna", until=timezone.localdate() + 9 * DAY)
    return invoice


STATES = (
    opened, overdue, paid, paid_too_much, lowered, with_letters_and_costs, at_an_agency, in_installments, deferred,
    complained_about, of_somebody_who_died, resting, held_by_staff,
)  # fmt: skip


def numbers_of(text):
    return set(re.findall(r"\d+(?:[.,:]\d+)*", unescape(text).replace("\xa0", " ")))


def written(fact):
    """Each way in which a fact may stand in a text."""
    if isinstance(fact, bool) or fact is None:
        return
    if isinstance(fact, datetime):
        yield from written(timezone.localtime(fact).date())
    elif isinstance(fact, date):
        yield date_format(fact, "DATE_FORMAT")
    elif isinstance(fact, Decimal):
        yield euro(fact)
        yield str(fact.normalize()).replace(".", ",")
        yield str(fact.normalize())
    elif isinstance(fact, Mapping):
        for value in fact.values():
            yield from written(value)
    elif is_dataclass(fact):
        yield from written(asdict(fact))
    elif isinstance(fact, list | tuple):
        for value in fact:
            yield from written(value)
    elif str(fact).startswith("+"):
        yield phone(str(fact))
    else:
        yield str(fact)


def text_of(html):
    return re.sub(r"<[^>]+>", " ", html)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_no_answer_shows_a_number_that_is_no_fact(state):
    invoice, today = state(), timezone.localdate()
    view = look_at(invoice.token, today=today)
    for name, answers in rooms.answers().items():
        for language in faq.LANGUAGES:
            with translation.override(language):
                answer = answers(view, today)
                if answer is None:
                    continue
                html = rendered(answer, language)
                known = set().union(*(numbers_of(told) for told in written(answer.facts)))
                assert numbers_of(text_of(html)) <= known, (name, language, text_of(html))
                assert text_of(html).strip(), name
                assert answer.source


def answer_to(name, invoice):
    today = timezone.localdate()
    answer = rooms.answers()[name](look_at(invoice.token, today=today), today)
    with translation.override("nl"):
        return " ".join(text_of(rendered(answer, "nl")).replace("\xa0", " ").split()) if answer else None


def test_how_much_says_what_is_asked_now_and_what_it_is_made_of():
    assert "U moet nog € 103,45 betalen" in answer_to("how-much", opened())
    assert "Uw zorgverzekeraar betaalde € 20,00" in answer_to("how-much", opened())
    assert "niets meer te betalen" in answer_to("how-much", paid())
    assert "U betaalde € 10,00 te veel" in answer_to("how-much", paid_too_much())
    assert "U moet nog € 50,00" in answer_to("how-much", lowered())


def test_nothing_is_asked_while_the_invoice_rests_or_lies_elsewhere():
    for name in ("how-much", "until-when", "what-next"):
        assert "Betaal niet aan ons" in answer_to(name, at_an_agency())
        assert "Betaal nog niet" in answer_to(name, of_somebody_who_died())
        assert "het hoeft nu niet" in answer_to(name, complained_about())


def test_the_last_day_is_that_of_the_invoice_the_plan_or_the_later_day():
    invoice = opened()
    assert date_format(invoice.due_on, "j F Y") in answer_to("until-when", invoice)
    assert "Uw volgende termijn is € 33,33" in answer_to("until-when", in_installments())
    later = deferred()
    assert date_format(later.due_on + 10 * DAY, "j F Y") in answer_to("until-when", later)
    assert "De laatste dag was" in answer_to("until-when", overdue())


def test_a_payment_that_arrived_is_named_with_its_day():
    told = answer_to("payment-arrived", paid())
    assert date_format(timezone.localdate(), "j F Y") in told
    assert "€ 123,45" in told
    assert "nog geen betaling" in answer_to("payment-arrived", opened())


def test_a_payment_after_midnight_is_named_with_the_day_that_it_was_here():
    invoice = factories.invoice(amount="123.45")
    book(invoice, "payment", "-123.45", at=datetime(2026, 7, 3, 22, 30, tzinfo=UTC))
    assert "4 juli 2026" in answer_to("payment-arrived", invoice)


def test_costs_are_explained_and_their_absence_is_said():
    told = answer_to("why-costs", with_letters_and_costs())
    assert "€ 40,00 incassokosten" in told
    assert "een aanmaning" in told
    assert "geen kosten en geen rente" in answer_to("why-costs", opened())


def test_what_is_possible_later_is_offered_with_day_and_amount():
    invoice = opened()
    told = answer_to("pay-later", invoice)
    assert date_format(invoice.due_on + 30 * DAY, "j F Y") in told
    assert "5 termijnen" in told
    assert "al een betalingsregeling" in answer_to("pay-in-parts", in_installments())


def test_the_mails_that_left_are_those_of_the_page_that_tells_what_is_ours():
    invoice = opened()
    assert "nog geen e-mail" in answer_to("mail-from-you", invoice)
    breathing_space.take(invoice.pk)
    OutboxMessage.objects.filter(invoice=invoice).update(status=OutboxMessage.Status.SENT, sent_at=timezone.now())
    told = answer_to("mail-from-you", invoice)
    assert f"{date_format(timezone.localdate(), 'j F Y')}: een bericht" in told
    assert "een berichtcode" in told


def test_the_rooms_answer_what_is_theirs():
    assert "Wij zijn aan de beurt" in answer_to("complaint-state", complained_about())
    assert answer_to("complaint-state", opened()) is None
    assert "U heeft rust tot en met" in answer_to("cannot-pay", resting())
    assert "U kunt nu een adempauze nemen" in answer_to("cannot-pay", opened())
    assert "Gecondoleerd" in answer_to("deceased", of_somebody_who_died())
    assert answer_to("deceased", opened()) is None
    invoice = at_an_agency()
    assert look_at(invoice.token, today=timezone.localdate()).facts["agency_name"] in answer_to("agency-why", invoice)
    assert "ligt niet bij een incassobureau" in answer_to("agency-why", opened())
    assert answer_to("coulance-state", opened()) is None


def test_each_answer_stands_in_for_an_entry_of_the_faq():
    assert set(rooms.answers()) <= set(faq.entries())
