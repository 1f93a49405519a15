"""What one person asks for and another decides about: the four eyes of every act and of every `ChangeByTwo`.

Two accounts are two persons once somebody else than who let one of them in has agreed to them. Else an approver could
invite themselves under another name, as a clerk, and agree to what that clerk asks.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.errors import Refused, Stale
from billing.house_rules import rule_of
from billing.models import Invoice, Membership, Provider, Staff

ALONE_WITHIN = timedelta(days=1)


def is_too_much(provider: Provider, rule: str, *, here: Decimal, in_a_day: Decimal) -> bool:
    """Tell whether a second person has to agree, by a rule of the practice: amounts in euros, with the new one.

    `here`: what is decided about one thing. `in_a_day`: what all of the practice decided alone within a day, whatever
    the account, so that several accounts are worth no more than one. Whoever decides holds `lock_practices`, so that
    what somebody else decides at the same moment counts.
    """
    limit: Decimal = rule_of(provider, rule)
    return here > limit or in_a_day > settings.ALONE_A_DAY_TIMES * limit


def lock_practices(invoice_ids: Iterable[int]) -> None:
    """Let nobody else decide alone about money of these invoices' practices until the transaction ends.

    Call it before the invoices are locked, as an import locks its practice first: the other way round two of them can
    deadlock. On SQLite the transaction does the same.
    """
    practices = Invoice.objects.filter(pk__in=list(invoice_ids)).values("provider")
    list(Provider.objects.select_for_update(no_key=True).filter(pk__in=practices).order_by("pk").values_list("pk"))


def person(by: str) -> str:
    """Return who is meant by an actor: somebody may ask by a command and sign in at the desk under one name."""
    return by.partition(":")[2].casefold() or by


def refuse_own(asked: Any, *, approved: bool, by: str, practice: int | None = None) -> None:
    """Raise Refused when whoever asked for a change, or somebody new, would approve it. They may take it back."""
    if not approved:
        return
    if person(by) == person(asked.asked_by):
        raise Refused(_("You asked for this change yourself. Somebody else has to approve it."))
    refuse_new(asked.asked_by, by, practice=practice)


def refuse_new(first: Staff | str | None, second: Staff | str, *, practice: int | None) -> None:
    """Raise Refused when nobody has agreed yet to one of two who decide for a practice, or for us when it is None.

    Who acts by a command of the server is as good as whoever runs it, and a patient is nobody's colleague.
    """
    if _is_new(second, practice):
        raise Refused(_("You are new here. First another approver than who let you in, or we, have to agree to you."))
    if first is not None and _is_new(first, practice):
        raise Refused(_("Who asked this is new. First another approver than who let them in, or we, agree to them."))


def _is_new(who: Staff | str, practice: int | None) -> bool:
    if isinstance(who, str):
        named = Staff.objects.filter(username=who.removeprefix("staff:")).first() if who.startswith("staff:") else None
        if named is None:
            return False
        who = named
    begins = Staff.objects.filter(pk=who.pk, introduced_by__isnull=False)
    if begins.filter(provider=practice).exists() or begins.filter(role=Staff.Role.OPERATIONS).exists():
        return True
    return Membership.objects.filter(staff=who.pk, provider=practice, introduced_by__isnull=False).exists()


def settle(waiting: QuerySet[Any], *, approved: bool, by: str, now: datetime | None = None) -> None:
    """Keep a decision about the change that waits. Raises Stale when somebody decided before."""
    if not waiting.update(decided_at=now or timezone.now(), decided_by=by, approved=approved):
        raise Stale(_("Somebody else has decided about this change in the meantime."))


def supersede(waiting: QuerySet[Any], *, by: str) -> None:
    """End the changes that wait, if any, because another one is asked for."""
    waiting.update(decided_at=timezone.now(), decided_by=by, approved=False)
