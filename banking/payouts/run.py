"""The run: fees and charges are booked, and what can be paid is proposed to two persons, once a practice and day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import OutgoingOrder, Payout, PayoutTerms
from banking.orders import agreeing, payees
from banking.orders.followers import Follower
from banking.payouts import due, fees, statements
from billing import audit, ledger
from billing.errors import Refused
from billing.failures import isolated_together
from billing.ledger.events import Side, Transfer
from billing.models import LedgerTransaction, Provider, Staff
from billing.models.ledger import Account
from billing.money import ZERO
from billing.rows import insert_rows
from billing.transitions import advance

Kind, Status, Why = LedgerTransaction.Kind, Payout.Status, Payout.Why
Rhythm = PayoutTerms.Rhythm
CARRIED = "payout_carried"  # staff task
TOGETHER = 100  # practices: so many are locked at once, and wait for no more than their own statements


def run_day(today: date) -> None:
    """Run for every practice whose rhythm has its day today; a day that was missed is made up for by the next one."""
    keys = _due(today)
    for start in range(0, len(keys), TOGETHER):
        act = partial(_run_each, today=today)
        isolated_together(act, keys[start : start + TOGETHER], rule="payout", now=timezone.now())


def _due(today: date) -> list[int]:
    """Return the practices of which no run was made since the last day of their rhythm."""
    found: list[int] = []
    begun = {Rhythm.WEEKLY: today - timedelta(days=today.weekday()), Rhythm.MONTHLY: today.replace(day=1)}
    for rhythm, day in begun.items():
        made = Payout.objects.filter(run_on__gte=day).values("provider")
        found += PayoutTerms.objects.filter(rhythm=rhythm).exclude(pk__in=made).values_list("pk", flat=True)
    return sorted(found)


def run(provider: Provider, *, today: date, by: Staff | None = None) -> Payout:
    """Book fees and charges of one practice and propose its payout; return the one that waits, or of today, if any.

    Raises Refused without terms.
    """
    payout = _run_each([provider.pk], today=today, by=by).get(provider.pk)
    if payout is None:
        raise Refused(_("There are no terms of payout for this practice yet. Add them first."))
    return payout


def _run_each(practices: Sequence[int], *, today: date, by: Staff | None = None) -> dict[int, Payout]:
    """Do as `run` for each of these practices that has terms, whole or not at all; return the payouts by practice."""
    now = timezone.now()
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).filter(pk__in=practices).order_by("pk")
        providers = {provider.pk: provider for provider in locked}
        agreed = {terms.pk: terms for terms in PayoutTerms.objects.filter(pk__in=providers)}
        known = _known(list(agreed), today)
        agreed = {key: terms for key, terms in agreed.items() if key not in known}
        made = _made_this_year(list(agreed), today)
        payouts = [
            Payout(
                provider=providers[key], number=f"{today.year}-{providers[key].agb_code}-{made.get(key, 0) + 1:03d}",
                run_on=today, created_at=now, amount=ZERO,
            )
            for key in sorted(agreed)
        ]  # fmt: skip
        if payouts:
            _make(payouts, agreed, now=now, today=today, by=by)
    return known | {payout.provider_id: payout for payout in payouts}


def _known(practices: Sequence[int], today: date) -> dict[int, Payout]:
    """Return the payouts that wait, and of practices that have none the last of today, by practice."""
    made = Payout.objects.filter(provider__in=practices).order_by("pk")
    of_today = {payout.provider_id: payout for payout in made.filter(run_on=today)}
    waiting = {payout.provider_id: payout for payout in made.filter(status=Status.PROPOSED).order_by("-pk")}
    return of_today | waiting


def _made_this_year(practices: Sequence[int], today: date) -> dict[int, int]:
    made = Payout.objects.filter(provider__in=practices, run_on__year=today.year)
    return dict(made.order_by().values_list("provider").annotate(count=Count("pk")))


def _make(
    payouts: Sequence[Payout], agreed: Mapping[int, PayoutTerms], *, now: datetime, today: date, by: Staff | None
) -> None:
    """Book fees and charges of locked practices and save their payouts, each proposed or carried."""
    charged = fees.book(payouts, agreed, today)
    _book_charges(payouts, agreed)
    _decide(payouts, agreed, now)
    _propose([payout for payout in payouts if payout.status == Status.PROPOSED], by)
    insert_rows(payouts)
    fees.issue(charged, {payout.number: payout for payout in payouts}, today)
    who = audit.name_of(by) if by else fees.BY
    audit.record_all(
        audit.event(
            "payout_made", by=who, invoice=None, payout=payout.number, amount=str(payout.amount), why=payout.why
        )
        for payout in payouts
    )
    for payout in payouts:
        if payout.status == Status.CARRIED:
            _carry(payout)


def approved(order: OutgoingOrder) -> None:
    """Close the statement of a payout whose order both persons approved."""
    payout = Payout.objects.get(order=order)
    advance(payout, Status.ORDERED)
    statements.close(payout)


def paid(order: OutgoingOrder) -> None:
    """Mark a payout as paid: a statement of our bank proves it."""
    advance(Payout.objects.get(order=order), Status.PAID)


def failed(order: OutgoingOrder, by: str) -> None:
    """Mark a payout as not paid; its amount is back on the account by a mirror, and the next run pays it."""
    payout = Payout.objects.get(order=order)
    if payout.status != Status.FAILED:
        advance(payout, Status.FAILED)
        if payout.closed_at is None:
            statements.close(payout)
        audit.record("payout_failed", by=by, payout=payout.number)


def refuse_if_wrong(order: OutgoingOrder) -> None:
    """Raise Refused when the practice's IBAN has changed since the payout was proposed, or is changing."""
    payout = Payout.objects.select_related("provider").get(order=order)
    same = payees.of(order).iban == "".join(payout.provider.iban.split()).upper()
    if not same or not due.iban_is_settled(payout.provider):
        raise Refused(
            _("The IBAN of the practice has changed, or is changing. Refuse this order; the next run makes a new one.")
        )


