"""Verification of the books: every promise of the ledger, checked against the rows with set-based queries."""

from collections.abc import Callable, Iterator

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from billing.guards import ALL_VERBS
from billing.integrity import publication
from billing.models import Chargeback, Invoice, LedgerEntry, Payment, Refund
from billing.money import ZERO

Kind = LedgerEntry.Kind


def discrepancies() -> Iterator[str]:
    """Yield each contradiction between the rows and the promises of the ledger, as a sentence that names only keys."""
    for check in CHECKS:
        yield from check()


def _invoiced_once() -> Iterator[str]:
    invoiced = Count("entries", filter=Q(entries__kind=Kind.INVOICED, entries__reverses=None))
    for pk in Invoice.objects.annotate(invoiced=invoiced).exclude(invoiced=1).values_list("pk", flat=True):
        yield f"invoice {pk}: it must be invoiced exactly once"


def _settled_is_true() -> Iterator[str]:
    owed = Invoice.objects.annotate(sum=Sum("entries__amount"))
    wrong = owed.filter(Q(sum__gt=ZERO, settled_at__isnull=False) | Q(sum__lte=ZERO, settled_at=None))
    for pk in wrong.values_list("pk", flat=True):
        yield f"invoice {pk}: settled_at contradicts the balance"


def _mirrors_mirror() -> Iterator[str]:
    mirrors = LedgerEntry.objects.filter(reverses__isnull=False)
    wrong = mirrors.exclude(
        amount=-F("reverses__amount"), invoice=F("reverses__invoice"), kind=F("reverses__kind"), reverses__reverses=None
    )
    for pk in wrong.values_list("pk", flat=True):
        yield f"entry {pk}: it does not mirror the entry it reverses"


def _booked(kind: LedgerEntry.Kind, external_id: str, **match: object) -> Exists:
    return Exists(
        LedgerEntry.objects.filter(kind=kind, external_id=OuterRef(external_id), reverses=None).filter(**match)
    )


def _standing(kind: LedgerEntry.Kind, external_id: str) -> Exists:
    """Return the condition that this external event has an entry that was not reversed."""
    return _booked(kind, external_id, reversed_by=None)


def _payments_are_booked() -> Iterator[str]:
    same = _booked(Kind.PAYMENT, "mollie_id", amount=-OuterRef("amount"), invoice=OuterRef("invoice"))
    paid = Payment.objects.filter(status=Payment.Status.PAID, quarantined_at=None)
    yield from _each(paid.filter(~same), "payment {}: paid, but not booked as it was paid")
    unpaid = Payment.objects.exclude(status=Payment.Status.PAID).exclude(mollie_id=None)
    yield from _each(unpaid.filter(_booked(Kind.PAYMENT, "mollie_id")), "payment {}: booked, but not paid")


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


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    _guards_stand,
    publication.contradictions,
    _invoiced_once,
    _settled_is_true,
    _mirrors_mirror,
    _payments_are_booked,
    _refunds_are_booked,
    _chargebacks_are_booked,
)
