"""The run: fees and charges are booked, and what can be paid is proposed to two persons, once a practice and day."""

from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import OutgoingOrder, Payout, PayoutTerms
from banking.orders import agreeing, payees
from banking.orders.followers import Follower
from banking.payouts import due, fees, statements
from billing import audit, ledger
from billing.errors import Refused
from billing.failures import isolated
from billing.ledger.events import Side
from billing.models import LedgerTransaction, Provider, Staff
from billing.models.ledger import Account
from billing.money import ZERO
from billing.transitions import advance

Kind, Status, Why = LedgerTransaction.Kind, Payout.Status, Payout.Why
CARRIED = "payout_carried"  # staff task


def run_day(today: date) -> None:
    """Run for every practice whose rhythm has its day today; a day that was missed is made up for by the next one."""
    for terms in PayoutTerms.objects.select_related("provider"):
        if is_due(terms, today):
            isolated(partial(run, terms.provider, today=today), rule="payout", row=terms.pk)


def is_due(terms: PayoutTerms, today: date) -> bool:
    """Tell whether no run was made since the last day of the practice's rhythm."""
    monday = today - timedelta(days=today.weekday())
    since = monday if terms.rhythm == PayoutTerms.Rhythm.WEEKLY else today.replace(day=1)
    return not Payout.objects.filter(provider=terms.provider_id, run_on__gte=since).exists()


def run(provider: Provider, *, today: date, by: Staff | None = None) -> Payout:
    """Book fees and charges of one practice and propose its payout; return the one that waits, or of today, if any.

    Raises Refused without terms.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        terms = PayoutTerms.objects.filter(provider=locked).select_related("provider").first()
        if terms is None:
            raise Refused(_("There are no terms of payout for this practice yet. Add them first."))
        made = Payout.objects.filter(provider=locked)
        known = made.filter(status=Status.PROPOSED).first() or made.filter(run_on=today).last()
        if known:
            return known
        payout = Payout(provider=locked, number=_number(locked, today), run_on=today, created_at=now, amount=ZERO)
        charged = fees.book(payout, terms, today)
        _book_charges(payout, terms)
        _decide(payout, terms, now)
        payout.save(force_insert=True)
        if charged:
            fees.issue(charged, payout)
        audit.record(
            "payout_made", by=audit.name_of(by) if by else fees.BY, payout=payout.number, amount=str(payout.amount),
            why=payout.why,
        )  # fmt: skip
        if payout.status == Status.CARRIED:
            _carry(payout)
        else:
            _propose(payout, by)
    return payout


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


def _decide(payout: Payout, terms: PayoutTerms, now: datetime) -> None:
    """Set what is paid, or why nothing is."""
    balance = due.balance(payout.provider)
    payout.not_firm, payout.reserve = due.not_firm(payout.provider), due.reserve(terms, now=now)
    amount = balance - payout.not_firm - payout.reserve
    if balance < ZERO:
        payout.why = Why.NEGATIVE
    elif amount <= ZERO or amount < terms.minimum:
        payout.why = Why.TOO_LITTLE
    elif not due.iban_is_settled(payout.provider, now=now):
        payout.why = Why.IBAN
    else:
        payout.amount = amount
        return
    payout.status = Status.CARRIED


def _carry(payout: Payout) -> None:
    statements.close(payout)
    if payout.why != Why.TOO_LITTLE:
        note = f"{payout.number}: {payout.get_why_display()}"
        audit.open_task(CARRIED, dedupe_key=payout.number, note=note)


def _propose(payout: Payout, by: Staff | None) -> None:
    provider = payout.provider
    payee = payees.right(provider.name, provider.iban, f"Uitbetaling {payout.number}")
    payout.order = agreeing.propose(
        OutgoingOrder.Purpose.PAYOUT, payout.amount, payee, source=f"payout:{payout.number}", by=by, provider=provider
    )
    payout.save(update_fields=["order"])


def _book_charges(payout: Payout, terms: PayoutTerms) -> None:
    if terms.charges_to == PayoutTerms.ChargesTo.OPERATOR and (amount := due.charges_of_operator(payout.provider)):
        sides = [Side(Account.PRACTICE, amount, payout.provider), Side(Account.CHARGES, -amount)]
        event = fees.event(payout.number)
        ledger.transfer(Kind.CHARGES, sides, external_id=event, occurred_at=payout.created_at, by=fees.BY)


def _number(provider: Provider, today: date) -> str:
    made = Payout.objects.filter(provider=provider, run_on__year=today.year).count()
    return f"{today.year}-{provider.agb_code}-{made + 1:03d}"
