"""Claims of one creditor on one debtor share a letter and one fee, and an earlier letter counts with all it claimed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.adjustments import charges
from billing.dunning import staff_acts
from billing.dunning.forecast import forecast_of
from billing.invoices.debtors import patients_of_debtor
from billing.models import Invoice, Letter, OutboxMessage, Payer, Provider, ReminderStep
from billing.outbox.facts import patients_apart
from billing.plans import agreements
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    LAST_DAY,
    MONDAY,
    NOTICED,
    REMINDED,
    Step,
    at,
    charged,
    kinds,
    live,
    new_invoice,
    pay,
    until,
)

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def child(provider, initials: str, **fields):
    return factories.patient(
        **{"provider": provider, "initials": initials, "email": "moeder@post.example", "surname": "Bakker"} | fields
    )


@pytest.fixture
def children():
    provider = factories.provider()
    return [child(provider, initials) for initials in ("A.", "B.", "C.")]


def test_three_children_of_one_mother_get_one_letter_and_one_fee(children):
    invoices = [new_invoice(amount="50.00", patient=patient) for patient in children]
    until(invoices[0], COSTS_ON)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (D("150.00"), D("40.00"))
    assert sum(charged(invoice)["costs"] for invoice in invoices) == D("40.00")
    for kind in ("reminder", "final_notice", "notice_of_costs"):
        assert kinds(status="sent").count(kind) == 1
    text = " ".join(OutboxMessage.objects.get(kind="final_notice").text.split())
    assert "Aan: A. de Bakker, B. de Bakker, C. de Bakker." in text
    assert "U betaalt ze in één keer, of elke rekening apart, met de links hieronder." in text
    whose = zip(invoices, children, strict=True)
    said = " ".join(f"Rekening {one.number} is van de patiënt met de voorletters {who.initials}" for one, who in whose)
    assert said in text


def test_who_pays_for_children_reads_in_each_mail_of_which_child_it_is_and_no_name(children):
    for patient, relation in zip(children, ("parent", "guardian", ""), strict=True):
        if relation:
            Payer.objects.create(patient=patient, relation=relation, name="R. Mol", email="moeder@post.example")
        new_invoice(patient=patient)
    live(NOTICED)
    mails = OutboxMessage.objects.filter(kind="invoice_notice").order_by("invoice")
    first, second, third = (" ".join(mail.text.split()) for mail in mails)
    assert "Deze e-mail gaat over de patiënt met de voorletters A. U betaalt voor die patiënt." in first
    assert "Deze e-mail gaat over de patiënt met de voorletters B. U betaalt voor die patiënt." in second
    assert "voorletters" not in third, "who pays for themselves knows whose invoice it is"
    assert not any("Bakker" in mail for mail in (first, second, third))


def test_initials_that_all_have_tell_nobody_apart(children):
    twins = [child(children[0].provider, "A."), children[0]]
    same, other = ([factories.invoice(patient=one) for one in pair] for pair in (twins, children[:2]))
    assert patients_apart(same) == {"patients": [], "initials": ""}
    assert patients_apart(other)["patients"] == [(other[0].number, "A."), (other[1].number, "B.")]
    assert patients_apart(same[:1]) == {}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"email": "Moeder@Post.example"}, True),
        ({"surname": "Jansen", "postcode": "1234AB"}, True),  # the same address, typed in another way
        ({"surname": "Jansen"}, True),  # another surname at the same address
        ({"street": "Elders", "postcode": "9999 ZZ", "house_number": "7"}, True),  # the same surname elsewhere
        ({"surname": "Jansen", "postcode": "9999 ZZ"}, False),
        ({"email": "ander@post.example"}, False),
        ({"email": ""}, False),
    ],
)
def test_who_counts_as_one_debtor(other, same, children):
    another = child(children[0].provider, "D.", **other)
    assert (another.pk in patients_of_debtor(children[0])) == same
    assert (children[0].pk in patients_of_debtor(another)) == same


def test_whoever_hangs_together_by_a_third_gets_one_letter_and_one_fee(sink):
    """A surname and a house number in two spellings: the first and the last child share nothing but the mailbox."""
    provider = factories.provider()
    surnames, numbers = ("Vries", "Bakker", "Bakker"), ("1", "1", "7 a")
    chain = [child(provider, "A.", surname=s, house_number=n) for s, n in zip(surnames, numbers, strict=True)]
    keys = [patient.pk for patient in chain]
    assert all(patients_of_debtor(patient) == keys for patient in chain)
    invoices = [new_invoice(amount="98.50", patient=patient) for patient in chain]
    until(invoices[0], NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (D("295.50"), D("44.33"))


def paid_for_by(patient, relation: str = "parent", **fields):
    return Payer.objects.create(
        patient=patient, relation=relation, **{"name": "M. Bakker", "email": "moeder@post.example"} | fields
    )


def test_the_payer_whom_the_practice_named_comes_first(children):
    """Children of other surnames and mailboxes, one named mother: one debtor, and her own invoices with them."""
    one = child(children[0].provider, "E.", surname="Jansen", email="een@post.example", postcode="1111 AA")
    two = child(children[0].provider, "F.", surname="Smit", email="", postcode="2222 BB")
    for patient in (one, two):
        paid_for_by(patient)
    mother = children[0]  # the same mailbox and surname, without a payer
    for patient in (one, two, mother):
        assert {one.pk, two.pk, mother.pk} <= set(patients_of_debtor(patient))
    paid_for_by(children[2], name="V. Ander", email="vader@post.example")
    assert patients_of_debtor(children[2]) == [children[2].pk], "another pays for this one"


def test_whom_an_administrator_pays_for_stay_debtors_apart(children):
    clients = [child(children[0].provider, "G.", surname=name, email="") for name in ("Een", "Twee")]
    for patient in clients:
        paid_for_by(patient, "administrator", name="Kantoor Bewind", email="kantoor@bewind.example")
    assert [patients_of_debtor(patient) for patient in clients] == [[patient.pk] for patient in clients]


def test_who_hang_together_by_a_third_get_one_letter_and_one_fee(children):
    """A shares an address with B, and B a name with C: whoever a letter begins with, the debtor is the same."""
    provider = children[0].provider
    chain = [
        child(provider, "E.", surname="Vries", email="keten@post.example"),
        child(provider, "F.", surname="Smit", email="keten@post.example"),
        child(provider, "G.", surname="Smit", email="keten@post.example", house_number="7"),
    ]
    keys = [patient.pk for patient in chain]
    assert [patients_of_debtor(patient) for patient in chain] == [keys] * 3
    for patient in chain:
        until(new_invoice(amount="98.50", patient=patient), MONDAY)
    live(REMINDED)
    live(NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (D("295.50"), D("44.33"))


def test_a_letter_counts_for_all_whom_it_named_after_one_of_them_moved_on(children):
    """The letter was addressed to the first child, whose mailbox is another one since: it claimed the second's too."""
    invoices = [new_invoice(amount="98.50", patient=patient) for patient in children[:2]]
    until(invoices[0], NOTICED)
    moved, stayed = children[:2]
    moved.email = "vader@post.example"
    moved.save(update_fields=["email"])
    new = new_invoice(amount="98.50", patient=stayed)
    assert charges.costs_to_announce([new], D("98.50"), new.provider, today=LAST_DAY) == D("4.33")
    live(COSTS_ON)
    assert Letter.objects.get(step=Step.FINAL_NOTICE).costs_booked_at
    assert charges.costs_to_announce([new], D("98.50"), new.provider, today=COSTS_ON) <= D("4.33")


