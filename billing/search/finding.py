"""Finding patients and invoices by whatever somebody typed, among those that a member of staff may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.ledger import with_balance
from billing.models import Hold, Invoice, Patient, Payer, Posting, Provider
from billing.models.ledger import Account
from billing.models.search import birth_keys
from billing.search.reading import Sought
from billing.tenancy import visible_to

MAX_SHOWN = 20  # patients on the page
MAX_INVOICES = 4  # of a patient who was found as a person: the newest
_CANDIDATES = 200  # of which the best are shown


@dataclass(frozen=True, slots=True)
class Hit:
    """The key of a patient who was found; with those of the invoices that were meant, or none: the person was."""

    patient: int
    invoices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A patient who was found, with the invoices that were meant, or the newest; `others` counts those left out."""

    patient: Patient
    invoices: list[Any] = field(default_factory=list)
    others: int = 0


def find(staff: Any, sought: Sought) -> list[Hit]:
    """Return who and what `sought` may mean, the best first: persons before invoices, and the newest of these first.

    One more than MAX_SHOWN says that there are more than a page shows.
    """
    if not sought:
        return []
    persons = [row.pk for row in _persons(staff, sought)]
    if sought.amount is None:
        invoices = _by_number(staff, sought.numbers)
    else:
        invoices = _by_amount(staff, sought.amount, persons if sought.is_of_person else None)
        persons = []
    meant: dict[int, list[int]] = {}
    for key, patient in invoices:
        meant.setdefault(patient, []).append(key)
    hits = [Hit(key) for key in persons]
    hits += [Hit(key, tuple(of)) for key, of in meant.items() if key not in set(persons)]
    return hits[: MAX_SHOWN + 1]


def load(staff: Any, hits: list[Hit]) -> list[Match]:
    """Return the rows of these hits, of those that this member of staff may see now."""
    patients = visible_to(staff, Patient.objects.select_related("provider"), provider_path="provider")
    by_key = patients.in_bulk([hit.patient for hit in hits])
    rows: dict[int, list[Any]] = {}
    held = Hold.objects.filter(invoice=OuterRef("pk"), released_at=None)
    invoices = with_balance(Invoice.objects.filter(patient__in=by_key)).annotate(held=Exists(held))
    for row in invoices.order_by("-issued_on", "-pk"):
        rows.setdefault(row.patient_id, []).append(row)
    matches = []
    for hit in hits:
        own = rows.get(hit.patient, [])
        shown = [row for row in own if row.pk in hit.invoices] if hit.invoices else own[:MAX_INVOICES]
        if hit.patient in by_key:
            matches.append(Match(by_key[hit.patient], shown, len(own) - len(shown)))
    return matches


def _persons(staff: Any, sought: Sought) -> list[Patient]:
    """Return the patients that the words and the date fit, and those whose numbers hold this one."""
    rows = visible_to(staff, Patient.objects.all(), provider_path="provider")
    found: dict[int, Patient] = {}
    if sought.is_of_person:
        by_word = _of_words(rows, sought.words)
        payers = visible_to(staff, Payer.objects.all(), provider_path="patient__provider")
        by_payer = rows.filter(pk__in=list(_of_words(payers, sought.words).values_list("pk", flat=True)[:_CANDIDATES]))
        for candidates in (by_word, *([by_payer] if sought.words else [])):
            found |= {row.pk: row for row in _born(staff, candidates, sought)}
    for number in sought.numbers:
        found |= {row.pk: row for row in rows.filter(search_text__contains=number)[:_CANDIDATES]}
    return sorted(found.values(), key=lambda row: (*_distance(row, sought), row.surname, row.initials, row.pk))


def _of_words(rows: QuerySet[Any], words: Iterable[str]) -> QuerySet[Any]:
    """Narrow to the rows in which each of the words begins a word."""
    for word in words:
        rows = rows.filter(search_text__contains=f" {word}")
    return rows


def _born(staff: Any, rows: QuerySet[Patient], sought: Sought) -> list[Patient]:
    """Return the candidates that were born then. A date that we know in part agrees with every day in it."""
    if sought.born:
        # In an order, so that PostgreSQL does not read the table until it has found enough.
        return list(rows.filter(birth_key__in=_birth_keys(staff, sought.born)).order_by("birth_key")[:_CANDIDATES])
    candidates = list(rows[:_CANDIDATES])
    if not sought.year:
        return candidates
    return [row for row in candidates if row.identity.get("date_of_birth", "").startswith(sought.year)]


def _birth_keys(staff: Any, born: str) -> list[str]:
    providers = visible_to(staff, Provider.objects.all(), provider_path="pk").values_list("pk", flat=True)
    known = (born, f"{born[:7]}-00", f"{born[:4]}-00-00")
    return [key for provider in providers for text in known for key in birth_keys(provider, text)]


def _distance(row: Patient, sought: Sought) -> tuple[int, ...]:
    """Return how far a row is from what was typed: whole words come before beginnings."""
    have = set(row.search_text.split())
    return (sum(word not in have for word in sought.words), int(not any(n.strip() in have for n in sought.numbers)))


def _by_number(staff: Any, numbers: Iterable[str]) -> list[tuple[int, int]]:
    """Return the keys of the invoices of which a number is a part, each with its patient's, the newest first."""
    wanted = Q()
    for number in numbers:
        wanted |= Q(search_text__contains=number)
    if not wanted:
        return []
    rows = visible_to(staff, Invoice.objects.filter(wanted), provider_path="provider")
    return list(rows.order_by("-pk").values_list("pk", "patient_id")[:_CANDIDATES])


def _by_amount(staff: Any, amount: Decimal, within: list[int] | None) -> list[tuple[int, int]]:
    """Return the keys of the invoices on which this sum was booked, or is owed now, as `_by_number`.

    What is owed is added up, which takes too long over the open invoices of all practices together: operations find by
    it only beside a person.
    """
    booked = visible_to(
        staff,
        Posting.objects.filter(account=Account.PRINCIPAL, amount__in=(amount, -amount)),
        provider_path="provider",
    )
    still_open = visible_to(staff, Invoice.objects.filter(settled_at=None, withdrawn_at=None), provider_path="provider")
    if within is not None:
        booked, still_open = booked.filter(invoice__patient__in=within), still_open.filter(patient__in=within)
    found = {*booked.order_by("-invoice").values_list("invoice", "invoice__patient")[:_CANDIDATES]}
    if within is not None or not staff.is_operations:
        owed = with_balance(still_open).filter(balance=amount)  # type: ignore[misc]
        found |= {*owed.order_by("-pk").values_list("pk", "patient_id")[:_CANDIDATES]}
    return sorted(found, reverse=True)
