"""Verification of the books: every promise of the ledger, checked against the rows with set-based queries."""

from collections.abc import Callable, Iterator

from django.db import connection
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from billing import rooms
from billing.guards import ALL_VERBS
from billing.integrity import publication
from billing.ledger import DEBITS, NEITHER, with_balance
from billing.models import Chargeback, CreditNote, Invoice, LedgerTransaction, Payment, PaymentShare, Posting, Refund
from billing.models.ledger import OF_INVOICE, RECEIVABLE, THROUGH, TRANSFERS, WITH_INVOICE, Account
from billing.money import ZERO, EuroField

Kind = LedgerTransaction.Kind


def discrepancies() -> Iterator[str]:
    """Yield each contradiction between the rows and the promises of the ledger, as a sentence that names only keys."""
    for check in CHECKS:
        yield from check()
    yield from rooms.contradictions()


def _invoiced_once() -> Iterator[str]:
    invoiced = LedgerTransaction.objects.filter(
        kind=Kind.INVOICED, external_id=OuterRef("payment_reference"), reverses=None
    )
    for pk in Invoice.objects.filter(~Exists(invoiced)).values_list("pk", flat=True):
        yield f"invoice {pk}: it must be invoiced exactly once"
    strangers = Posting.objects.filter(transaction__kind=Kind.INVOICED, transaction__reverses=None)
    wrong = strangers.exclude(transaction__external_id=F("invoice__payment_reference"))
    yield from _each(wrong, "posting {}: it invoices another invoice than its transaction says")


def _transactions_add_up_to_nothing() -> Iterator[str]:
    """Each transaction adds up to nothing, so all accounts together do: every posting is of one transaction."""
    wrong = Posting.objects.order_by().values("transaction").annotate(sum=Sum("amount")).exclude(sum=ZERO)
    for pk in wrong.values_list("transaction", flat=True):
        yield f"transaction {pk}: its postings do not add up to nothing"


def _accounts_are_their_own() -> Iterator[str]:
    """Each posting names whose account it is, and each kind moves only its own accounts."""
    nobodys = Posting.objects.filter(account__in=WITH_INVOICE).filter(Q(invoice=None) | Q(provider=None))
    nobodys |= Posting.objects.filter(account=Account.PRACTICE, provider=None)
    yield from _each(nobodys, "posting {}: its account is nobody's")
    others = Posting.objects.exclude(account__in=(*WITH_INVOICE, Account.PRACTICE)).exclude(provider=None)
    yield from _each(others, "posting {}: the account of the operator has no practice")
    # A unique constraint lets rows without an invoice pass: null is equal to nothing.
    by_account = Posting.objects.filter(invoice=None).order_by().values("transaction", "account", "provider")
    for pk in by_account.annotate(rows=Count("pk")).filter(rows__gt=1).values_list("transaction", flat=True):
        yield f"transaction {pk}: two postings on one account"
    strangers = Posting.objects.filter(invoice__isnull=False, provider__isnull=False)
    yield from _each(strangers.exclude(provider=F("invoice__provider")), "posting {}: the invoice of another practice")
    foreign = Q(*[Q(transaction__kind=kind) & ~Q(account__in=own) for kind, own in TRANSFERS.items()], _connector=Q.OR)
    on_invoices = ~Q(transaction__kind__in=TRANSFERS)
    foreign |= on_invoices & ~Q(account__in=(*WITH_INVOICE, Account.PRACTICE, *THROUGH)) | on_invoices & Q(invoice=None)
    yield from _each(Posting.objects.filter(foreign), "posting {}: its kind does not move this account")


def _signs_fit_kinds() -> Iterator[str]:
    own = Posting.objects.filter(account__in=OF_INVOICE, transaction__reverses=None).order_by()
    sums = own.values("transaction", "transaction__kind").annotate(sum=Sum("amount"))
    adds = Q(transaction__kind__in=DEBITS)
    allocates = Q(transaction__kind__in=NEITHER)
    wrong = sums.filter((adds & Q(sum__lt=ZERO)) | (~adds & Q(sum__gt=ZERO)) | (allocates & ~Q(sum=ZERO)))
    for pk in wrong.values_list("transaction", flat=True):
        yield f"transaction {pk}: its sign does not fit its kind"


