"""Writing and proving the access log (NEN 7513). What can't be logged is not shown: writing an event raises then.

Each event's digest is made with a key that the database does not hold, and the end of the chain is published daily
outside it: who owns the tables can neither change an event nor write the whole chain anew.
"""

import ipaddress
import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from axes.helpers import get_client_ip_address
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from billing import audit
from billing.integrity import publication
from billing.integrity.keyed import is_digest_of, keyed_digest
from billing.models import AccessChain, AccessEvent, Invoice, Patient
from billing.rows import insert_rows

CHAIN_PK = 1
CHUNK = 2000
SITTING = timedelta(hours=1)  # in which the same person reads the same data of an invoice on one line of the log
FOUND = "search result"  # what the log calls a name in a list of what was found
LISTED = "exported list"  # and what it calls a list that left as a file
ANSWERED = "answer to a file"  # and the references and links in the answer to a file that was handed in
log = logging.getLogger(__name__)
COVERED = tuple(field for field in AccessEvent._meta.concrete_fields if field.attname not in ("id", "digest"))
_PURPOSE = "access_log"


def record(
    act: AccessEvent.Act,
    *,
    invoice: Invoice | None,
    who: str,
    role: AccessEvent.Role,
    data: str,
    grounds: str,
    organisation: str,
    address: str | None = None,
    outcome: AccessEvent.Outcome = AccessEvent.Outcome.SUCCESS,
    request_id: str = "",
    now: datetime | None = None,
    patient: Patient | None = None,
) -> AccessEvent:
    """Append one event to the chain, commit it and return it; call this BEFORE the data leaves.

    `data` names what is shown ("invoice.pdf"), never its content. `grounds` says how the person was authenticated
    ("sms-code", "staff-totp"). Raises what the database raises: then the caller shows nothing.
    """
    event = AccessEvent(
        act=act,
        invoice=invoice,
        patient=patient,
        who=who,
        role=role,
        data=data,
        grounds=grounds,
        organisation=organisation,
        address=str(ipaddress.ip_address(address)) if address else None,
        outcome=outcome,
        request_id=request_id,
        at=now or timezone.now(),
    )
    _append([event])
    return event


def _append(events: list[AccessEvent]) -> None:
    """Append events to the chain in their order, and commit them together."""
    with transaction.atomic():
        chain = AccessChain.objects.select_for_update().get_or_create(pk=CHAIN_PK)[0]
        for event in events:
            event.sequence = chain.length + 1
            event.digest = digest(event, previous=chain.digest)
            chain.length, chain.digest = event.sequence, event.digest
        insert_rows(events)
        chain.save(update_fields=["length", "digest"])


def record_patient(
    request: HttpRequest, act: AccessEvent.Act, *, invoice: Invoice, data: str, grounds: str
) -> AccessEvent:
    """Record that the patient of `invoice` looks at `data`, having proven who they are by `grounds`; as `record`."""
    return record(
        act,
        invoice=invoice,
        who="patient",
        role=AccessEvent.Role.PATIENT,
        data=data,
        grounds=grounds,
        organisation=invoice.provider.agb_code,
        address=get_client_ip_address(request),
        request_id=request.META["HTTP_X_REQUEST_ID"],
    )


def record_staff(
    request: HttpRequest,
    act: AccessEvent.Act,
    *,
    invoice: Invoice | None,
    data: str,
    patient: Patient | None = None,
    outcome: AccessEvent.Outcome = AccessEvent.Outcome.SUCCESS,
) -> AccessEvent:
    """Record that the member of staff who is signed in looks at `data`, or was refused to; as `record`."""
    about: Any = invoice or patient
    return record(act, invoice=invoice, patient=patient, data=data, outcome=outcome, **_of_staff(request, about))


