"""What the database knows of the numbers and accounts in lines: one query for a thousand of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db.models import Count

from banking.details import counter_hash
from banking.matching.decide import Known
from banking.models import BankAccount, LineDecision, LineMatch
from billing.ledger import with_balance
from billing.models import Invoice
from billing.money import ZERO

T = TypeVar("T")
AT_ONCE = 1_000
_MOST_PERSONS = 10  # for whom one account paid: more is an administrator, and says nothing about whose invoice it is
_COLUMNS = ("pk", "payment_reference", "balance", "number", "provider__name", "withdrawn_at", "erased_at")


def by_reference(references: Iterable[str]) -> dict[str, Known]:
    """Return the invoices that have one of these payment references, by reference."""
    found: dict[str, Known] = {}
    for some in _chunks(set(references)):
        rows = with_balance(Invoice.objects.filter(payment_reference__in=some)).values_list(*_COLUMNS)
        found |= {row[1]: _known(*row) for row in rows}
    return found


def by_number(numbers: Iterable[str]) -> dict[str, list[Known]]:
    """Return the open invoices that have one of these invoice numbers, by number: each practice has its own."""
    found: dict[str, list[Known]] = defaultdict(list)
    for some in _chunks(set(numbers)):
        open_ = Invoice.objects.filter(number__in=some, settled_at=None, withdrawn_at=None, erased_at=None)
        for row in with_balance(open_).order_by("pk").values_list(*_COLUMNS):
            found[row[3]].append(_known(*row))
    return found


def by_id(invoice_ids: Iterable[int]) -> dict[int, Known]:
    """Return these invoices by key."""
    rows = with_balance(Invoice.objects.filter(pk__in=list(invoice_ids))).values_list(*_COLUMNS)
    return {row[0]: _known(*row) for row in rows}


def of_payers(hashes: Iterable[str]) -> dict[str, list[tuple[Known, int]]]:
    """Return by account the open invoices of the persons for whom it paid before, with how many it paid of each.

    What is due comes first, the oldest of it first (6:43 lid 2 BW). Only payments whose reference was exact count.
    """
    paid: dict[str, dict[int, int]] = defaultdict(dict)
    for some in _chunks(set(filter(None, hashes))):
        exact = LineMatch.objects.filter(
            rule=LineMatch.Rule.EXACT, decision__status=LineDecision.Status.DONE, line__counter_hash__in=some
        )
        counts = exact.order_by().values_list("line__counter_hash", "invoice__patient").annotate(count=Count("pk"))
        for account, patient_id, count in counts:
            paid[account][patient_id] = count
    persons = {patient for patients in paid.values() if len(patients) <= _MOST_PERSONS for patient in patients}
    of_person: dict[int, list[Known]] = defaultdict(list)
    for keys in _chunks(persons):
        open_ = Invoice.objects.filter(patient__in=keys, settled_at=None, withdrawn_at=None, erased_at=None)
        rows = with_balance(open_).order_by("due_on", "pk").values_list("patient", *_COLUMNS)
        for row in rows:
            of_person[row[0]].append(_known(*row[1:]))
    return {
        account: [(invoice, count) for patient, count in patients.items() for invoice in of_person[patient]]
        for account, patients in paid.items()
    }


def own_accounts() -> frozenset[str]:
    """Return the keyed hashes of our own bank accounts."""
    return frozenset(map(counter_hash, BankAccount.objects.values_list("iban", flat=True)))


def gateways() -> frozenset[str]:
    """Return the keyed hashes of the accounts from which Mollie pays out: those of the setting, and those that two
    persons recognised once."""
    recognised = LineDecision.objects.filter(
        what=LineDecision.What.SETTLEMENT, status=LineDecision.Status.DONE, confirmed_by__isnull=False
    )
    learnt = recognised.exclude(line__counter_hash="").values_list("line__counter_hash", flat=True).distinct()
    return frozenset(map(counter_hash, settings.BANK_GATEWAY_IBANS)) | frozenset(learnt)


def _known(
    pk: int, reference: str, balance: Decimal | None, number: str, provider: str, withdrawn: object, erased: object
) -> Known:
    return Known(pk, reference, balance or ZERO, number, provider, withdrawn is not None, erased is not None)


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    rows = list(values)
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