def _accounts_agree() -> Iterator[str]:
    """Claims are the other side of what patients owe; practices and payers are owed the money that is there."""

    def on(*accounts: Account) -> Sum:
        return Sum("postings__amount", filter=Q(postings__account__in=accounts))

    sums = Invoice.objects.annotate(
        **{account.value: on(account) for account in OF_INVOICE},
        both=on(Account.CLAIMS, *RECEIVABLE),
        held=on(*(account for account in Account if account not in (*RECEIVABLE, Account.CLAIMS))),
    )
    wrong = {
        "claims differ from what is owed": ~Q(both=ZERO),
        "money differs from what is owed to practice and payer": ~Q(held=ZERO),
        "a part is paid beyond nothing": Q(principal__lt=ZERO) | Q(interest__lt=ZERO) | Q(costs__lt=ZERO),
        "a payer owes on a credit": Q(credit__gt=ZERO),
    }
    for sentence, condition in wrong.items():
        for pk in sums.filter(condition).values_list("pk", flat=True):
            yield f"invoice {pk}: {sentence}"


def _settled_is_true() -> Iterator[str]:
    owed = with_balance(Invoice.objects.all())
    wrong = owed.filter(
        Q(balance__gt=ZERO, settled_at__isnull=False) | (Q(balance__lte=ZERO) | Q(balance=None)) & Q(settled_at=None)
    )
    for pk in wrong.values_list("pk", flat=True):
        yield f"invoice {pk}: settled_at contradicts the balance"


def _mirrors_mirror() -> Iterator[str]:
    mirrors = LedgerTransaction.objects.filter(reverses__isnull=False)
    for pk in mirrors.exclude(kind=F("reverses__kind"), reverses__reverses=None).values_list("pk", flat=True):
        yield f"transaction {pk}: it does not mirror the transaction it reverses"
    # Null is equal to nothing in SQL: keys begin at 1, so 0 stands for none.
    keys = {"of": Coalesce("invoice_id", 0), "whose": Coalesce("provider_id", 0)}
    same = {"account": OuterRef("account"), "of": OuterRef("of"), "whose": OuterRef("whose")}
    sides = Posting.objects.annotate(opposite=-1 * F("amount"), **keys)
    theirs = sides.filter(transaction=OuterRef("transaction__reverses"), opposite=OuterRef("amount"), **same)
    ours = sides.filter(transaction__reverses=OuterRef("transaction"), opposite=OuterRef("amount"), **same)
    unmatched = Posting.objects.annotate(**keys).filter(~Exists(theirs), transaction__reverses__isnull=False)
    unmirrored = Posting.objects.annotate(**keys).filter(~Exists(ours), transaction__reversed_by__isnull=False)
    yield from _each(unmatched, "posting {}: it mirrors nothing")
    yield from _each(unmirrored, "posting {}: its transaction is reversed without it")


def _booked(kind: LedgerTransaction.Kind, external_id: str, **match: object) -> Exists:
    return Exists(
        LedgerTransaction.objects.filter(kind=kind, external_id=OuterRef(external_id), reverses=None).filter(**match)
    )


def _standing(kind: LedgerTransaction.Kind, external_id: str) -> Exists:
    """Return the condition that this external event has a transaction that was not reversed."""
    return _booked(kind, external_id, reversed_by=None)


def _payments_are_booked() -> Iterator[str]:
    came = Posting.objects.filter(
        transaction__kind=Kind.PAYMENT, transaction__reverses=None, account=Account.GATEWAY, amount=OuterRef("amount")
    ).filter(invoice=OuterRef("invoice"))
    paid = Payment.objects.filter(status=Payment.Status.PAID, quarantined_at=None)
    same = Exists(came.filter(transaction__external_id=OuterRef("mollie_id")))
    yield from _each(paid.filter(~same, shares=None), "payment {}: paid, but not booked as it was paid")
    shares = PaymentShare.objects.filter(payment__in=paid)
    same = Exists(came.filter(transaction__external_id=OuterRef("payment__mollie_id")))
    yield from _each(shares.filter(~same), "share {}: its payment is paid, but not booked on its invoice")
    unpaid = Payment.objects.exclude(status=Payment.Status.PAID).exclude(mollie_id=None)
    yield from _each(unpaid.filter(_booked(Kind.PAYMENT, "mollie_id")), "payment {}: booked, but not paid")


