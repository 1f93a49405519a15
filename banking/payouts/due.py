"""What a practice can be paid now: its balance, less money that is not firm yet, less the reserve."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from banking.models import PayoutTerms
from billing.models import IbanChange, LedgerTransaction, Posting, Provider
from billing.models.ledger import OF_INVOICE, Account
from billing.money import ZERO, round_euro

Kind = LedgerTransaction.Kind
RESERVE_DAYS = timedelta(days=90)
IBAN_WAITS = timedelta(days=2)
_CHARGED = (Kind.COSTS, Kind.INTEREST)
_NOT_PAID = (Kind.REDUCTION, Kind.CREDITED, Kind.INSURER_PAID, Kind.WRITTEN_OFF)  # what these take off, no payer paid


def balance(provider: Provider) -> Decimal:
    """Return what the practice's account with us holds in euros: positive is owed to the practice."""
    return -_sum(Posting.objects.filter(provider=provider, account=Account.PRACTICE))


def not_firm(provider: Provider) -> Decimal:
    """Return how much of the practice's money Mollie has not paid out to our bank yet, in euros.

    Mollie pays out the oldest first: what is still there is of the newest payments. One that is there in part counts
    as a whole, so that too little is paid out rather than too much.
    """
    at_gateway = Posting.objects.filter(account=Account.GATEWAY)
    left = _sum(at_gateway)
    found = ZERO
    came_in = at_gateway.filter(amount__gt=ZERO, invoice__isnull=False)
    newest_first = came_in.order_by("-transaction__occurred_at", "-pk").values_list("invoice__provider", "amount")
    rows: Iterable[tuple[int, Decimal]] = newest_first.iterator(chunk_size=500)
    for of, amount in rows:
        if left <= ZERO:
            break
        left -= amount
        found += amount if of == provider.pk else ZERO
    return found


def reserve(terms: PayoutTerms, *, now: datetime) -> Decimal:
    """Return what is kept back for chargebacks, in euros."""
    came_in = -_sum(
        Posting.objects.filter(
            provider=terms.provider_id,
            account=Account.PRACTICE,
            amount__lt=ZERO,
            transaction__kind__in=LedgerTransaction.RECEIVED,
            transaction__occurred_at__gte=now - RESERVE_DAYS,
        )
    )
    return terms.reserve_fixed + round_euro(came_in * Decimal(terms.reserve_percent) / 100)


def charges_of_operator(provider: Provider) -> Decimal:
    """Return the paid collection costs and interest that the operator may still take from the account, in euros.

    Paid is what was charged and is not open any more, by whatever road: money, credit that moved here, or credit that
    was there already when they were charged. Below zero when what was taken was paid back to the payer since.
    """
    of_practice = Posting.objects.filter(provider=provider)
    charged = of_practice.filter(account__in=OF_INVOICE, transaction__kind__in=_CHARGED)
    left = of_practice.filter(account__in=(Account.COSTS, Account.INTEREST)).exclude(transaction__kind__in=_NOT_PAID)
    taken = of_practice.filter(account=Account.PRACTICE, transaction__kind=Kind.CHARGES)
    return _sum(charged) - _sum(left) - _sum(taken)


def iban_is_settled(provider: Provider, *, now: datetime | None = None) -> bool:
    """Tell whether the practice's IBAN has been the same for two days and no other waits."""
    now = now or timezone.now()
    moving = Q(decided_at=None) | Q(approved=True, decided_at__gt=now - IBAN_WAITS)
    return bool(provider.iban) and not IbanChange.objects.filter(moving, provider=provider).exists()


def _sum(postings: QuerySet[Posting]) -> Decimal:
    total: Decimal | None = postings.aggregate(sum=Sum("amount"))["sum"]
    return total or ZERO
