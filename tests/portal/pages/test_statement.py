"""The statement of account: page, PDF and CSV say the same, and what they come to is the ledger."""

import csv
import io
import re
import subprocess
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.invoices import holds
from billing.ledger.events import Share
from billing.links import new_token
from billing.models import AccessEvent, AllocationNote, Hold, LedgerTransaction, OutboxMessage, RefundRequest, Staff
from billing.money import from_cents
from billing.payments.refunds import BY_PATIENT
from billing.statements.account import statement_of
from guests import throttle
from portal.pages.statement import _DRAWN
from tests import factories
from tests.accessible_pdf import faults_of
from tests.billing.ledger import histories
from tests.drawn import downloaded
from tests.portal.pages.test_document_pages import let_in
from tests.portal.staff.staff_client import signed_in

Kind, Rule = LedgerTransaction.Kind, AllocationNote.Rule
AMOUNTS = ("Te betalen", "Betaald of eraf", "Saldo")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


def book(invoice, kind, amount, event, *, days_ago=0):
    return ledger.post(
        invoice, kind, Decimal(amount), external_id=event, by="test",
        occurred_at=timezone.now() - timedelta(days=days_ago),
    )  # fmt: skip


@pytest.fixture
def invoice():
    """A late invoice with costs and interest, paid in part; another of the same patient paid too much."""
    late = factories.invoice(amount="100.00", issued_on=timezone.localdate() - timedelta(days=90))
    book(late, Kind.COSTS, "40.00", "c", days_ago=10)
    book(late, Kind.INTEREST, "0.50", "i", days_ago=10)
    book(late, Kind.PAYMENT, "-60.00", "tr_1", days_ago=5)
    other = factories.invoice(patient=late.patient, amount="20.00", number="=1+1")
    book(other, Kind.PAYMENT, "-25.00", "tr_2")
    return late


def address(invoice, name="statement"):
    return reverse(name, args=[invoice.token])


def looked_up(invoice):
    client = Client()
    client.post("/", {"reference": invoice.payment_reference})
    return client


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def words(page):
    return re.sub(r"<[^>]+>", "", page.content.decode()).replace("\xa0", " ")


def test_a_reference_shows_this_invoice_alone_without_a_name(invoice):
    page = words(looked_up(invoice).get(address(invoice)))
    assert "Nog te betalen€ 80,50" in page
    assert "incassokosten € 40,00, wettelijke rente € 0,50, de rekening zelf € 19,50" in page
    assert "=1+1" not in page
    assert invoice.patient.surname not in page
    assert not AccessEvent.objects.exists()


def test_after_the_code_all_invoices_of_the_patient_and_the_look_is_written_down(invoice):
    client = let_in(invoice)
    page = client.get(address(invoice)).content.decode()
    assert "=1+1" in page
    assert "€ 75,50" in page.replace("\xa0", " ")
    assert [
        re.search(what + r"</dt><dd class=.digits.>€\s([\d,]+)", page)[1]
        for what in ("Nog te betalen", "U krijgt terug")
    ] == [
        "80,50",
        "5,00",
    ], "credit of one invoice pays another only when its owner says so"
    assert "Wat te veel was, is van u." in page
    assert AccessEvent.objects.filter(data="statement", act=AccessEvent.Act.READ).count() == 1


def test_what_is_on_hold_on_its_way_or_came_from_another_invoice_is_said(invoice, django_assert_num_queries):
    holds.place_hold(invoice, Hold.STAFF, by="test")
    too_much = factories.invoice(patient=invoice.patient, amount="10.00")
    book(too_much, Kind.PAYMENT, "-70.00", "tr_9")
    paid = factories.invoice(patient=invoice.patient, amount="60.00")
    moved = [Share(too_much, Decimal("60.00")), Share(paid, Decimal("-60.00"))]
    now = timezone.now()
    ledger.post_shares(moved, Kind.CREDIT_MOVED, external_id="m", occurred_at=now, by="test")
    book(paid, Kind.PAYMENT, "-10.00", "bank:1")
    book(paid, Kind.REFUND, "10.00", "order:1")
    of_order = {"invoice": paid, "amount": Decimal("10.00"), "asked_by": "test", "order_event": "order:1"}
    request = RefundRequest.objects.create(status="sent", **of_order)
    note = NewCreditNote(number="C-17", issued_on=timezone.localdate(), reason="Fout", amount=Decimal("1.00"))
    credit_notes.take(invoice, note, by="test")
    with translation.override("nl"):
        assert "creditnota C-17" in [line.what for line in statement_of(invoice, whole=False).lines]
        with django_assert_num_queries(2):
            found = statement_of(paid, whole=True)
        assert found.paused == ledger.outstanding(invoice.pk) == found.outstanding
        assert [line.what for line in statement_of(paid, whole=False).lines][1:] == [
            "tegoed van een andere rekening, gebruikt voor deze",
            "betaling ontvangen",
            "terugbetaling onderweg: opdracht gegeven aan de bank",
        ]
        RefundRequest.objects.filter(pk=request.pk).update(status="paid_out")
        assert statement_of(paid, whole=False).lines[-1].what == "terugbetaald"


