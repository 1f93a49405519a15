"""Who works for a practice: blocking, letting in again, another role. There is always somebody who decides.

An account may belong to several practices, so a practice blocks somebody only for itself; the account itself ends with
the last practice.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights
from billing.errors import Refused
from billing.models import Membership, Provider, Staff
from billing.outbox.queue import queue_message

Role = Staff.Role
ACT = "colleagues"
RESET = "staff_code_app_reset"  # a message


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of a practice as its list shows them: their role there, and whether they are blocked there."""

    staff: Staff
    role: str
    is_blocked: bool

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


def all_of(provider: Provider) -> list[Colleague]:
    """Return everybody of a practice, blocked or not, by name."""
    begin = [Colleague(row, row.role, not row.is_active) for row in Staff.objects.filter(provider=provider)]
    rows = Membership.objects.filter(provider=provider).select_related("staff")
    later = [Colleague(row.staff, row.role, bool(row.blocked_at) or not row.staff.is_active) for row in rows]
    return sorted((*begin, *later), key=lambda colleague: colleague.staff.username)


def approvers(provider: Provider) -> QuerySet[Staff]:
    """Return who decides for a practice now."""
    later = Q(memberships__provider=provider, memberships__role=Role.APPROVER, memberships__blocked_at=None)
    return Staff.objects.filter(Q(provider=provider, role=Role.APPROVER) | later, is_active=True).distinct()


def block(member: Staff, *, by: Staff, now: datetime | None = None) -> None:
    """Let somebody work no longer for the practice of `by`; their sessions end. Raises Refused as `_lock`."""
    with transaction.atomic():
        provider, member = _lock(member, by=by)
        row = _row(member, provider)
        others = Membership.objects.filter(staff=member.pk, blocked_at=None).exclude(provider=provider)
        if row:
            row.blocked_at = now or timezone.now()
            row.save(update_fields=["blocked_at"])
        elif other := others.order_by("pk").first():  # the account begins there from now on
            role, moment = member.role, now or timezone.now()
            other.delete()
            _begin_at(member, other.provider_id, other.role)
            Membership.objects.create(staff=member, provider=provider, role=role, blocked_at=moment)
        else:
            member.blocked_by_practice = member.is_active or member.blocked_by_practice
            member.is_active = False
            member.save(update_fields=["is_active", "blocked_by_practice"])
        audit.record("staff_blocked", by=audit.name_of(by), staff=member.pk, provider=provider.pk)


def unblock(member: Staff, *, by: Staff) -> None:
    """Let somebody work again for the practice of `by`, in the role that they had.

    Raises Refused as `_lock`, and for whoever operations blocked: a leaked password, or fraud.
    """
    with transaction.atomic():
        provider, member = _lock(member, by=by)
        row = _row(member, provider)
        if row:
            row.blocked_at = None
            row.save(update_fields=["blocked_at"])
        else:
            if not (member.is_active or member.blocked_by_practice):
                raise Refused(_("We blocked this account ourselves. Call us."))
            member.is_active, member.blocked_by_practice = True, False
            member.save(update_fields=["is_active", "blocked_by_practice"])
        audit.record("staff_unblocked", by=audit.name_of(by), staff=member.pk, provider=provider.pk)


def change_role(member: Staff, role: str, *, by: Staff) -> None:
    """Let somebody be a clerk or an approver of the practice of `by` from now on. Raises Refused as `_lock`."""
    if role not in (Role.CLERK, Role.APPROVER):
        raise Refused(_("Choose clerk or approver."))
    with transaction.atomic():
        provider, member = _lock(member, by=by)
        row = _row(member, provider)
        if row:
            Membership.objects.filter(pk=row.pk).update(role=role)
        else:
            Staff.objects.filter(pk=member.pk).update(role=role)
        audit.record("staff_role_changed", by=audit.name_of(by), staff=member.pk, provider=provider.pk, role=role)


def _lock(member: Staff, *, by: Staff) -> tuple[Provider, Staff]:
    """Lock the people of the practice of `by`; return it, and the colleague as they are now.

    Raises Refused for who may not change them or was blocked meanwhile, for oneself, and for a stranger. As nobody
    changes themselves, and only an approver changes others, one approver always remains.
    """
    rights.require(by, ACT)
    provider = _locked(by.provider_id or 0)
    if not _decides(by, provider):
        raise Refused(_("A colleague has changed what you may do. Sign in again."))
    if member.pk == by.pk:
        raise Refused(_("Ask a colleague: nobody does this to their own account."))
    now = Staff.objects.get(pk=member.pk)
    if now.provider_id != provider.pk and _row(now, provider) is None:
        raise Refused(_("This is nobody of your practice."))
    return provider, now


def _locked(provider_id: int) -> Provider:
    return Provider.objects.select_for_update(no_key=True).get(pk=provider_id)


def _decides(by: Staff, provider: Provider) -> bool:
    return approvers(provider).filter(pk=by.pk).exists()


def _row(member: Staff, provider: Provider) -> Membership | None:
    return Membership.objects.filter(staff=member.pk, provider=provider).first()


def _begin_at(member: Staff, provider_id: int, role: str) -> None:
    """Let an account begin at another practice; its sessions end."""
    member.provider_id, member.role = provider_id, role
    member.end_sessions()
    member.save(update_fields=["provider", "role", "session_salt"])


def require_to_help(member: Staff, *, by: Staff) -> None:
    """Raise Refused when `by` may not take away the code app of a colleague, who then sets up another one.

    Who begins at another practice is helped there: what protects its patients is not this practice's to weaken.
    """
    provider, member = _lock(member, by=by)
    if member.provider_id != provider.pk:
        raise Refused(_("This colleague's account is of another practice. Ask an approver there."))


def tell_of_reset(member: Staff, *, by: Staff, now: datetime) -> None:
    """Tell a colleague by mail that somebody took away their code app."""
    if member.email:
        queue_message(
            RESET, invoice=None, recipient=member.email,
            context={"username": member.username, "by": by.username, "at": now},
            dedupe_key=f"{RESET}:{member.pk}:{now.isoformat()}", now=now,
        )  # fmt: skip