def _shares_make_their_payment() -> Iterator[str]:
    sums = PaymentShare.objects.order_by().values("payment").annotate(sum=Sum("amount"))
    wrong = sums.exclude(sum=F("payment__amount")).values_list("payment", flat=True)
    for pk in wrong:
        yield f"payment {pk}: its shares do not add up to it"
    has_shares = Exists(PaymentShare.objects.filter(payment=OuterRef("pk")))
    amiss = Payment.objects.exclude(several=has_shares)
    yield from _each(amiss, "payment {}: says wrongly whether it is for several invoices")


def _one_payment_is_offered() -> Iterator[str]:
    """No invoice has a second attempt that is offered; of those without shares the database itself sees to it."""
    now = {"superseded_at": None, "status__in": Payment.LIVE}
    shares = PaymentShare.objects.filter(**{f"payment__{name}": value for name, value in now.items()})
    others = Payment.objects.filter(invoice=OuterRef("invoice"), **now).exclude(pk=OuterRef("payment"))
    shared = shares.filter(invoice=OuterRef("invoice")).exclude(payment=OuterRef("payment"))
    yield from _each(shares.filter(Exists(others) | Exists(shared)), "share {}: its invoice has another live payment")


def _refunds_are_booked() -> Iterator[str]:
    undone = Q(status__in=[Refund.Status.FAILED, Refund.Status.CANCELED])
    standing = _standing(Kind.REFUND, "refund_id")
    yield from _each(Refund.objects.filter(~undone).filter(~standing), "refund {}: paid out, but not booked")
    yield from _each(Refund.objects.filter(undone).filter(standing), "refund {}: undone, but still booked")


def _chargebacks_are_booked() -> Iterator[str]:
    standing = _standing(Kind.CHARGEBACK, "chargeback_id")
    back = Chargeback.objects.filter(reversed_at=None)
    yield from _each(back.filter(~standing), "chargeback {}: taken back, but not booked")
    given = Chargeback.objects.filter(reversed_at__isnull=False)
    yield from _each(given.filter(standing), "chargeback {}: given back, but still booked")


def _credit_notes_are_booked() -> Iterator[str]:
    """Each credit note is booked over its amount, and each such booking has its note: the document that explains it."""
    event = Concat(Value("credit_note:"), Cast("pk", CharField()), output_field=CharField())
    booked = Posting.objects.filter(
        account__in=OF_INVOICE, transaction__kind=Kind.CREDITED, transaction__reverses=None,
        transaction__external_id=OuterRef("event"), invoice=OuterRef("invoice"),
    )  # fmt: skip
    sums = booked.order_by().values("transaction").annotate(sum=-1 * Sum("amount")).values("sum")
    notes = CreditNote.objects.annotate(event=event).annotate(
        booked=Coalesce(Subquery(sums), Value(ZERO), output_field=EuroField())
    )
    yield from _each(notes.exclude(booked=F("amount")), "credit note {}: not booked over its amount")
    known = CreditNote.objects.annotate(event=event).filter(event=OuterRef("external_id"))
    credited = LedgerTransaction.objects.filter(
        kind=Kind.CREDITED, reverses=None, external_id__startswith="credit_note:"
    )
    yield from _each(credited.filter(~Exists(known)), "transaction {}: its credit note is gone")


def _guards_stand() -> Iterator[str]:
    catalog = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(catalog)
        present = {row[0] for row in cursor.fetchall()}
    for table in ("billing_accessevent", *publication.tables()):
        for verb in ALL_VERBS[connection.vendor]:
            if f"{table}_no_{verb}" not in present:
                yield f"table {table}: the guard against {verb} is missing"


def _each(rows: QuerySet, sentence: str) -> Iterator[str]:
    for pk in rows.values_list("pk", flat=True):
        yield sentence.format(pk)


# What the ledger promises of itself, and what it promises of the reports of the gateway.
BOOKS: tuple[Callable[[], Iterator[str]], ...] = (
    _guards_stand,
    publication.contradictions,
    _transactions_add_up_to_nothing,
    _accounts_are_their_own,
    _signs_fit_kinds,
    _accounts_agree,
    _invoiced_once,
    _settled_is_true,
    _mirrors_mirror,
)
CHECKS = (
    *BOOKS,
    _payments_are_booked,
    _shares_make_their_payment,
    _one_payment_is_offered,
    _refunds_are_booked,
    _chargebacks_are_booked,
    _credit_notes_are_booked,
)
