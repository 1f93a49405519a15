"""What a 14-day letter must say, one by one: with one of these missing no costs are due (6:96 lid 6 BW; Bki, Rki)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from billing.invoices import references, schedule
from billing.invoices.transfers import account_for
from billing.models import Invoice, Letter, OutboxMessage, Payer, Provider
from billing.templatetags.money import euro
from tests import factories
from tests.billing.invoices.schedule_walk import MONDAY, NOTICED, Step, new_invoice, until

pytestmark = pytest.mark.django_db
OPERATOR = {
    "name": "Rekeningdienst B.V.", "address": "Kade 1, 3511 AA Utrecht", "kvk": "87654321", "wki": "WKI-0042",
    "phone": "030 123 45 67", "hours": "", "email": "hulp@dienst.example", "iban": "",
}  # fmt: skip
# Words that make a letter void, whatever else it says: the term would begin before it was received
# (HR 25-11-2016, ECLI:NL:HR:2016:2704).
VOID = re.compile(r"na (heden|dagtekening|verzending|de datum van deze brief)|of (today|sending|the date of)", re.I)


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    settings.OPERATOR = OPERATOR


def demands(letter: Letter, invoices: list[Invoice], language: str) -> dict[str, str]:
    """Return each demand with the words that meet it, all of which must stand in the letter."""
    dutch = language == "nl"
    provider = invoices[0].provider
    day = f"{schedule.named_day(Step.FINAL_NOTICE, letter.sent_on):%-d} " + ("mei 2026" if dutch else "May 2026")
    with override(language):
        costs, principal = euro(letter.costs_announced), euro(letter.principal)
    found = {
        "who owes it": "Aan: " if dutch else "To: ",
        "the creditor": provider.name,
        "where the creditor is": f"{provider.street} {provider.house_number}, {provider.postcode} {provider.city}",
        "for whom we write": "namens " if dutch else "on behalf of ",
        "who we are": f"{OPERATOR['name']}, {OPERATOR['address']}, ",
        "our number in the register": OPERATOR["wki"],
        "that there is default (6:81 BW)": "U bent nu in verzuim." if dutch else "You are now in default.",
        "that a reminder came before": "stuurden wij u een herinnering" if dutch else "we sent you a reminder",
        "the open principal, and to pay it": f"Betaal {principal}" if dutch else f"Pay {principal}",
        "the term, from its delivery on": (
            "binnen vijftien dagen nadat deze brief bij u is bezorgd"
            if dutch
            else "within fifteen days after this letter has been delivered to you"
        ),
        "a day that is surely in time": day,
        "the exact costs if it is not paid": f"{costs} incassokosten" if dutch else f"{costs} collection costs",
        "where the costs come from": "artikel 6:96" if dutch else "article 6:96",
        "the interest": "wettelijke rente" if dutch else "statutory interest",
        "from when the interest counts": "De rente telt vanaf" if dutch else "It counts from",
        "that a part paid in time lowers them": "alleen over de rest" if dutch else "on the rest only",
        "how to pay": account_for(provider).in_fours,
        "how to object": "niet mee eens" if dutch else "Do you disagree?",
        "how to complain about us": OPERATOR["email"],
        "help with debts": "0800 8115",
    }
    for invoice in invoices:
        found[f"invoice {invoice.number}"] = invoice.number
        found[f"the reference of {invoice.number}"] = references.grouped(invoice.payment_reference)
    if provider.vat_on_costs:
        found["that VAT is in it, and why"] = (
            "21% btw. Uw zorgaanbieder kan deze btw niet verrekenen"
            if dutch
            else "21% VAT. Your care provider can’t deduct this VAT"
        )
    return found


def missing(text: str, wanted: dict[str, str]) -> list[str]:
    return [name for name, words in wanted.items() if words not in text]


def noticed(language: str, *, people: int, **provider: Any) -> tuple[Letter, list[Invoice], str]:
    """Return the 14-day letter about one invoice for each of `people`, the invoices, and the letter in one line."""
    practice = factories.provider(**provider)
    invoices = []
    for index in range(people):
        who = factories.patient(provider=practice, initials="ABC"[index] + ".", language=language)
        Payer.objects.create(
            patient=who, relation="parent", name="M. Bakker", email="moeder@post.example", language=language
        )
        invoices.append(new_invoice(patient=who, amount="90.00"))
    until(invoices[0], NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    text = " ".join(OutboxMessage.objects.get(kind="final_notice").text.split())
    return letter, invoices, text.replace("\xa0", " ")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("case", [{"people": 1}, {"people": 3}, {"people": 1, "vat_on_costs": True}])
def test_no_demand_of_the_law_is_missing_and_each_would_be_missed(case, language):
    letter, invoices, text = noticed(language, **case)
    wanted = {name: words.replace("\xa0", " ") for name, words in demands(letter, invoices, language).items()}
    assert missing(text, wanted) == []
    assert not VOID.search(text)
    for name, words in wanted.items():
        assert name in missing(text.replace(words, ""), wanted), "this demand is held to nothing"
    assert letter.sent_on > invoices[0].due_on, "before that day there is no default"
    for kind in ("reminder", "final_notice"):
        said = " ".join(OutboxMessage.objects.get(kind=kind).text.split())
        assert ("wat er wanneer gebeurt" if language == "nl" else "what happens when") in said


@pytest.mark.parametrize("language", ["nl", "en"])
def test_of_a_claim_that_was_assigned_the_letter_names_us_as_creditor(language):
    _letter, _invoices, text = noticed(language, people=1, creditor=Provider.Creditor.OPERATOR)
    assert ("U moet dus aan ons betalen." if language == "nl" else "So it is us that you have to pay.") in text
    assert "namens" not in text.split("Rekeningdienst")[0]
    assert "on behalf of" not in text


def test_a_letter_of_a_day_before_default_is_not_made():
    practice = factories.provider()
    invoice = new_invoice(patient=factories.patient(provider=practice), on=MONDAY)
    until(invoice, date(2026, 4, 22))
    assert not Letter.objects.filter(step=Step.FINAL_NOTICE).exists()
    assert NOTICED - invoice.due_on > timedelta(days=14), "the free reminder and its days came before"
