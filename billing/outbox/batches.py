"""The messages that are due: some of them at a time, and what is read of all of those together."""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import rooms
from billing.failures import due, failed_before, isolated
from billing.invoices import open_links
from billing.models import OutboxMessage

SWEEP_BATCH = 100
SWEEP_AHEAD = 1000  # of so many that are due a sweep draws its next ones, so that two workers seldom draw the same
# Rules that may fail.
DELIVER, CHECK_TOGETHER = "deliver message", "check messages together"


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are due, and what was read for all of them together, without a lock.

    `failed`: on which delivery failed before. `may_leave`: which may leave as long as what is true of their rows.
    `tokens`: those of their invoices. All of it is by the key of message or invoice.
    """

    messages: list[OutboxMessage]
    failed: set[int]
    may_leave: dict[int, Q]
    tokens: dict[int, str]


def queued(now: datetime) -> QuerySet[OutboxMessage]:
    """Return what is queued and due."""
    return OutboxMessage.objects.filter(status=OutboxMessage.Status.QUEUED, next_try_at__lte=now)


def next_due(at: datetime) -> list[OutboxMessage]:
    """Draw the next messages from those that are due; the oldest of them comes first."""
    waiting = due(queued(at), rule=DELIVER, now=at).order_by("next_try_at", "pk")
    keys = list(waiting.values_list("pk", flat=True)[:SWEEP_AHEAD])
    drawn = random.sample(keys, min(SWEEP_BATCH, len(keys)))
    return list(waiting.filter(pk__in=drawn))


def read(messages: list[OutboxMessage], now: datetime) -> Batch:
    """Read what is needed of each of these messages, and what their rooms say of all of them.

    Raises RuntimeError inside a transaction: a claim must be committed before a byte is sent.
    """
    with transaction.atomic(durable=True):
        pass  # so that a claim of one statement needs none of its own; nothing is asked of PostgreSQL
    may_leave: dict[int, Q] = {}
    by_kind = defaultdict(list)
    for message in messages:
        by_kind[message.kind].append(message.pk)
    for kind, keys in by_kind.items():
        announced = rooms.message_kinds().get(kind)
        if announced and announced.may_send_while:
            look = partial(announced.may_send_while, keys, now)
            fine, as_long_as = isolated(look, rule=CHECK_TOGETHER, now=now) or ((), Q())
            may_leave |= dict.fromkeys(fine, as_long_as)
        elif announced is None or announced.may_send is None:
            may_leave |= dict.fromkeys(keys, Q())
    failed = failed_before([message.pk for message in messages], rule=DELIVER)
    tokens = open_links.tokens_of({message.invoice_id for message in messages if message.invoice_id})
    return Batch(messages, failed, may_leave, tokens)