def test_another_practice_is_another_creditor(children):
    elsewhere = child(factories.provider(), "A.")
    for patient in (children[0], elsewhere):
        until(new_invoice(patient=patient), MONDAY)
    live(REMINDED)
    live(NOTICED)
    assert kinds(status="sent").count("final_notice") == 2


def test_practices_that_assigned_their_claims_have_one_creditor_and_one_ceiling(children):
    """Two letters, since each practice writes about its own care; the costs are those of one sum (6:96 lid 7 BW)."""
    Provider.objects.filter(pk=children[0].provider_id).update(creditor=Provider.Creditor.OPERATOR)
    elsewhere = child(factories.provider(creditor=Provider.Creditor.OPERATOR), "A.")
    stranger = child(elsewhere.provider, "X.", email="ander@post.example")
    invoices = [new_invoice(patient=patient, amount="100.00") for patient in (children[0], elsewhere, stranger)]
    seen = [forecast_of(invoice.pk, now=at(MONDAY)) for invoice in invoices[1:]]
    assert seen[0] == seen[1], "that somebody owes another practice too is not for this one to know"
    until(invoices[0], COSTS_ON)
    assert sorted(Letter.objects.filter(step=Step.FINAL_NOTICE).values_list("costs_announced", flat=True)) == [
        D("0.00"),
        D("40.00"),
        D("40.00"),
    ]
    costs = [charged(invoice).get("costs", D(0)) for invoice in invoices]
    assert (costs[0] + costs[1], costs[2]) == (D("40.00"), D("40.00"))
    for mail in OutboxMessage.objects.filter(kind="final_notice"):
        text = " ".join(mail.text.split())
        assert "maar één keer over al uw rekeningen samen" in text
        assert not any(said in text for said in ("stonden al", "stond al", "Samen met uw andere"))