FOLLOWER = Follower(refuse_if_wrong, approved, paid, failed)


def _decide(payouts: Sequence[Payout], agreed: Mapping[int, PayoutTerms], now: datetime) -> None:
    """Set what is paid by each, or why nothing is."""
    keys = [payout.provider_id for payout in payouts]
    balances, not_firm = due.balances(keys), due.not_firm(keys)
    reserves = due.reserves(list(agreed.values()), now=now)
    settled = due.with_settled_iban([payout.provider for payout in payouts], now=now)
    for payout in payouts:
        key = payout.provider_id
        payout.not_firm, payout.reserve = not_firm[key], reserves[key]
        amount = balances[key] - payout.not_firm - payout.reserve
        if balances[key] < ZERO:
            payout.why = Why.NEGATIVE
        elif amount <= ZERO or amount < agreed[key].minimum:
            payout.why = Why.TOO_LITTLE
        elif key not in settled:
            payout.why = Why.IBAN
        else:
            payout.amount = amount
            continue
        payout.status = Status.CARRIED


def _carry(payout: Payout) -> None:
    statements.close(payout)
    if payout.why != Why.TOO_LITTLE:
        note = f"{payout.number}: {payout.get_why_display()}"
        audit.open_task(CARRIED, dedupe_key=payout.number, note=note)


def _propose(payouts: Sequence[Payout], by: Staff | None) -> None:
    if not payouts:
        return
    purpose, account = OutgoingOrder.Purpose.PAYOUT, agreeing.our_account()
    asked = [
        (
            OutgoingOrder(
                purpose=purpose, amount=payout.amount, source=f"payout:{payout.number}", account=account,
                provider=payout.provider, proposed_by=by,
            ),
            payees.right(payout.provider.name, payout.provider.iban, f"Uitbetaling {payout.number}"),
        )
        for payout in payouts
    ]  # fmt: skip
    for payout, order in zip(payouts, agreeing.propose_each(asked, by=by), strict=True):
        payout.order = order


def _book_charges(payouts: Sequence[Payout], agreed: Mapping[int, PayoutTerms]) -> None:
    operators = PayoutTerms.ChargesTo.OPERATOR
    practices = [key for key, terms in agreed.items() if terms.charges_to == operators]
    amounts = due.charges_of_operator(practices) if practices else {}
    transfers = [
        Transfer(
            [Side(Account.PRACTICE, amount, payout.provider), Side(Account.CHARGES, -amount)],
            fees.event(payout.number), payout.created_at,
        )
        for payout in payouts
        if (amount := amounts.get(payout.provider_id))
    ]  # fmt: skip
    ledger.transfer_each(Kind.CHARGES, transfers, by=fees.BY)