def record_staff_once(request: HttpRequest, *, invoice: Invoice, data: Sequence[str]) -> None:
    """Record that the member of staff who is signed in reads each of `data` of an invoice, together; as `record`.

    What the log says of the same person, address and data within SITTING is not written again: a case is one look,
    however many pages its papers have and however often the page is shown while somebody works on it.
    """
    about, now = _of_staff(request, invoice), timezone.now()
    about["address"] = str(ipaddress.ip_address(about["address"])) if about["address"] else None
    read = {"act": AccessEvent.Act.READ, "invoice": invoice, "outcome": AccessEvent.Outcome.SUCCESS}
    person = {name: about[name] for name in ("who", "role", "organisation", "address")}
    lately = AccessEvent.objects.filter(**read, **person, data__in=data, at__gt=now - SITTING)
    known = set(lately.values_list("data", flat=True))
    if new := [name for name in dict.fromkeys(data) if name not in known]:
        _append([AccessEvent(**read, **about, data=name, at=now) for name in new])


def record_found(request: HttpRequest, patients: Sequence[Patient]) -> None:
    """Record, together, that the member of staff who is signed in gets to see these patients in a list.

    What was typed to find them is nowhere. Without any it is recorded that somebody searched.
    """
    about = _of_staff(request, patients[0] if patients else None)
    about["address"] = str(ipaddress.ip_address(about["address"])) if about["address"] else None
    search, now = AccessEvent.Act.SEARCH, timezone.now()
    rows: list[Patient | None] = [*patients] or [None]
    data = FOUND if patients else "patients"
    _append([AccessEvent(act=search, patient=patient, data=data, at=now, **about) for patient in rows])


def record_program(
    request: HttpRequest, rows: Sequence[Invoice | Patient], *, who: str, organisation: str, data: str
) -> None:
    """Record, together, that a practice's software reads `data` of each of these invoices or patients; as `record`."""
    address, now = get_client_ip_address(request), timezone.now()
    about: dict[str, Any] = {
        "act": AccessEvent.Act.READ,
        "who": who,
        "role": AccessEvent.Role.PROGRAM,
        "data": data,
        "grounds": "api-key",
        "organisation": organisation,
        "address": str(ipaddress.ip_address(address)) if address else None,
        "request_id": request.META["HTTP_X_REQUEST_ID"],
        "at": now,
    }
    if rows:
        _append([AccessEvent(**{"invoice" if isinstance(row, Invoice) else "patient": row}, **about) for row in rows])


def record_leaving(
    request: HttpRequest, act: AccessEvent.Act, *, patients: Collection[int], data: str, otherwise: str
) -> None:
    """Record that data of these patients (keys) leave in one file, an event each: their own list shows it.

    A file about none of them is one event, about `otherwise`. Raises what the database raises, and may have written
    a part by then: then nothing leaves. Others can write between CHUNK events and the next.
    """
    if not patients:
        record_staff(request, act, invoice=None, data=otherwise)
        return
    about, now, keys = _of_staff(request, None), timezone.now(), sorted(patients)
    about["address"] = str(ipaddress.ip_address(about["address"])) if about["address"] else None
    for begin in range(0, len(keys), CHUNK):
        chunk = keys[begin : begin + CHUNK]
        _append([AccessEvent(act=act, patient_id=key, data=data, at=now, **about) for key in chunk])


def _of_staff(request: HttpRequest, about: Any) -> dict[str, Any]:
    """Return who looks, from where and by what right; `about` is the invoice or patient, if there is one."""
    member: Any = request.user
    own = about is not None and about.provider_id == member.provider_id  # saves a query
    provider = about.provider if own else member.provider
    return {
        "who": f"staff:{member.pk}",
        "role": AccessEvent.Role(member.role),
        "grounds": "staff-totp",
        "organisation": provider.agb_code if provider else "zorgrekening",
        "address": get_client_ip_address(request),
        "request_id": request.META["HTTP_X_REQUEST_ID"],
    }


def digest(event: AccessEvent, *, previous: str) -> str:
    """Return the keyed digest over the event and the digest of the one before it."""
    return keyed_digest(_PURPOSE, _covered(event, previous))


