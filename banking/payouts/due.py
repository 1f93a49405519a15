"""What a practice can be paid now: its balance, less money that is not firm yet, less the reserve."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    return balances([provider.pk])[provider.pk]


def balances(practices: Collection[int]) -> dict[int, Decimal]:
    """Return the `balance` of each of these practices, by key."""
    return _less({}, _sums(Posting.objects.filter(provider__in=practices, account=Account.PRACTICE)), practices)


def not_firm(practices: Collection[int]) -> dict[int, Decimal]:
    """Return how much of the money of each practice Mollie has not paid out to our bank yet, in euros.

    Mollie pays out the oldest first: what is still there is of the newest payments. One that is there in part counts
    as a whole, so that too little is paid out rather than too much.
    """
    at_gateway = Posting.objects.filter(account=Account.GATEWAY)
    left: Decimal = at_gateway.aggregate(sum=Sum("amount"))["sum"] or ZERO
    found = dict.fromkeys(practices, ZERO)
    came_in = at_gateway.filter(amount__gt=ZERO, invoice__isnull=False)
    newest_first = came_in.order_by("-transaction__occurred_at", "-pk").values_list("invoice__provider", "amount")
    rows: Iterable[tuple[int, Decimal]] = newest_first.iterator(chunk_size=500)
    for of, amount in rows:
        if left <= ZERO:
            break
        left -= amount
        if of in found:
            found[of] += amount
    return found


def reserves(agreed: Sequence[PayoutTerms], *, now: datetime) -> dict[int, Decimal]:
    """Return what is kept back of each practice for chargebacks, in euros."""
    practices = [terms.provider_id for terms in agreed]
    received = Posting.objects.filter(
        provider__in=practices,
        account=Account.PRACTICE,
        amount__lt=ZERO,
        transaction__kind__in=LedgerTransaction.RECEIVED,
        transaction__occurred_at__gte=now - RESERVE_DAYS,
    )
    came_in = _less({}, _sums(received), practices)
    return {
        terms.provider_id: terms.reserve_fixed
        + round_euro(came_in[terms.provider_id] * Decimal(terms.reserve_percent) / 100)
        for terms in agreed
    }


def charges_of_operator(practices: Collection[int]) -> dict[int, Decimal]:
    """Return the paid collection costs and interest that the operator may still take from each account, in euros.

    Paid is what was charged and is not open any more, by whatever road: money, credit that moved here, or credit that
    was there already when they were charged. Below zero when what was taken was paid back to the payer since.
    """
    of_practice = Posting.objects.filter(provider__in=practices)
    charged = of_practice.filter(account__in=OF_INVOICE, transaction__kind__in=_CHARGED)
    left = of_practice.filter(account__in=(Account.COSTS, Account.INTEREST)).exclude(transaction__kind__in=_NOT_PAID)
    taken = of_practice.filter(account=Account.PRACTICE, transaction__kind=Kind.CHARGES)
    paid = _less(_sums(charged), _sums(left), practices)
    return _less(paid, _sums(taken), practices)


def iban_is_settled(provider: Provider) -> bool:
    """Tell whether the practice's IBAN has been the same for two days and no other waits."""
    return provider.pk in with_settled_iban([provider], now=timezone.now())


def with_settled_iban(providers: Iterable[Provider], *, now: datetime) -> set[int]:
    """Return the keys of those of these practices whose IBAN has been the same for two days, while no other waits."""
    known = {provider.pk for provider in providers if provider.iban}
    moving = Q(decided_at=None) | Q(approved=True, decided_at__gt=now - IBAN_WAITS)
    return known - set(IbanChange.objects.filter(moving, provider__in=known).values_list("provider", flat=True))


def _sums(postings: QuerySet[Posting]) -> dict[int, Decimal]:
    return dict(postings.order_by().values_list("provider").annotate(sum=Sum("amount")))


def _less(sums: Mapping[int, Decimal], others: Mapping[int, Decimal], practices: Iterable[int]) -> dict[int, Decimal]:
    return {key: sums.get(key, ZERO) - others.get(key, ZERO) for key in practices}
