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
from django_otp import user_has_device

from billing import audit, rights
from billing.colleagues import second_persons
from billing.colleagues.second_persons import who_can_agree
from billing.errors import Refused
from billing.models import Membership, Provider, Staff
from billing.outbox.queue import queue_message

Role = Staff.Role
ACT = "colleagues"
RESET, NEW_APPROVER = "staff_code_app_reset", "staff_new_approver"  # messages


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of a practice as its list shows them: their role there, and whether they are blocked there."""

    staff: Staff
    role: str
    is_blocked: bool
    introduced_by: Staff | None  # as of Staff

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


def all_of(provider: Provider) -> list[Colleague]:
    """Return everybody of a practice, blocked or not, by name."""
    begins = Staff.objects.filter(provider=provider).select_related("introduced_by")
    begin = [Colleague(row, row.role, not row.is_active, row.introduced_by) for row in begins]
    rows = Membership.objects.filter(provider=provider).select_related("staff", "introduced_by")
    later = [
        Colleague(one.staff, one.role, bool(one.blocked_at) or not one.staff.is_active, one.introduced_by)
        for one in rows
    ]
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
            was = {"role": member.role, "introduced_by": member.introduced_by, "blocked_at": now or timezone.now()}
            other.delete()
            _begin_at(member, other)
            Membership.objects.create(staff=member, provider=provider, **was)
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


def change_role(member: Staff, role: str, *, by: Staff, now: datetime | None = None) -> None:
    """Let somebody be a clerk or an approver of the practice of `by` from now on. Raises Refused as `_lock`.

    A new approver is one of two persons once somebody else has agreed, also when they become a clerk again meanwhile:
    see `agree`.
    """
    if role not in (Role.CLERK, Role.APPROVER):
        raise Refused(_("Choose clerk or approver."))
    with transaction.atomic():
        provider, member = _lock(member, by=by)
        row: Staff | Membership = _row(member, provider) or member
        if row.role == role:
            return
        row.role, row.introduced_by = role, introducer(by) if role == Role.APPROVER else row.introduced_by
        row.save(update_fields=["role", "introduced_by"])
        audit.record("staff_role_changed", by=audit.name_of(by), staff=member.pk, provider=provider.pk, role=role)
        if role == Role.APPROVER:
            tell_of_approver(member, provider, by=by, now=now or timezone.now())
        second_persons.look(provider)


def introducer(by: Staff) -> Staff:
    """Return who answers for whom `by` lets in: as long as nobody agreed to `by`, who let `by` in.

    Else an approver could let in a second one, who lets in a third, and agree to that third.
    """
    return by.introduced_by or by


def agree(member: Staff, *, by: Staff) -> None:
    """Agree that somebody new is one of two persons who decide together from now on.

    An approver agrees for their practice; operations for each practice where nobody else can, and among themselves.
    Raises Refused for who let them in, for somebody new, as `_lock`, and when there is nothing to agree to.
    """
    rights.refuse_new(by)
    with transaction.atomic():
        if by.is_operations:
            places = [row for row in _waiting(member) if not who_can_agree(row)]
            if not places:
                raise Refused(_("There is nothing to agree to, or an approver of the practice can do it."))
        else:
            provider, member = _lock(member, by=by)
            places = [row for row in _waiting(member) if row.provider_id == provider.pk]
            if not places:
                raise Refused(_("There is nothing to agree to any more."))
        if any(row.introduced_by_id == by.pk for row in places):
            raise Refused(_("You let this person in. Somebody else has to agree, or we: call us."))
        if not user_has_device(member):
            raise Refused(_("This person has no code app yet. Agree once they have signed in with one."))
        for row in places:
            type(row).objects.filter(pk=row.pk).update(introduced_by=None)
            agreed_by = audit.name_of(by)
            audit.record("staff_approver_agreed", by=agreed_by, staff=member.pk, provider=row.provider_id)
            if row.provider:
                second_persons.look(row.provider)


def may_operations_agree(member: Staff) -> bool:
    """Tell whether somebody is new at a practice where nobody else can agree to them, or among operations."""
    return any(not who_can_agree(row) for row in _waiting(member))


def _waiting(member: Staff) -> list[Staff | Membership]:
    """Return the rows by which somebody is new, each of one practice."""
    begins = Staff.objects.filter(pk=member.pk).exclude(introduced_by=None)
    return [*begins, *Membership.objects.filter(staff=member.pk).exclude(introduced_by=None)]


def tell_of_approver(member: Staff, provider: Provider, *, by: Staff, now: datetime) -> None:
    """Tell all approvers of a practice, and its own address, by mail that there is a new one."""
    mailboxes = {
        mailbox.casefold(): mailbox
        for mailbox in (*approvers(provider).values_list("email", flat=True), provider.email)
    }
    context = {"username": member.username, "practice": provider.name, "by": by.username, "at": now}
    for number, mailbox in enumerate(mailboxes.values()):
        if mailbox:
            queue_message(
                NEW_APPROVER, invoice=None, recipient=mailbox, context=context,
                dedupe_key=f"{NEW_APPROVER}:{member.pk}:{provider.pk}:{now.isoformat()}:{number}", now=now,
            )  # fmt: skip


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


def _begin_at(member: Staff, place: Membership) -> None:
    """Let an account begin at another practice; its sessions end."""
    member.provider_id, member.role, member.introduced_by_id = place.provider_id, place.role, place.introduced_by_id
    member.end_sessions()
    member.save(update_fields=["provider", "role", "introduced_by", "session_salt"])


def help_in_again(member: Staff, *, by: Staff, now: datetime) -> None:
    """Let `by` take away the code app of a colleague, and tell both of it by mail; the caller takes it away.

    From now on the account may be anybody's who reads its mail, so it is new again until somebody else agrees. Raises
    Refused for an account that begins or works at another practice, too: what protects its patients is not this
    practice's to weaken. Nor when neither they nor the practice can be told by mail: nobody would see it.
    """
    with transaction.atomic():
        provider, member = _lock(member, by=by)
        if member.provider_id != provider.pk:
            raise Refused(_("This colleague's account is of another practice. Ask an approver there."))
        if Membership.objects.filter(staff=member.pk, blocked_at=None).exists():
            raise Refused(_("This colleague works for another practice too. We remove the code app: call us."))
        if not (member.email or provider.email):
            raise Refused(
                _("We can mail nobody about this: neither your colleague nor your practice has an e-mail address.")
            )
        for rows in (Staff.objects.filter(pk=member.pk), Membership.objects.filter(staff=member.pk)):
            rows.update(introduced_by=introducer(by))
        _tell_of_reset(member, provider, by=by, now=now)
        second_persons.look(provider)


def _tell_of_reset(member: Staff, provider: Provider, *, by: Staff, now: datetime) -> None:
    practice = provider.email
    for number, mailbox in enumerate(sorted({member.email, practice} - {""})):
        queue_message(
            RESET, invoice=None, recipient=mailbox,
            context={"username": member.username, "by": by.username, "at": now},
            dedupe_key=f"{RESET}:{member.pk}:{now.isoformat()}:{number}", now=now,
        )  # fmt: skip


def new_without_app(member: Staff, *, by: Staff) -> None:
    """Let an account be new again whose password or address somebody else changed while it has no code app.

    Whoever has the password sets up the app.
    """
    if not user_has_device(member):
        Staff.objects.filter(pk=member.pk).update(introduced_by=introducer(by))