def test_two_parents_who_each_pay_for_one_child_get_each_a_letter_about_their_own_part(children):
    """The practice keeps the child under a number for each parent; neither parent reads of the other's invoice."""
    provider = children[0].provider
    for_mother, for_father = [
        new_invoice(patient=child(provider, "Z.", surname="Visser", email="")) for _parent in range(2)
    ]
    paid_for_by(for_mother.patient, name="M. Visser", email="m@post.example")
    paid_for_by(for_father.patient, name="V. Bos", email="v@post.example")
    until(for_mother, COSTS_ON)
    mails = {mail.recipient: mail for mail in OutboxMessage.objects.filter(kind="final_notice")}
    assert mails.keys() == {"m@post.example", "v@post.example"}
    assert for_father.number not in mails["m@post.example"].text
    assert for_mother.number not in mails["v@post.example"].text
    assert "Aan: V. Bos." in " ".join(mails["v@post.example"].text.split())
    assert [charged(invoice)["costs"] for invoice in (for_mother, for_father)] == [D("40.00"), D("40.00")]


@pytest.mark.parametrize("event", ["paid", "held", "plan"])
def test_what_happens_to_one_of_three_between_the_letter_and_the_costs_lowers_the_sum(event, children):
    """One fee over what is left; of the other one nothing is said any more, and its letter is void when it rests."""
    invoices = [new_invoice(amount="400.00", patient=patient) for patient in children]
    until(invoices[0], NOTICED)
    day = NOTICED + timedelta(days=4)
    one = invoices[1]
    if event == "paid":
        pay(one, "400.00", day)
    elif event == "held":
        staff_acts.pause(one, by="staff:els", note="klacht")
    else:
        agreements.agree_installments(one.pk, count=3, first_on=day + timedelta(days=7), by="patient", today=day)
    live(COSTS_ON)
    assert Letter.objects.get(step=Step.FINAL_NOTICE).costs_announced == D("180.00")  # 15% of 1,200
    assert [charged(invoice).get("costs") for invoice in invoices] == [D("60.00"), None, D("60.00")]
    mail = OutboxMessage.objects.get(kind="notice_of_costs")
    assert one.number not in mail.text
    assert all(invoice.number in mail.text for invoice in (invoices[0], invoices[2]))


def test_a_second_child_later_adds_only_what_the_sum_allows(children):
    until(new_invoice(amount="100.00", patient=children[0]), COSTS_ON)
    second = new_invoice(amount="100.00", patient=children[1])
    told = charges.costs_to_announce([second], D("100.00"), second.provider, today=COSTS_ON + timedelta(days=1))
    assert told == D("0.00")


# --- letters that announced nothing still count -------------------------------------------------------


def letter_with_costs(patient, amount: str, costs: str) -> Invoice:
    """Store an invoice whose 14-day letter led to `costs`, computed over `amount`."""
    invoice = new_invoice(amount=amount, patient=patient)
    letter = Letter.objects.create(
        patient=patient, step=Step.FINAL_NOTICE, made_on=NOTICED - timedelta(days=invoice.pk), principal=D(amount),
        costs_announced=D(costs), costs_booked_at=at(COSTS_ON), costs_base=D(amount), sent_on=NOTICED,
        delivered_on=NOTICED, last_day=NOTICED, book_costs_on=COSTS_ON,
    )  # fmt: skip
    ReminderStep.objects.create(
        invoice=invoice, step=Step.FINAL_NOTICE, due_on=invoice.due_on, planned_on=NOTICED,
        status=ReminderStep.Status.TAKEN, letter=letter, principal=D(amount),
    )  # fmt: skip
    if D(costs):
        key = f"letter:{letter.pk}:costs:{invoice.pk}"
        charges.ledger.post(
            invoice, charges.Kind.COSTS, D(costs), external_id=key, occurred_at=at(COSTS_ON), by="dunning"
        )
    return invoice


