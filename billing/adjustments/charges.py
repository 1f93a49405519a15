"""Charges for late payment: collection costs and interest, booked only when lawfully due."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing import audit, ledger
from billing.adjustments import credit
from billing.invoices import schedule
from billing.invoices.debtors import patients_counted, patients_of_debtor
from billing.law import interest as statutory
from billing.law.costs import collection_costs
from billing.ledger import lock_invoice
from billing.ledger.breakdown import interest_due, parts_of
from billing.ledger.entries import Entry, entries_of, standing_entries
from billing.models import Invoice, LedgerTransaction, Letter, Patient, Posting, Provider, ReminderStep
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO, split, to_cents

Step, Status, Kind = ReminderStep.Step, ReminderStep.Status, LedgerTransaction.Kind
BY = "dunning"
# How long a letter is summed with the next one: 6:96 lid 7 BW sums claims that can be reminded together, without a
# period. For terms of one agreement the decree looks back six months (since 2024-10-01); we do so for all claims. No
# half-year is longer than 184 days.
SUMMED_DAYS = 184
# The end of the external id of a mirror entry: of costs or interest that were forgiven, or that were not due.
WAIVED, TAKEN_OFF = ":waived", ":taken_off"


def costs_to_announce(invoices: Sequence[Invoice], principal: Decimal, provider: Provider, *, today: date) -> Decimal:
    """Return the costs in euros that a 14-day letter over `principal` may announce under the ceiling over all claims.

    A second letter adds only what the sum of both allows beyond the first (6:96 lid 7 BW), so that claims that could
    have been in one letter never cost the minimum twice: not while the first still runs, and not in the half-year
    after its costs were booked.
    """
    patient_ids = patients_counted(invoices[0].patient)
    others = [(letter.principal, letter.costs_announced or ZERO) for letter in _running(patient_ids)]
    return _remaining_ceiling(principal, [*others, *_booked_before(patient_ids, today)], provider)


def letters_counted(invoices: Sequence[Invoice], *, today: date) -> list[tuple[date, Decimal]]:
    """Return (day, costs) of this practice's letters that lower what another one of today may announce, oldest first.

    Those of another practice lower it too, and are told nobody here: that somebody is in care elsewhere, or in arrears
    there, is not for this practice to know.
    """
    patient_ids = patients_of_debtor(invoices[0].patient)
    found = [(m.sent_on or m.made_on, m.costs_announced or ZERO) for m in _running(patient_ids)]
    for letter in _with_costs(patient_ids, today):
        found.append((letter.sent_on or letter.made_on, sum(costs_of(letter).values(), ZERO)))
    return sorted(found)


def letters_about(patient_ids: Sequence[int]) -> QuerySet[Letter]:
    """Select the letters that claim something of one of these patients, to whomever of a family they were addressed."""
    steps = ReminderStep.objects.filter(invoice__patient__in=patient_ids).exclude(letter=None)
    return Letter.objects.filter(pk__in=steps.values("letter"))


def _running(patient_ids: Sequence[int]) -> QuerySet[Letter]:
    """Select the debtor's 14-day letters whose term still runs for something unpaid."""
    runs = ReminderStep.objects.filter(status__in=(Status.COMPOSED, Status.TAKEN), invoice__settled_at=None)
    return letters_about(patient_ids).filter(
        pk__in=runs.exclude(letter=None).values("letter"), step=Step.FINAL_NOTICE, voided_at=None, costs_booked_at=None
    )


def _with_costs(patient_ids: Sequence[int], today: date) -> QuerySet[Letter]:
    """Select the debtor's 14-day letters whose costs were computed within SUMMED_DAYS."""
    since = today - timedelta(days=SUMMED_DAYS)
    return letters_about(patient_ids).filter(step=Step.FINAL_NOTICE, voided_at=None, costs_booked_at__date__gte=since)


def _booked_before(patient_ids: Sequence[int], today: date, *, but: int = 0) -> list[tuple[Decimal, Decimal]]:
    """Return (principal, costs) of the debtor's letters, `but` one, whose costs were computed within SUMMED_DAYS.

    Costs that were computed and came to zero keep their principal in the sum; a letter whose costs were waived or taken
    off counts no more.
    """
    booked = []
    for letter in _with_costs(patient_ids, today).exclude(pk=but):
        if not costs_of(letter, standing=False):
            booked.append((letter.costs_base or ZERO, ZERO))
            continue
        shares = costs_of(letter)
        named = letter.steps.filter(invoice_id__in=shares).values_list("principal", flat=True)
        if shares:
            base = min(letter.costs_base or ZERO, sum((amount or ZERO for amount in named), ZERO))
            booked.append((base, sum(shares.values(), ZERO)))
    return booked