def test_from_and_to_which_invoice_credit_moved_and_by_which_rule(invoice, tmp_path):
    """Of the child of the same payer too; without the code no number but the own."""
    child = factories.patient(provider=invoice.provider)
    source = factories.invoice(patient=child, amount="10.00", number="KIND-7")
    book(source, Kind.PAYMENT, "-70.00", "tr_9")
    moved = [Share(source, Decimal(60)), Share(invoice, Decimal(-60), words="aan de telefoon")]
    first = ledger.post_shares(moved, Kind.CREDIT_MOVED, external_id="m", occurred_at=timezone.now(), by="staff:an")
    ledger.reverse_shares([source, invoice], first, external_id="u", occurred_at=timezone.now(), by="staff:an")
    chosen = [Share(source, Decimal(5)), Share(invoice, Decimal(-5))]
    ledger.post_shares(chosen, Kind.CREDIT_MOVED, external_id="n", occurred_at=timezone.now(), by=BY_PATIENT)
    came, undone, again = (
        "Tegoed van rekening KIND-7, gebruikt voor deze",
        ": teruggedraaid",
        "U koos dit op onze website.",
    )
    client = let_in(invoice)
    page = words(client.get(address(invoice)))
    rows = rows_of(client.get(address(invoice, "statement_csv")).content)[-3:]
    pdf = tmp_path / "statement.pdf"
    pdf.write_bytes(downloaded(client, address(invoice, "statement_pdf")).content)
    assert faults_of(pdf.read_bytes()) == []
    drawn = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    staffs = "U koos dit, en een medewerker schreef op: ‘aan de telefoon’."
    for said in (came, f"{came}{undone}", staffs, again, "Volgens de wet telt het vanaf de eerste dag"):
        assert said in page
        assert said in " ".join(drawn.split())
    assert [row["Wat"] for row in rows] == [came.replace("T", "t", 1) + end for end in ("", undone, "")]
    assert [row["Waarom"].partition(" Volgens")[0] for row in rows] == [staffs, "", again]
    with translation.override("nl"):
        whole = [line.what for line in statement_of(source, whole=True).lines][2:]
        alone = [line.what for line in statement_of(source, whole=False).lines][2:]
        together = [line.what for line in statement_of(source, whole=False, others=[invoice]).lines]
    to = f"tegoed verplaatst naar rekening {invoice.number}"
    assert whole == [to, f"{to}{undone}", to]
    assert not any(invoice.number in what for what in alone)
    assert together.count(to) == 2
    assert "aan de telefoon" not in words(looked_up(invoice).get(address(invoice)))


def test_pdf_files_are_drawn_up_to_a_limit(invoice):
    client = looked_up(invoice)
    for _drawn in range(_DRAWN.tries):
        assert not throttle.take(_DRAWN, "127.0.0.1", now=timezone.now())
    assert client.get(address(invoice, "statement_pdf")).status_code == 429
    assert client.get(address(invoice)).status_code == 200


def test_nothing_of_another_patient_or_practice_is_in_it(invoice):
    factories.invoice(provider=invoice.provider, number="STRANGE-1")
    factories.invoice(number="STRANGE-2")
    assert b"STRANGE" not in let_in(invoice).get(address(invoice)).content


def test_page_pdf_and_csv_say_the_same(invoice, tmp_path):
    client = let_in(invoice)
    rows = rows_of(client.get(address(invoice, "statement_csv")).content)
    balances = [row["Saldo"] for row in rows]
    assert balances[-1] == "75,50"
    page = client.get(address(invoice)).content.decode().replace("\xa0", " ")
    shown = re.findall(r"<dt>Saldo</dt><dd class=\"digits\">€ ([−\d.,]+)</dd>", page)
    assert shown == balances
    pdf = tmp_path / "statement.pdf"
    pdf.write_bytes(downloaded(client, address(invoice, "statement_pdf")).content)
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    printed = [row.split("€")[-1].strip() for row in text.splitlines() if re.match(r"\s*\d{2}-\d{2}-\d{4}", row)]
    assert printed == balances
    assert invoice.patient.surname in text


