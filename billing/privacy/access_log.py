"""Writing and proving the access log (NEN 7513). What can't be logged is not shown: writing an event raises then."""

import hashlib
import ipaddress
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from axes.helpers import get_client_ip_address
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from billing import audit
from billing.models import AccessChain, AccessEvent, Invoice

CHAIN_PK = 1
CHUNK = 2000
log = logging.getLogger(__name__)
COVERED = tuple(field.attname for field in AccessEvent._meta.concrete_fields if field.attname not in ("id", "digest"))


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
) -> AccessEvent:
    """Append one event to the chain, commit it and return it; call this BEFORE the data leaves.

    `data` names what is shown ("invoice.pdf"), never its content. `grounds` says how the person was authenticated
    ("sms-code", "staff-totp"). Raises what the database raises: then the caller shows nothing.
    """
    with transaction.atomic():
        chain = AccessChain.objects.select_for_update().get_or_create(pk=CHAIN_PK)[0]
        event = AccessEvent(
            sequence=chain.length + 1,
            act=act,
            invoice=invoice,
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
        event.digest = digest(event, previous=chain.digest)
        event.save(force_insert=True)
        chain.length, chain.digest = event.sequence, event.digest
        chain.save(update_fields=["length", "digest"])
    return event


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


def record_staff(request: HttpRequest, act: AccessEvent.Act, *, invoice: Invoice | None, data: str) -> AccessEvent:
    """Record that the member of staff who is signed in looks at `data`; as `record`."""
    member: Any = request.user
    provider = invoice.provider if invoice else member.provider
    return record(
        act,
        invoice=invoice,
        who=f"staff:{member.pk}",
        role=AccessEvent.Role(member.role),
        data=data,
        grounds="staff-totp",
        organisation=provider.agb_code if member.provider_id else "zorgrekening",
        address=get_client_ip_address(request),
        request_id=request.META["HTTP_X_REQUEST_ID"],
    )


def digest(event: AccessEvent, *, previous: str) -> str:
    """Return the SHA-256 over the event and the digest of the one before it."""
    fields: dict[str, Any] = {name: str(getattr(event, name)) for name in COVERED}
    fields["at"] = event.at.timestamp()  # the same moment, whatever time zone the database answers in
    return hashlib.sha256((previous + json.dumps(fields, sort_keys=True)).encode()).hexdigest()


def of_invoice(invoice: Invoice) -> QuerySet[AccessEvent]:
    """Return every access to the medical data of this invoice, newest first: the list that the patient may read."""
    return AccessEvent.objects.filter(invoice=invoice).order_by("-sequence")


def breaks() -> Iterator[str]:
    """Yield each place where the chain is broken (a row was changed, removed or inserted) as a sentence."""
    chain = AccessChain.objects.filter(pk=CHAIN_PK).first() or AccessChain()
    previous, expected = chain.pruned_digest, chain.pruned_through + 1
    for event in AccessEvent.objects.order_by("sequence").iterator(chunk_size=2000):
        if event.sequence != expected:
            yield f"event {expected} is missing"
        if event.digest != digest(event, previous=previous):
            yield f"event {event.sequence} does not follow from the one before it"
        previous, expected = event.digest, event.sequence + 1
    if (chain.length, chain.digest) != (expected - 1, previous):
        yield f"the log ends at event {expected - 1}, but event {chain.length} was written"


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
            if event.sequence != expected or event.digest != digest(event, previous=previous):
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