def _covered(event: AccessEvent, previous: str) -> list[Any]:
    return [previous, *(field.get_prep_value(getattr(event, field.attname)) for field in COVERED)]


def _follows(event: AccessEvent, *, previous: str) -> bool:
    """Tell whether the digest of `event` is ours, made of these values and of the digest of the one before it."""
    return is_digest_of(event.digest, _PURPOSE, _covered(event, previous))


def publish_end(*, now: datetime, anew: bool = False) -> None:
    """Publish the end of the chain outside the database, so that it can't be written anew from there on.

    `anew` begins again, for a database that was restored.
    """
    with publication.alone():
        chain = AccessChain.objects.filter(pk=CHAIN_PK).first() or AccessChain()
        before = publication.publications(_PURPOSE)
        if anew or not before or before[-1].through != chain.length:
            length = chain.length
            publication.append(
                publication.Publication(_PURPOSE, now.isoformat(), length, length, chain.digest, anew=anew)
            )


def of_invoice(invoice: Invoice) -> QuerySet[AccessEvent]:
    """Return every access to the data of this invoice or its patient, newest first: the list for the patient."""
    about = Q(invoice=invoice) | Q(invoice=None, patient=invoice.patient_id)
    return AccessEvent.objects.filter(about).order_by("-sequence")


def breaks() -> Iterator[str]:
    """Yield each place where the chain is broken (a row was changed, removed or inserted) as a sentence."""
    chain = AccessChain.objects.filter(pk=CHAIN_PK).first() or AccessChain()
    previous, expected = chain.pruned_digest, chain.pruned_through + 1
    for event in AccessEvent.objects.order_by("sequence").iterator(chunk_size=2000):
        if event.sequence != expected:
            yield f"event {expected} is missing"
        if not _follows(event, previous=previous):
            yield f"event {event.sequence} does not follow from the one before it"
        previous, expected = event.digest, event.sequence + 1
    if (chain.length, chain.digest) != (expected - 1, previous):
        yield f"the log ends at event {expected - 1}, but event {chain.length} was written"
    yield from publication.forged()
    for published in publication.publications(_PURPOSE):
        if published.through > chain.pruned_through and not _stands(published):
            yield f"event {published.through} is not the one that was published {published.at}"


def _stands(published: publication.Publication) -> bool:
    return AccessEvent.objects.filter(sequence=published.through, digest=published.digest).exists()


def prune(*, before: datetime) -> int:
    """Delete the events from the beginning of the log to the first one not older than `before`; return how many.

    The chain stores the digest of the last deleted event, so that the remaining log can still be verified. A log that
    is broken there keeps everything: it is evidence. The database refuses to delete events younger than five years
    (NEN 7513).
    """
    count = 0
    while deleted := _prune_chunk(before):
        count += deleted
    return count


def _prune_chunk(before: datetime) -> int:
    with transaction.atomic():
        chain = AccessChain.objects.select_for_update().get_or_create(pk=CHAIN_PK)[0]
        oldest = list(AccessEvent.objects.order_by("sequence")[:CHUNK])
        aged = list(takewhile(lambda event: event.at < before, oldest))
        previous, expected = chain.pruned_digest, chain.pruned_through + 1
        for event in aged:
            if event.sequence != expected or not _follows(event, previous=previous):
                log.error("the access log is broken, so it is not pruned: see verify_access_log")
                return 0
            previous, expected = event.digest, event.sequence + 1
        if aged:
            through = AccessEvent.objects.filter(sequence__lt=expected)
            through._raw_delete(through.db)  # nothing refers to an event; Django would fetch every row first
            chain.pruned_through, chain.pruned_digest = expected - 1, previous
            chain.save(update_fields=["pruned_through", "pruned_digest"])
            audit.record("access_log_pruned", by="system", through=expected - 1, digest=previous)
    return len(aged)