def test_why_and_in_whose_words_is_said_and_the_words_only_after_the_code(invoice):
    share = Share(invoice, Decimal("-1.00"), rule=Rule.OLDEST, words="=voor mijn kies")
    ledger.post_shares([share], Kind.PAYMENT, external_id="tr_3", occurred_at=timezone.now(), by="test")
    why = "Eerst voor deze rekening: die was de oudste."
    page = words(looked_up(invoice).get(address(invoice)))
    assert why in page
    assert "mijn kies" not in page
    client = let_in(invoice)
    page = words(client.get(address(invoice)))
    assert why in page
    assert "Daarbij geschreven: ‘=voor mijn kies’" in page
    last = rows_of(client.get(address(invoice, "statement_csv")).content)[-1]
    assert last["Waarom"] == why
    assert last["Woorden van de betaler"] == "'=voor mijn kies", "no program takes it for a formula"


def test_without_the_code_the_references_that_this_browser_proved_can_be_seen_together(invoice):
    sister = factories.invoice(provider=invoice.provider, amount="30.00", number="ZUS-1")
    elsewhere = factories.invoice(amount="7.00", number="ELDERS-1")
    client = looked_up(invoice)
    assert "samen" not in client.get(address(invoice)).content.decode(), "there is nothing to put together"
    for other in (sister, elsewhere):
        client.post("/", {"reference": other.payment_reference})
    alone = client.get(address(invoice)).content.decode()
    assert "ZUS-1" not in alone
    assert f'href="{address(invoice)}?samen"' in alone
    page = words(client.get(address(invoice), {"samen": ""}))
    assert "Nog te betalen€ 110,50" in page
    assert "ZUS-1" in page
    assert "=1+1" not in page, "an invoice of the same patient that nobody proved"
    assert "ELDERS-1" not in page, "another creditor has a balance of its own"
    rows = rows_of(client.get(address(invoice, "statement_csv") + "?samen").content)
    assert rows[-1]["Saldo"] == "110,50"
    assert not AccessEvent.objects.exists()
    assert "ZUS-1" not in words(looked_up(invoice).get(address(invoice), {"samen": ""})), "not in another browser"


class TestStaff:
    def desk(self, invoice, name="billing_invoice_statement"):
        return reverse(f"admin:{name}", args=[invoice.pk])

    @pytest.fixture
    def clerk(self, invoice):
        return signed_in(factories.staff(provider=invoice.provider, role=Staff.Role.CLERK))

    def test_staff_see_the_same_and_the_look_is_written_down(self, invoice, clerk):
        page = words(clerk.get(self.desk(invoice)))
        assert "€ 75,50" in page
        assert "Wat te veel was, is van u." in page
        assert AccessEvent.objects.filter(data="statement", act=AccessEvent.Act.READ, role="clerk").count() == 1
        patients = let_in(invoice).get(address(invoice, "statement_csv")).content
        assert clerk.get(self.desk(invoice, "billing_invoice_statement_csv")).content == patients
        assert downloaded(clerk, self.desk(invoice, "billing_invoice_statement_pdf")).content.startswith(b"%PDF")
        row = clerk.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
        assert f'href="{self.desk(invoice)}"' in row

    def test_a_copy_is_a_mail_with_a_link_once_a_day(self, invoice, clerk):
        assert "krijgt een e-mail met een link" in words(clerk.post(self.desk(invoice), follow=True))
        assert "vandaag al" in words(clerk.post(self.desk(invoice), follow=True))
        mail = OutboxMessage.objects.get(kind="statement_copy")
        assert mail.recipient == invoice.patient.email
        for told in ("75,50", "80,50", "incassokosten"):
            assert told not in mail.text, "the mail tells nothing of what is owed"

    def test_without_an_address_staff_are_told_that_none_leaves(self, invoice, clerk):
        type(invoice.patient).objects.update(email="")
        assert "geen e-mailadres" in words(clerk.post(self.desk(invoice), follow=True))
        assert not OutboxMessage.objects.filter(kind="statement_copy").exists()

    def test_nothing_for_another_practice(self, invoice):
        other = signed_in(factories.staff(role=Staff.Role.APPROVER))
        for name in ("billing_invoice_statement", "billing_invoice_statement_pdf", "billing_invoice_statement_csv"):
            assert other.get(self.desk(invoice, name)).status_code == 404
        assert other.post(self.desk(invoice)).status_code == 404
        assert not OutboxMessage.objects.exists()