def costs_of(letter: Letter, *, standing: bool = True) -> dict[int, Decimal]:
    """Return the collection costs in euros that this letter led to, by invoice; those reversed since, only if asked."""
    rows = Posting.objects.filter(
        account__in=OF_INVOICE, transaction__kind=Kind.COSTS, transaction__reverses=None,
        transaction__external_id__startswith=f"letter:{letter.pk}:costs:",
    )  # fmt: skip
    if standing:
        rows = rows.filter(transaction__reversed_by=None)
    return dict(rows.order_by().values_list("invoice_id").annotate(sum=Sum("amount")))


def _remaining_ceiling(principal: Decimal, others: Sequence[tuple[Decimal, Decimal]], provider: Provider) -> Decimal:
    """Return what may still be charged on `principal` beside what was charged on `others`, (principal, costs) each."""
    before = sum((amount for amount, _costs in others), ZERO)
    charged = sum((costs for _amount, costs in others), ZERO)
    alone = collection_costs(principal, vat=provider.vat_on_costs)
    return min(alone, max(collection_costs(principal + before, vat=provider.vat_on_costs) - charged, ZERO))


def book_costs(rows: Sequence[ReminderStep], *, today: date, now: datetime) -> None:
    """Book the costs of the 14-day letters of `rows`, whose invoices are locked and whose terms have expired.

    Costs are due over the part still open of the principal that the letter named, never over more, and never above the
    exact amount it announced: a part paid in time lowers them (HR 25-11-2016, ECLI:NL:HR:2016:2704). Whatever `today`
    says, nothing is booked before its day has come by the clock.
    """
    today = min(today, timezone.localdate())
    by_letter: dict[int, list[tuple[Invoice, Decimal]]] = {}
    for row in rows:
        named = ReminderStep.objects.filter(invoice=row.invoice, step=Step.FINAL_NOTICE, status=Status.TAKEN).last()
        if named is None or named.letter_id is None or named.principal is None:
            continue
        if was_settled_since(named):
            continue  # paid in time: what is owed since then is another claim, which that letter never named
        still_open = min(named.principal, parts_of(row.invoice).principal)
        if still_open < named.principal and still_open < settings.COSTS_FROM_REST:
            still_open = ZERO  # nearly all of it was paid in time: costs over a few cents are out of all proportion
        by_letter.setdefault(named.letter_id, []).append((row.invoice, still_open))
    for letter_id, claims in by_letter.items():
        letter = Letter.objects.select_related("patient__provider").get(pk=letter_id)
        if letter.costs_booked_at is None and letter.book_costs_on and letter.book_costs_on <= today:
            open_claims = [(invoice, still_open) for invoice, still_open in claims if still_open > 0]
            _book(letter, open_claims, today=today, now=now)


def was_settled_since(row: ReminderStep) -> bool:
    """Tell whether nothing was left to pay at some moment after the letter of `row` was made."""
    if row.letter is None:
        return False
    owed = ZERO
    for entry in sorted(entries_of(row.invoice), key=lambda entry: (entry.occurred_at, entry.pk)):
        owed += entry.amount
        if owed <= ZERO and timezone.localtime(entry.occurred_at).date() >= row.letter.made_on:
            return True
    return False


def _book(letter: Letter, claims: list[tuple[Invoice, Decimal]], *, today: date, now: datetime) -> None:
    letter.costs_base = sum((still_open for _invoice, still_open in claims), ZERO)
    costs = costs_over(letter, letter.costs_base, today=today)
    letter.costs_booked_at = now
    letter.save(update_fields=["costs_booked_at", "costs_base"])
    if to_cents(costs) < len(claims) or not claims:
        return
    shares = split(costs, [to_cents(still_open) for _invoice, still_open in claims])
    for (invoice, _still_open), share in zip(claims, shares, strict=True):
        ledger.post(
            invoice, Kind.COSTS, share, external_id=f"letter:{letter.pk}:costs:{invoice.pk}", occurred_at=now, by=BY
        )
        audit.record("costs_booked", by=BY, invoice=invoice, amount=str(share))


def costs_over(letter: Letter, base: Decimal, *, today: date) -> Decimal:
    """Return the costs in euros that a 14-day letter leads to over `base`: at most what it announced."""
    named = Patient.objects.filter(invoices__reminder_steps__letter=letter).distinct()
    debtors = {key for patient in [letter.patient, *named] for key in patients_counted(patient)}
    others = _booked_before(sorted(debtors), today, but=letter.pk)
    return min(letter.costs_announced or ZERO, _remaining_ceiling(base, others, letter.patient.provider))


def room_for_costs(letter: Letter, base: Decimal, *, today: date) -> Decimal:
    """Return the costs in euros that all who collect may together still add over `base`, open of a 14-day letter.

    The cap of the law is one for everybody's work; what was waived or taken off of it never comes back (6:160 BW).
    """
    charged = sum(costs_of(letter, standing=False).values(), ZERO)
    return max(costs_over(letter, base, today=today) - charged, ZERO)