@pytest.mark.parametrize(
    ("before", "amount", "more"),
    [
        ([("200.00", "40.00"), ("60.00", "0.00")], "100.00", "14.00"),  # 15% of € 360 is € 54
        ([("100.00", "40.00"), ("150.00", "0.00")], "100.00", "12.50"),
        ([("103.77", "40.00"), ("144.11", "0.00")], "19.29", "0.08"),
        ([("100.00", "40.00")], "100.00", "0.00"),
    ],
)
def test_a_letter_whose_costs_came_to_zero_keeps_its_principal_in_the_sum(before, amount, more):
    patient = factories.patient()
    for principal, costs in before:
        letter_with_costs(patient, principal, costs)
    third = new_invoice(amount=amount, patient=patient)
    assert charges.costs_to_announce([third], D(amount), third.provider, today=COSTS_ON) == D(more)


def test_a_letter_whose_costs_were_taken_off_counts_no_more():
    patient = factories.patient()
    first = letter_with_costs(patient, "200.00", "40.00")
    charges.take_off(first, by="staff:els", note="verzoek", forgiven=True)
    third = new_invoice(amount="100.00", patient=patient)
    assert charges.costs_to_announce([third], D("100.00"), third.provider, today=COSTS_ON) == D("40.00")


def test_the_letter_says_why_its_fee_is_small():
    first = new_invoice(amount="180.00")
    new_invoice(amount="100.00", patient=first.patient, days=44)
    for day in (MONDAY, REMINDED, date(2026, 4, 21), NOTICED, date(2026, 5, 8)):
        live(day)
    text = " ".join(OutboxMessage.objects.filter(kind="final_notice").latest("pk").text.replace("\xa0", " ").split())
    assert "€ 2,00 incassokosten" in text
    assert "Samen met uw andere rekening mogen de kosten € 42,00 zijn." in text
    assert "€ 40,00 daarvan stond al in onze brief van 23 april 2026." in text


# --- what the 14-day letter says of who claims and how the sum came about ------------------------------


def test_the_14_day_letter_names_creditor_operator_and_build_up(settings):
    settings.OPERATOR = {
        "name": "Rekeningdienst B.V.", "address": "Kade 1, 3511 AA Utrecht", "kvk": "87654321", "wki": "WKI-0042",
        "phone": "030 123 45 67", "hours": "ma-vr 9-17 uur", "email": "hulp@rekening.example", "iban": "",
    }  # fmt: skip
    provider = factories.provider(name="Praktijk Linde", kvk_number="12345678")
    invoice = until(new_invoice(patient=factories.patient(provider=provider)), REMINDED)
    pay(invoice, "40.00", REMINDED)
    type(invoice.patient).objects.filter(pk=invoice.patient_id).update(surname="Bakker")
    live(NOTICED)
    text = " ".join(OutboxMessage.objects.get(kind="final_notice").text.replace("\xa0", " ").split())
    for said in (
        "Aan: J. de Vries, J. de Bakker. Deze brief sturen wij namens Praktijk Linde",
        "Praktijk Linde, Lindelaan 12, 1234 AB Utrecht, KvK 12345678",
        "Wij zijn Rekeningdienst B.V., Kade 1, 3511 AA Utrecht, KvK 87654321, telefoon 030 123 45 67, WKI-0042",
        "Al betaald: € 40,00",
        "Nog open: € 60,00",
        "Op 8 april 2026 stuurden wij u een herinnering.",
        "Heeft u een klacht over ons? E-mail hulp@rekening.example of bel 030 123 45 67",
        "Geldfit: 0800 8115",
    ):
        assert said in text
    assert "U mag ook een deel betalen" in text


def test_costs_that_stood_are_off_when_a_new_14_day_letter_is_needed():
    """Booked, and paid before anybody told of them; the bank took the money back: the new letter asks for no costs."""
    invoice = until(new_invoice(), NOTICED)
    row = ReminderStep.objects.get(invoice=invoice, step=Step.FINAL_NOTICE)
    key = f"letter:{row.letter_id}:costs:{invoice.pk}"
    charges.ledger.post(invoice, charges.Kind.COSTS, D("40.00"), external_id=key, occurred_at=at(NOTICED), by="dunning")
    ReminderStep.objects.filter(pk=row.pk).update(status=ReminderStep.Status.VOID)
    Invoice.objects.filter(pk=invoice.pk).update(next_step=Step.FINAL_NOTICE, next_step_on=NOTICED)
    live(NOTICED + timedelta(days=1))
    assert charged(invoice) == {"costs": D("0.00")}
    text = OutboxMessage.objects.filter(kind="final_notice").latest("pk").text.replace("\xa0", " ")
    assert "Incassokosten:" not in text
    assert "Betaal € 100,00 binnen vijftien dagen" in " ".join(text.split())
