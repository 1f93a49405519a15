"""Orders to the bank for tests, in each of their states, and the statements that prove them."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from banking.details import Details
from banking.models import BankLine, OutgoingBatch, OutgoingOrder
from banking.orders import agreeing, batches, payees
from billing import ledger
from billing.ledger.events import Side
from billing.ledger.verification import discrepancies
from billing.models import Invoice, LedgerTransaction, Posting, Staff
from billing.models.ledger import Account
from billing.money import ZERO
from tests import factories
from tests.banking import lines

Kind, Purpose = LedgerTransaction.Kind, OutgoingOrder.Purpose
PAYER = Details(name="A. de Vries en/of B. Jansen", iban="NL02ABNA0123456789", text="tandarts implantaat")


def people() -> tuple[Staff, Staff]:
    """Return two persons of operations."""
    return factories.staff(role=Staff.Role.OPERATIONS), factories.staff(role=Staff.Role.OPERATIONS)


def book_line(line: BankLine) -> None:
    """Book a line as the matching does before it knows what it is."""
    sides = (Side(Account.BANK, line.amount), Side(Account.UNMATCHED, -line.amount))
    ledger.transfer(Kind.UNMATCHED, sides, external_id=line.event, occurred_at=timezone.now(), by="test")


def unclaimed(amount: str = "25.00") -> BankLine:
    """Return a line that nobody claims and that goes back."""
    line = lines.line(PAYER, amount=Decimal(amount), status=BankLine.Status.SENT_BACK)
    book_line(line)
    return line


def invoice_with_credit(amount: str = "20.00") -> Invoice:
    """Return a settled invoice with so much credit, paid by bank."""
    invoice = factories.invoice(amount=Decimal("50.00"))
    ledger.post(
        invoice, Kind.PAYMENT, -Decimal("50.00") - Decimal(amount), external_id=f"bank:{invoice.pk}",
        occurred_at=timezone.now(), by="test", through=Account.BANK,
    )  # fmt: skip
    return invoice


def order_for(source: Any, *, by: Staff | None, amount: str | None = None) -> OutgoingOrder:
    """Propose an order that pays from this line or invoice."""
    payee = payees.right(PAYER.name, PAYER.iban, "Terugbetaling")
    if isinstance(source, BankLine):
        given: dict[str, Any] = {"line": source, "source": f"line:{source.pk}", "amount": source.amount}
        purpose = Purpose.RETURN
    else:
        given = {"invoice": source, "provider": source.provider, "source": f"credit:{source.pk}"}
        given["amount"] = -ledger.balance(source.pk)
        purpose = Purpose.CREDIT
    if amount:
        given["amount"] = Decimal(amount)
    return agreeing.propose(purpose, payee=payee, by=by, account=lines.account(), **given)


def approved(source: Any) -> OutgoingOrder:
    first, second = people()
    order = order_for(source, by=first)
    assert agreeing.approve(order, by=second)
    order.refresh_from_db()
    return order


def exported(*sources: Any) -> tuple[OutgoingBatch, list[OutgoingOrder]]:
    """Return a batch that was handed out, with an order for each source."""
    batch, *orders = hand_out(*[approved(source) for source in sources])
    return batch, orders


def hand_out(*orders: OutgoingOrder) -> tuple[Any, ...]:
    """Make and hand out a batch of the approved orders; return it and the orders as they are now."""
    batch = batches.make(lines.account(), by="test")
    assert batch
    batches.export(batch, by="test")
    for row in [batch, *orders]:
        row.refresh_from_db()
    return batch, *orders


def wrong() -> list[str]:
    """Return what is wrong in the books, but for the balances of statements: the lines here come without them."""
    return [sentence for sentence in discrepancies() if not sentence.startswith("money at the bank:")]


def debit(reference: str, amount: Decimal, **other: Any) -> tuple[BankLine, Details]:
    """Return a booked debit of which the bank tells this id, as the order's own or as the batch's."""
    said = Details(end_to_end=reference) if reference.startswith("ZR-O") else Details(batch=reference)
    line = lines.line(said, amount=-amount, **other)
    book_line(line)
    return line, said


def sums() -> dict[str, Decimal]:
    """Return the balance of each account that is not zero."""
    found: dict[str, Decimal] = {}
    for posting in Posting.objects.all():
        found[posting.account] = found.get(posting.account, ZERO) + posting.amount
    return {account: amount for account, amount in found.items() if amount}