def add_costs(invoice: Invoice, letter: Letter, amount: Decimal, *, event: str, by: str, now: datetime) -> None:
    """Book costs that somebody else made on a locked invoice, under the 14-day letter that allows them."""
    key = f"letter:{letter.pk}:costs:{invoice.pk}:{event}"
    if ledger.post(invoice, Kind.COSTS, amount, external_id=key, occurred_at=now, by=by):
        audit.record("costs_booked", by=by, invoice=invoice, amount=str(amount))


def default_day(invoice: Invoice) -> date:
    """Return the first day from which interest counts; `date.max` while the patient is not in default.

    A day that only the invoice names is not fatal: default begins when the term of the reminder has passed (6:82 BW),
    unless the provider agreed its term of payment with its patients (6:83 sub a BW). What was waived never comes back
    (6:160 BW), so interest counts from a waiver on.
    """
    first = invoice.due_on + timedelta(days=1)
    if not invoice.provider.term_agreed_in:
        taken = ReminderStep.objects.filter(invoice=invoice, step=Step.REMINDER, status=Status.TAKEN)
        reminder = taken.select_related("letter").order_by("pk").last()
        if reminder is None:
            return date.max
        first = max(first, schedule.runs_until(reminder) + timedelta(days=1))
    waived = LedgerTransaction.objects.filter(
        postings__invoice=invoice, kind__in=(Kind.COSTS, Kind.INTEREST), external_id__endswith=WAIVED
    )
    last = waived.order_by("occurred_at").values_list("occurred_at", flat=True).last()
    return max(first, timezone.localtime(last).date()) if last else first


def last_day_of_interest(today: date) -> date:
    """Return until which day interest may be booked today: not into a half-year whose rate nobody has confirmed."""
    return min(today, statutory.confirmed_until())


def book_interest(invoices: Sequence[Invoice], *, today: date, now: datetime) -> None:
    """Book the statutory interest up to `today` that was not booked before, unless it rounds to zero.

    When nearly all is paid nothing is booked over the rest, as for costs. Never over days that have not come by the
    clock, nor over those whose rate nobody confirmed.
    """
    today = min(today, timezone.localdate())
    for invoice in invoices:
        if parts_of(invoice).principal < settings.COSTS_FROM_REST:
            continue
        until = last_day_of_interest(today)
        if interest := interest_due(invoice, until=until, default_day=default_day(invoice)):
            event = f"interest:{invoice.pk}:{today}"
            ledger.post(invoice, Kind.INTEREST, interest, external_id=event, occurred_at=now, by=BY)


def take_off(
    invoice: Invoice,
    *,
    by: str,
    note: str = "",
    written: str = "",
    forgiven: bool = False,
    since: date | None = None,
    now: datetime | None = None,
) -> Decimal:
    """Take all costs and interest off an invoice; return their sum in euros.

    Any part that was paid already becomes credit, which staff refund. `note` is a reason of ours, `written` what staff
    typed; `forgiven` and `since` as for `reverse_charges`.
    """
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        waived = reverse_charges(locked, by=by, note=note, written=written, forgiven=forgiven, since=since, now=now)
        if waived:
            last = LedgerTransaction.objects.filter(postings__invoice=locked).latest("pk")
            credit.leave_to_staff(locked, cause=f"waived:{last.pk}", by=by, reason="charges were taken off")
    return waived


def stand(invoice: Invoice, *, since: date | None = None) -> bool:
    """Tell whether costs or interest of the invoice stand, paid or not; with `since`, of that day or later."""
    return any(_stands(entry, since) for entry in standing_entries(invoice))


def _stands(entry: Entry, since: date | None) -> bool:
    before = since is not None and timezone.localtime(entry.occurred_at).date() < since
    return entry.kind in (Kind.COSTS, Kind.INTEREST) and not before


def reverse_charges(
    invoice: Invoice,
    *,
    by: str,
    note: str = "",
    written: str = "",
    forgiven: bool = False,
    since: date | None = None,
    now: datetime | None = None,
) -> Decimal:
    """Reverse the standing costs and interest of a locked invoice; return their sum in euros.

    `forgiven`: the creditor gave them up, and interest counts from now on. Without it they were not due, or not yet.
    `since`: only what was booked on that day or later.
    """
    ends, waived = WAIVED if forgiven else TAKEN_OFF, ZERO
    for entry in standing_entries(invoice):
        if _stands(entry, since):
            event = f"{entry.transaction.external_id}{ends}"
            ledger.reverse(invoice, entry.transaction, external_id=event, occurred_at=now or timezone.now(), by=by)
            waived += entry.amount
    if waived:
        audit.record("charges_waived", by=by, invoice=invoice, written=written, amount=str(waived), reason=note)
    return waived
