"""Handing in: invoices, credit notes and corrections of patients, by the rules of a batch and no others."""

from datetime import date
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from billing import audit
from billing.invoices import intake
from portal.api import bodies
from portal.api.once import once
from portal.intake import checking, writing
from portal.intake.checking import Chunk, ItemReader
from portal.intake.result import BatchResult
from portal.models import ApiKey

INVOICES, PATIENTS, CREDIT_NOTES = "invoices", "patients", "credit_notes"


def take(request: HttpRequest, key: ApiKey, kind: str) -> dict[str, Any]:
    """Take what the body holds of `kind`, all of it or nothing, and return what was done, by number.

    Raises Problem with every error that a batch would have.
    """
    body = bodies.read(request)
    result = BatchResult(dry_run=False)
    given = bodies.items_of(body, kind, result)
    today = timezone.localdate()

    def act() -> dict[str, Any]:
        chunk = _checked(kind, given, result, today)
        return _write(key, kind, chunk, given, result, today)

    return once(request, key, body, act)


def take_one(request: HttpRequest, key: ApiKey, kind: str, item: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Take one item, of which a part stood in the address of the request; as `take`, with an idempotency key."""
    result, given, today = BatchResult(dry_run=False), bodies.Given([item], is_one=True), timezone.localdate()
    return once(
        request,
        key,
        body,
        lambda: _write(key, kind, _checked(kind, given, result, today), given, result, today),
    )


def correct(key: ApiKey, item: dict[str, Any]) -> int:
    """Correct a known patient; return 1 when something changed. Doing it again changes nothing."""
    result, given, today = BatchResult(dry_run=False), bodies.Given([item], is_one=True), timezone.localdate()
    chunk = _checked(PATIENTS, given, result, today)
    with transaction.atomic():
        intake.lock_provider(key.provider_id)
        _write(key, PATIENTS, chunk, given, result, today)
    return result.patients_updated


def check(request: HttpRequest, key: ApiKey, kind: str) -> dict[str, Any]:
    """Return what `take` would do, and change nothing. Raises Problem as it does."""
    result = BatchResult(dry_run=True)
    given = bodies.items_of(bodies.read(request), kind, result)
    chunk = _checked(kind, given, result, timezone.localdate())
    known = set(intake.known_fingerprints(key.provider, [item.number for item in chunk.invoices]))
    checking.compare(key.provider, chunk, result)
    bodies.refuse(result, kind, is_one=given.is_one)
    return {"numbers": [[item.number, item.number not in known] for item in chunk.invoices]}


def _checked(kind: str, given: bodies.Given, result: BatchResult, today: date) -> Chunk:
    """Return the items that are right by themselves. Raises Problem when one is not."""
    chunk, reader = Chunk(), ItemReader(2, result, today)
    for place, item in enumerate(given.items):
        reader.read(kind, place, item, chunk)
    bodies.refuse(result, kind, is_one=given.is_one)
    return chunk


def _write(
    key: ApiKey, kind: str, chunk: Chunk, given: bodies.Given, result: BatchResult, today: date
) -> dict[str, Any]:
    """Write the chunk, in the transaction of the caller, and return what was done. Raises Problem."""
    provider = key.provider
    numbers = [item.number for item in chunk.invoices]
    known = set(intake.known_fingerprints(provider, numbers)) if numbers else set()
    notes = [note.number for note in chunk.credit_notes]
    try:
        writing.write_chunk(chunk, provider, result, today, key.actor)
    except writing.RollBack:
        bodies.refuse(result, kind, is_one=given.is_one)
    if result.new or result.credited or result.patients_updated:
        counts: dict[str, Any] = {"new": result.new, "known": result.known, "credited": result.credited}
        audit.record("batch_imported", by=key.actor, provider=provider.agb_code, **counts)
    new_notes = {note.number for note in chunk.credit_notes}  # `compare` leaves only those not taken before
    return {
        "numbers": [[number, number not in known] for number in numbers]
        or [[number, number in new_notes] for number in notes],
        "patients": [result.patients_created, result.patients_updated],
    }