def test_a_spreadsheet_computes_nothing(invoice):
    rows = rows_of(let_in(invoice).get(address(invoice, "statement_csv")).content)
    assert "'=1+1" in {row["Nummer rekening"] for row in rows}


def test_a_closed_session_shows_nothing(invoice):
    for name in ("statement", "statement_all", "statement_pdf", "statement_csv"):
        response = Client().get(address(invoice, name))
        assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_the_button_leads_through_the_code_and_back(invoice):
    response = looked_up(invoice).get(address(invoice, "statement_all"))
    assert response.headers["Location"].startswith(reverse("code", args=[invoice.token]))
    assert "overzicht" in response.headers["Location"]


def test_two_hundred_lines_cost_six_queries(invoice):
    for number in range(196):
        book(invoice, Kind.PAYMENT, "-0.01", f"tr_many{number}")
    client = let_in(invoice)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(address(invoice)).content.decode()
    assert page.count("<dt>Saldo</dt>") > 200
    reading = [sql for sql in captured if "SAVEPOINT" not in sql["sql"] and sql["sql"].startswith("SELECT")]
    assert len(reading) <= 6, "\n".join(sql["sql"][:90] for sql in reading)


def figures_on_page(page):
    """Return what each line of the page owes, pays and leaves."""
    lines = page.replace("\xa0", " ").split("<li>\n<p><time")[1:]
    return [
        tuple("".join(re.findall(rf'<dt>{name}</dt><dd class="digits">€ ([−\d.,]+)</dd>', line)) for name in AMOUNTS)
        for line in lines
    ]


def figures_in_pdf(content, folder):
    """Return the same of the rows of the PDF; which column an amount is in is where it begins."""
    file = folder / "statement.pdf"
    file.write_bytes(content)
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True).stdout
    found = []
    for row in text.splitlines():
        if re.match(r"\s*\d{2}-\d{2}-\d{4}", row):
            amounts = re.findall(r"€\s*([−\d.,]+)", row)  # one alone: money that was only allocated anew
            found.append((amounts[-2] if len(amounts) > 1 else "", amounts[-1]))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=6)
@example(seed=20622)  # allocates anew, which moves nothing
@given(seed=st.integers(1, 10**6))
def test_for_any_history_page_pdf_and_csv_parse_to_the_same_figures(tmp_path, seed):
    who = factories.patient(provider=factories.provider(name=f"Praktijk {seed}"))
    model, invoices = histories.play(seed, who, mark=new_token())  # nothing is rolled back here
    client = looked_up(invoices[0])
    rows = rows_of(client.get(address(invoices[0], "statement_csv")).content)
    in_csv = [tuple(row[name] for name in AMOUNTS) for row in rows]
    shown = figures_on_page(client.get(address(invoices[0])).content.decode())
    assert [tuple(cell.replace(".", "").replace("−", "-") for cell in line) for line in shown] == in_csv
    printed = figures_in_pdf(downloaded(client, address(invoices[0], "statement_pdf")).content, tmp_path)
    plain = [tuple(cell.replace(".", "").replace("−", "-") for cell in line) for line in printed]
    assert plain == [(owed or paid, left) for owed, paid, left in in_csv]
    assert Decimal(in_csv[-1][-1].replace(",", ".")) == model.balances[invoices[0].pk], "it closes as the ledger does"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["payment", "costs", "interest", "refund"]), st.integers(1, 9000)), max_size=8)
)
def test_what_it_comes_to_is_the_ledger(history):
    with transaction.atomic():
        row = factories.invoice(amount="80.00")
        for number, (kind, cents) in enumerate(history):
            book(
                row, kind, -from_cents(cents) if kind == "payment" else from_cents(cents), f"e{number}", days_ago=number
            )
        found = statement_of(row, whole=True)
        assert found.closing == ledger.balance(row.pk)
        assert sum(line.amount for line in found.lines) == found.closing
        assert all(sum(amount for _part, amount in line.on) == line.amount for line in found.lines)
        transaction.set_rollback(True)
