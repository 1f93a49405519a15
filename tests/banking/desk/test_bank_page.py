"""The page of the bank: lines beside proposals, each act on them, and who may see what."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from banking.models import BankLine, LineDecision, LineMatch, OutgoingOrder
from banking.orders import agreeing, payees
from billing import ledger
from billing.errors import Refused
from billing.models import AccessEvent, LedgerTransaction, Staff
from tests import factories
from tests.banking.matching.payments import PAYER, held, owed, paid, settled
from tests.banking.orders import made
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Status, Role = BankLine.Status, Staff.Role


@pytest.fixture
def desk():
    return signed_in(factories.staff(role=Role.OPERATIONS))


@pytest.fixture
def colleague():
    return signed_in(factories.staff(role=Role.OPERATIONS))


def address(line: BankLine) -> str:
    return reverse("admin:bank_line", args=[line.pk])


def shown(desk, line: BankLine) -> str:
    page = desk.get(address(line))
    assert page.status_code == 200
    return page.content.decode()


def act(desk, line: BankLine, act: str = "", **fields: str):
    """Press a button on the page of the line, as it is shown now."""
    key = re.search(r'name="key" value="([^"]+)"', shown(desk, line))[1]
    given = {"key": key, "act": act} | fields
    answer = desk.post(address(line), given)
    line.refresh_from_db()
    return answer


def test_a_line_stands_beside_its_proposal_and_nothing_is_chosen(desk):
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", f"kroon {invoice.payment_reference[:15]}")
    settled(line)
    page = shown(desk, line)
    assert invoice.number in page
    assert "Er mist één cijfer in het betalingskenmerk." in page
    assert f"<mark>{invoice.payment_reference[:15]}</mark>" in page
    assert "checked" not in page
    assert PAYER not in page, "only the end of the account"
    assert PAYER[-4:] in page
    assert act(desk, line, whole=str(invoice.pk)).status_code == 303
    assert (line.status, owed(invoice)) == (Status.BOOKED, 0)
    assert LineMatch.objects.get().rule == LineMatch.Rule.SLIP
    assert made.wrong() == []


def test_each_look_at_a_text_is_in_the_access_log_first(desk):
    invoice = factories.invoice(amount="50.00")
    unknown, booked = paid("10.00", "implantaat"), paid("50.00", invoice.payment_reference)
    settled(unknown, booked)
    before = AccessEvent.objects.count()
    desk.get(reverse("admin:bank"))
    assert AccessEvent.objects.count() == before, "the list opens no text"
    shown(desk, unknown)
    shown(desk, booked)
    looks = AccessEvent.objects.order_by("sequence")[before:]
    assert [(look.data, look.invoice) for look in looks] == [(f"bank line {unknown.pk}", None), ("bank line", invoice)]


def test_a_line_is_split_over_invoices_in_one_transaction(desk):
    first, second = factories.invoice(amount="50.00"), factories.invoice(amount="30.00")
    line = paid("80.00", "twee rekeningen")
    settled(line)
    wrong = {"invoice-1": first.payment_reference, "amount-hand-1": "50,00",
             "invoice-2": second.payment_reference, "amount-hand-2": "29,00"}  # fmt: skip
    answer = act(desk, line, "book", **wrong)
    assert (answer.status_code, line.status) == (422, Status.UNMATCHED)
    assert "De bedragen zijn samen niet het bedrag van de regel." in answer.content.decode()
    assert 'value="29,00"' in answer.content.decode(), "what was typed is still there"
    act(desk, line, "book", **wrong | {"amount-hand-2": "30,00"})
    assert (line.status, owed(first), owed(second)) == (Status.BOOKED, 0, 0)
    assert LedgerTransaction.objects.filter(kind="payment").count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"act": "book"}, "Kies eerst een rekening."),
        ({"act": "book", "invoice-1": "bestaat niet"}, "We hebben geen rekening met dit betalingskenmerk of nummer."),
        ({"act": "book", "amount-hand-1": "5,00"}, "Bij elke rekening hoort een bedrag"),
        ({"act": "other", "reason": "x"}, "Kies wat het is."),
        ({"act": "other", "what": "charges"}, "Schrijf in een paar woorden waarom."),
        ({"act": "send_back"}, "Schrijf in een paar woorden waarom."),
        ({"act": "note"}, "Schrijf eerst de notitie."),
        ({"act": "confirm"}, "Kies een van de knoppen."),
        ({"act": "boo"}, "Kies een van de knoppen."),
        ({"whole": "999"}, "Deze rekening wordt niet meer voorgesteld."),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(desk, fields, sentence):
    line = paid("25.00", "bedankt")
    settled(line)
    answer = act(desk, line, **fields)
    assert (answer.status_code, line.status) == (422, Status.UNMATCHED)
    assert sentence in answer.content.decode()
    assert not LineDecision.objects.exists()


def test_above_the_limit_a_second_person_agrees(desk, colleague):
    invoice = factories.invoice(amount="400.00")
    line = paid("400.00", "nota", told={"iban": ""})
    settled(line)
    act(desk, line, "book", **{"invoice-1": invoice.payment_reference})
    assert (line.status, owed(invoice)) == (Status.UNMATCHED, Decimal("400.00"))
    assert act(desk, line, "confirm").status_code == 422, "not the same person"
    assert act(colleague, line, "confirm").status_code == 303
    assert (line.status, owed(invoice)) == (Status.BOOKED, 0)
    decision = LineDecision.objects.get()
    assert decision.confirmed_by_id not in (None, decision.by_id)


def test_a_second_person_may_refuse_and_then_it_waits_again(desk, colleague):
    invoice = factories.invoice(amount="400.00")
    line = paid("400.00", "nota")
    settled(line)
    act(desk, line, "book", **{"invoice-1": invoice.payment_reference})
    act(colleague, line, "refuse")
    assert (line.status, LineDecision.objects.get().status) == (Status.UNMATCHED, "refused")
    act(colleague, line, "book", **{"invoice-1": invoice.payment_reference})
    act(desk, line, "confirm")
    assert line.status == Status.BOOKED


def test_undoing_is_the_mirror_with_a_reason(desk):
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference)
    settled(line)
    assert act(desk, line, "undo").status_code == 422, "why?"
    act(desk, line, "undo", reason="hoort bij iemand anders")
    assert (line.status, owed(invoice)) == (Status.UNMATCHED, Decimal("50.00"))
    assert held() == {"bank": Decimal("50.00"), "unmatched": Decimal("-50.00")}
    other = factories.invoice(amount="50.00")
    act(desk, line, "book", **{"invoice-1": other.number})
    assert (line.status, owed(other), owed(invoice)) == (Status.BOOKED, 0, Decimal("50.00"))
    assert made.wrong() == []


def test_what_is_for_no_invoice_goes_where_it_belongs_and_can_be_undone(desk):
    line = paid("-5.00", "kosten", kind="transfer")
    settled(line)
    act(desk, line, "other", what="charges", reason="kosten van de bank")
    assert (line.status, held()) == (Status.NOT_OURS, {"bank": Decimal("-5.00"), "fees": Decimal("5.00")})
    act(desk, line, "undo", reason="toch niet")
    assert (line.status, held()) == (Status.UNMATCHED, {"bank": Decimal("-5.00"), "unmatched": Decimal("5.00")})


def test_a_settlement_that_two_people_recognised_once_settles_itself_from_then_on(desk, colleague):
    first = paid("90.00", "settlement 1", told={"iban": "NL02ABNA0123456789"})
    settled(first)
    act(desk, first, "other", what="settlement", reason="Mollie")
    assert first.status == Status.UNMATCHED
    act(colleague, first, "confirm")
    again = paid("10.00", "settlement 2", told={"iban": "NL02ABNA0123456789"})
    assert settled(again).other == 1


def test_a_note_leaves_the_line_waiting(desk, colleague):
    line = paid("25.00", "bedankt")
    settled(line)
    act(desk, line, "note", reason="gebeld met de praktijk")
    assert line.status == Status.UNMATCHED
    assert "gebeld met de praktijk" in shown(colleague, line)


def test_a_doubled_click_books_once(desk):
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference[:15])
    settled(line)
    key = re.search(r'name="key" value="([^"]+)"', shown(desk, line))[1]
    answers = [desk.post(address(line), {"key": key, "whole": str(invoice.pk)}) for _twice in range(2)]
    assert answers[0].status_code == 303
    assert LineDecision.objects.count() == 1
    assert ledger.balance(invoice.pk) == 0


def test_a_form_that_was_sent_before_books_nothing_else(desk):
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference[:15])
    settled(line)
    key = re.search(r'name="key" value="([^"]+)"', shown(desk, line))[1]
    desk.post(address(line), {"key": key, "whole": str(invoice.pk)})
    again = {"key": key, "act": "other", "what": "charges", "reason": "x"}
    assert desk.post(address(line), again).status_code == 422


class TestByLaw:
    """The payer named no invoice (6:43 lid 2 BW): what is due first, then the oldest."""

    @pytest.fixture
    def three(self, settings):
        settings.BANK_SECOND_PERSON_ABOVE = Decimal("50.00")
        who = factories.patient()
        settled(paid("10.00", factories.invoice(patient=who, amount="10.00").payment_reference))
        return [factories.invoice(patient=who, amount="20.00", issued_on=date(2026, month, 1)) for month in (11, 8, 9)]

    def divided(self, desk, line):
        return re.search(r'name="divided" value="([^"]+)"', shown(desk, line))[1]

    def test_the_page_says_the_rule_and_books_it_in_one_transaction(self, desk, three):
        line = paid("45.00", "voor de kinderen")
        settled(line)
        assert "de oudste gaat voor" in shown(desk, line)
        assert act(desk, line, "law", divided=self.divided(desk, line)).status_code == 303
        assert [owed(row) for row in three] == [15, 0, 0]
        (booking,) = LedgerTransaction.objects.filter(kind="payment", allocation_notes__rule="oldest")
        notes = booking.allocation_notes.order_by("pk")
        assert {note.invoice: note.rule for note in notes} == {
            three[1]: "oldest", three[2]: "due", three[0]: "only",
        }  # fmt: skip
        assert {note.text for note in notes} == {"voor de kinderen"}
        assert set(LineMatch.objects.filter(line=line).values_list("rule", flat=True)) == {"law"}
        assert made.wrong() == []

    def test_above_the_limit_it_waits_and_what_changed_meanwhile_is_not_booked(self, desk, colleague, three):
        line = paid("70.00", "zie nota's")
        settled(line)
        assert "wordt tegoed" in shown(desk, line)
        act(desk, line, "law", divided=self.divided(desk, line))
        assert [owed(row) for row in three] == [20, 20, 20]
        settled(paid("5.00", three[1].payment_reference))
        assert act(colleague, line, "confirm").status_code == 422
        assert [owed(row) for row in three] == [20, 15, 20]
        act(colleague, line, "refuse")
        act(desk, line, "law", divided=self.divided(desk, line))
        act(colleague, line, "confirm")
        assert [owed(row) for row in three] == [-15, 0, 0]
        assert made.wrong() == []

    def test_another_division_than_was_shown_is_refused(self, desk, three):
        line = paid("45.00", "bedankt")
        settled(line)
        assert act(desk, line, "law", divided=f"{three[0].pk}:45.00").status_code == 422
        assert LineDecision.objects.filter(line=line).count() == 0

    def test_the_law_does_not_choose_between_two_payers(self, desk, three):
        other = factories.invoice(amount="10.00")
        settled(paid("10.00", other.payment_reference))
        factories.invoice(patient=other.patient, amount="20.00")
        line = paid("45.00", "bedankt")
        settled(line)
        assert 'name="divided"' not in shown(desk, line)


def test_practices_see_only_transfers_on_their_own_invoices(desk):
    invoice, other = factories.invoice(amount="50.00"), factories.invoice(amount="30.00")
    line = paid("50.00", f"kroon {invoice.payment_reference}")
    settled(line, paid("30.00", other.payment_reference))
    for role in (Role.CLERK, Role.APPROVER):
        practice = signed_in(factories.staff(role=role, provider=invoice.provider))
        for page in (reverse("admin:bank"), address(line)):
            assert practice.get(page).status_code == 403
            assert practice.post(page).status_code == 403
        listed = practice.get(reverse("admin:banking_linematch_changelist")).content.decode()
        assert invoice.number in listed
        assert other.number not in listed
        assert "kroon" not in listed
        assert "Geld dat op een rekening wacht" not in practice.get(reverse("admin:index")).content.decode()


def test_the_start_page_counts_what_waits_by_age(desk):
    for day in (date(2026, 11, 1), date(2026, 11, 20), date(2026, 11, 26)):
        settled(paid("25.00", "bedankt", booked_on=day, value_on=day))
    page = desk.get(reverse("admin:index")).content.decode()
    assert "3</strong> regels wachten, €\xa075,00" in page


def test_the_list_takes_the_same_queries_for_many_lines(desk, django_assert_max_num_queries):
    settled(*[paid("25.00", "bedankt") for _ in range(30)])
    with django_assert_max_num_queries(14):
        assert desk.get(reverse("admin:bank")).content.decode().count("bank-row") == 30


def test_money_goes_back_to_the_account_that_it_came_from_by_two_people(desk):
    line = paid("25.00", "verkeerd overgemaakt")
    settled(line)
    act(desk, line, "send_back", reason="hoort niet bij ons")
    order = OutgoingOrder.objects.get()
    payee = payees.of(order)
    assert (line.status, order.status, order.amount) == (Status.SENT_BACK, "proposed", Decimal("25.00"))
    assert (payee.iban, payee.name) == (PAYER, "J. de Vries")
    assert "verkeerd" not in payee.text
    with pytest.raises(Refused):
        agreeing.approve(order, by=order.proposed_by)
    assert act(desk, line, "undo", reason="toch niet").status_code == 422, "the order has to be refused first"
    second = factories.staff(role=Role.OPERATIONS)
    assert agreeing.approve(order, by=second)
    assert held() == {"bank": Decimal("25.00"), "under_way": Decimal("-25.00")}
    agreeing.refuse(order, by=second, reason="toch niet")
    line.refresh_from_db()
    assert (line.status, held()) == (Status.UNMATCHED, {"bank": Decimal("25.00"), "unmatched": Decimal("-25.00")})
    act(desk, line, "send_back", reason="nu wel")
    assert OutgoingOrder.objects.filter(status="proposed").count() == 1
    assert made.wrong() == []


def test_money_without_an_account_cannot_be_sent_back(desk):
    line = paid("25.00", "contant", told={"iban": ""}, kind="cash")
    settled(line)
    answer = act(desk, line, "send_back", reason="weg ermee")
    assert (answer.status_code, line.status) == (422, Status.UNMATCHED)
    assert "De bank zei niet van welke rekening dit kwam." in answer.content.decode()
