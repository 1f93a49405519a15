"""What programs are told of: read from the ledger and the audit trail, by one process at a time, into rows in order.

Nothing that books or decides knows of it, so nothing waits for it. Rows of a transaction that was slow to commit appear
behind others: what is younger than SETTLES is read again, and never twice into the list.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from billing.models import AuditEvent, LedgerTransaction, Posting, Provider
from billing.models.ledger import OF_INVOICE, Account
from billing.rows import insert_rows
from portal.models import ApiEvent, EventMark
from portal.webhooks import queue

SETTLES = timedelta(minutes=10)  # longer than any transaction of ours
AT_ONCE = 2_000
KEPT_DAYS = 400
LEDGER, TRAIL = "ledger", "trail"
Kind = LedgerTransaction.Kind

BOOKED: dict[str, str] = {
    Kind.INVOICED: "invoice.received",
    Kind.PAYMENT: "invoice.paid",
    Kind.RECEIPT: "invoice.paid",
    Kind.REFUND: "invoice.refunded",
    Kind.REPAID: "invoice.refunded",
    Kind.CHARGEBACK: "invoice.payment_reversed",
    Kind.CREDIT_MOVED: "invoice.credit_moved",
    Kind.REDUCTION: "invoice.reduced",
    Kind.CREDITED: "invoice.credited",
    Kind.WRITTEN_OFF: "invoice.written_off",
    Kind.COSTS: "invoice.charged",
    Kind.INTEREST: "invoice.charged",
    Kind.PAYOUT: "payout.ordered",
}
MIRRORED = {Kind.PAYOUT: "payout.returned"}  # of what reverses one of these; of any other it is CORRECTED
CORRECTED = "invoice.corrected"
ACTS: dict[str, str] = {
    "invoice_withdrawn": "invoice.withdrawn",
    "hold_placed": "invoice.held",
    "hold_released": "invoice.released",
    "plan_agreed": "invoice.plan_agreed",
    "plan_completed": "invoice.plan_ended",
    "plan_broken": "invoice.plan_ended",
    "plan_canceled": "invoice.plan_ended",
    "plan_undone": "invoice.plan_ended",
    "message_bounced": "invoice.undelivered",
    "patient_corrected": "patient.corrected",
}
KINDS = tuple(sorted({*BOOKED.values(), *MIRRORED.values(), CORRECTED, *ACTS.values()}))
TEST = "test"


def collect(*, now: datetime | None = None) -> int:
    """Write what happened since the last time for practices whose programs ask, and queue it for their webhooks.

    Return how many events there were.
    """
    now = now or timezone.now()
    users = list(Provider.objects.filter(Q(api_keys__isnull=False) | Q(webhooks__isnull=False)).distinct())
    if not users:
        _skip()
        return 0
    with transaction.atomic():
        found = [*_booked(users, now), *_acts(users, now)]
        found.sort(key=lambda event: event.at)
        made = insert_rows(found)
        queue.queue(made, now=now)
    return len(made)


def _booked(users: Iterable[Provider], now: datetime) -> Iterator[ApiEvent]:
    """Yield the events of new ledger transactions, and of those that appeared behind others."""
    known = ApiEvent.objects.filter(transaction=OuterRef("transaction"))
    sides = Posting.objects.filter(
        Q(account__in=OF_INVOICE) | Q(account=Account.PRACTICE, transaction__kind=Kind.PAYOUT),
        provider__in=users, transaction__kind__in=BOOKED,
    )  # fmt: skip
    new = _unread(LEDGER, LedgerTransaction.objects.all(), "created_at", now)
    wanted = _within(new, "transaction_id")
    columns = ("transaction_id", "invoice_id", "provider_id")
    facts = {"kind": F("transaction__kind"), "reverses": F("transaction__reverses"), "at": F("transaction__created_at")}
    rows = sides.filter(wanted).exclude(Exists(known)).order_by().values(*columns, **facts).distinct()
    for row in rows:
        kind = BOOKED[row["kind"]]
        if row["reverses"] is not None:
            kind = MIRRORED.get(row["kind"], CORRECTED)
        yield ApiEvent(
            provider_id=row["provider_id"], kind=kind, invoice_id=row["invoice_id"],
            transaction_id=row["transaction_id"], at=row["at"],
        )  # fmt: skip


def _acts(users: Iterable[Provider], now: datetime) -> Iterator[ApiEvent]:
    """Yield the events of new acts on invoices, and of those that appeared behind others."""
    known = ApiEvent.objects.filter(audit_event=OuterRef("pk"))
    new = _unread(TRAIL, AuditEvent.objects.all(), "at", now)
    rows = AuditEvent.objects.filter(_within(new, "pk"), invoice__provider__in=users, action__in=ACTS)
    facts = {"provider": F("invoice__provider"), "event": F("pk")}
    new_ones: Any = rows.exclude(Exists(known)).order_by("pk").values("invoice_id", "action", "at", **facts)
    for row in new_ones:
        yield ApiEvent(
            provider_id=row["provider"], kind=ACTS[row["action"]], invoice_id=row["invoice_id"],
            audit_event_id=row["event"], at=row["at"],
        )  # fmt: skip


def _unread(what: str, rows: QuerySet[Any], moment: str, now: datetime) -> tuple[int, int]:
    """Lock the mark and move it on; return between which keys there may be something new."""
    EventMark.objects.bulk_create([EventMark(what=what, **_begin(rows))], ignore_conflicts=True)
    mark = EventMark.objects.select_for_update().get(what=what)
    begin = mark.settled
    keys = list(rows.filter(pk__gt=mark.seen).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    before = (mark.seen, mark.settled)
    mark.seen = keys[-1] if keys else mark.seen
    young = rows.filter(pk__gt=begin, pk__lte=mark.seen, **{f"{moment}__lt": now - SETTLES})
    mark.settled = young.order_by().aggregate(last=Max("pk"))["last"] or begin
    if (mark.seen, mark.settled) != before:
        mark.save(update_fields=["seen", "settled"])
    return begin, mark.seen


def _begin(rows: QuerySet[Any]) -> dict[str, int]:
    last = rows.order_by().aggregate(last=Max("pk"))["last"] or 0
    return {"seen": last, "settled": last}


def _skip() -> None:
    """Move the marks to the end: what was before any program asked is told to none."""
    for what, rows in ((LEDGER, LedgerTransaction.objects.all()), (TRAIL, AuditEvent.objects.all())):
        end = _begin(rows)
        if not EventMark.objects.filter(what=what, **end).exists():
            EventMark.objects.update_or_create(what=what, defaults=end)


def _within(between: tuple[int, int], field: str) -> Q:
    after, last = between
    return Q(**{f"{field}__gt": after, f"{field}__lte": last})


def told(event: ApiEvent) -> dict[str, Any]:
    """Return an event as programs read it: what happened to which invoice, and nothing else."""
    return {
        "id": f"evt_{event.token}",
        "type": event.kind,
        "at": event.at,
        "invoice": event.invoice.number if event.invoice else None,
    }


def delete_old(*, before: datetime) -> int:
    """Delete events older than `before` with their deliveries; return how many there were."""
    return ApiEvent.objects.filter(created_at__lt=before).delete()[0]
