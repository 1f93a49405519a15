"""Inviting a colleague: a mail with a link that works once, with which they make an account or add the practice."""

import re
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, links, rights, rows
from billing.colleagues import accounts, of_practice, second_persons
from billing.errors import Refused
from billing.models import Invitation, Membership, OutboxMessage, Provider, Staff
from billing.outbox.queue import queue_message
from billing.text.addresses import is_one_address

MESSAGE = "staff_invited"
GOOD_FOR = timedelta(days=7)
MOST_OPEN = MOST_A_DAY = 20
MOST_TO_ONE = 3  # a day: a mailbox is nobody's to fill
_DAY, _DOUBLE = timedelta(days=1), timedelta(minutes=5)
KEPT = timedelta(days=365)
_SALT = "billing.invitation"
_PLACEHOLDER = re.compile(r"invitation-link:(\d+)")


def invite(email: str, role: str, *, by: Staff, now: datetime | None = None) -> Invitation:
    """Invite somebody to the practice of `by`; an earlier invitation of that mailbox ends.

    The same one again within minutes is a doubled click: one mail leaves. Raises Refused for what is no address, for
    who works there already, and when too many are open or were sent today.
    """
    rights.require(by, accounts.ACT)
    now, email, provider = now or timezone.now(), email.strip(), by.provider
    if provider is None or not is_one_address(email):
        raise Refused(_("This is no e-mail address. Look at it again."))
    if role not in (Staff.Role.CLERK, Staff.Role.APPROVER):
        raise Refused(_("Choose clerk or approver."))
    if of_practice(provider).filter(email__iexact=email).exists():
        raise Refused(_("Somebody with this e-mail address works here already."))
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        waiting = Invitation.objects.filter(provider=provider, ended_at=None)
        if known := waiting.filter(email__iexact=email, role=role, created_at__gt=now - _DOUBLE).first():
            return known
        _refuse_too_many(provider, email, now=now)
        waiting.filter(email__iexact=email).update(ended_at=now)
        if waiting.filter(expires_at__gt=now).count() >= MOST_OPEN:
            raise Refused(_("Too many invitations are open. Withdraw those that nobody needs."))
        invitation = Invitation.objects.create(
            provider=provider, email=email, role=role, invited_by=by, created_at=now, expires_at=now + GOOD_FOR
        )
        facts = {"practice": provider.name, "role": role, "until": invitation.expires_at}
        queue_message(
            MESSAGE, invoice=None, recipient=email, context=facts | {"link": f"invitation-link:{invitation.pk}"},
            dedupe_key=f"{MESSAGE}:{invitation.pk}", now=now,
        )  # fmt: skip
        audit.record("staff_invited", by=audit.name_of(by), provider=provider.pk, role=role)
    return invitation


def _refuse_too_many(provider: Provider, email: str, *, now: datetime) -> None:
    today = Invitation.objects.filter(provider=provider, created_at__gt=now - _DAY)
    if today.filter(email__iexact=email).count() >= MOST_TO_ONE:
        raise Refused(_("We mailed this address several times today. Try again tomorrow."))
    if today.count() >= MOST_A_DAY:
        raise Refused(_("Your practice sent many invitations today. Send the rest tomorrow."))


def withdraw(invitation: Invitation, *, by: Staff, now: datetime | None = None) -> None:
    """End an invitation of the practice of `by`. Raises Refused when it has ended, or is another practice's."""
    rights.require(by, accounts.ACT)
    with transaction.atomic():
        open_ones = Invitation.objects.filter(pk=invitation.pk, provider=by.provider_id, ended_at=None)
        if not open_ones.update(ended_at=now or timezone.now()):
            raise Refused(_("This invitation has ended already."))
        audit.record("staff_invitation_withdrawn", by=audit.name_of(by), provider=by.provider_id)


def with_link(_message: OutboxMessage, body: str) -> str:
    """Return the body of the mail with the link in it: the row holds none, so nobody can take it from there."""

    def link(found: re.Match[str]) -> str:
        invitation = Invitation.objects.get(pk=int(found[1]))
        return links.absolute(reverse("admin:invitation", args=[link_of(invitation)]))

    return _PLACEHOLDER.sub(link, body)


def link_of(invitation: Invitation) -> str:
    """Return the part of the address that opens an invitation."""
    return signing.Signer(salt=_SALT, sep=".").sign(invitation.token)


def read(link: str, *, now: datetime) -> Invitation | None:
    """Return the open invitation of a link; None when it is not ours, was used or withdrawn, or has expired."""
    try:
        token = signing.Signer(salt=_SALT, sep=".").unsign(link)
    except signing.BadSignature:
        return None
    open_ones = Invitation.objects.filter(token=token, ended_at=None, expires_at__gt=now)
    return open_ones.select_related("provider", "invited_by").first()


def accept_anew(invitation: Invitation, *, username: str, password: str, now: datetime | None = None) -> Staff:
    """Make an account for whoever has the link, and end the invitation; the code app comes at the first sign-in.

    Raises Refused when somebody was faster, and ValidationError with what is wrong by field.
    """
    member = Staff(username=username, role=invitation.role, provider=invitation.provider, email=invitation.email)
    member.is_staff, member.introduced_by = True, accounts.introducer(invitation.invited_by)
    try:
        validate_password(password, member)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    member.set_password(password)
    member.full_clean()
    with transaction.atomic():
        try:
            with transaction.atomic():
                member.save(force_insert=True)
        except IntegrityError as error:
            raise Refused(_("Somebody took this user name just now. Choose another one.")) from error
        _end(invitation, member, now or timezone.now())
        _record(invitation, member, now)
    return member


def accept(invitation: Invitation, member: Staff, *, now: datetime | None = None) -> None:
    """Add the practice to the account of whoever is signed in and has the link, and end the invitation.

    Raises Refused when somebody was faster, and for who works there already, was blocked there, or is of operations.
    """
    if member.is_operations:
        raise Refused(_("An account of operations belongs to no practice. Make another account."))
    provider = invitation.provider
    known = Membership.objects.filter(staff=member.pk, provider=provider)
    if member.begins_at == provider.pk or known.exists():
        raise Refused(_("This account is known at this practice already. Ask an approver there to let you in again."))
    with transaction.atomic():
        _end(invitation, member, now or timezone.now())
        row = Membership(staff=member, provider=provider, role=invitation.role)
        row.introduced_by = accounts.introducer(invitation.invited_by)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:  # by another invitation, at the same moment
            raise Refused(_("This account was added to this practice just now.")) from error
        _record(invitation, member, now)


def _record(invitation: Invitation, member: Staff, now: datetime | None) -> None:
    audit.record("staff_invitation_accepted", by=audit.name_of(member), staff=member.pk, role=invitation.role)
    if invitation.role == Staff.Role.APPROVER:
        accounts.tell_of_approver(member, invitation.provider, by=invitation.invited_by, now=now or timezone.now())
    second_persons.look(invitation.provider)


def _end(invitation: Invitation, member: Staff, now: datetime) -> None:
    """End an invitation by compare-and-set, so that of two people with one link one gets in."""
    open_ones = Invitation.objects.filter(pk=invitation.pk, ended_at=None, expires_at__gt=now)
    if not open_ones.update(ended_at=now, accepted_by=member):
        raise Refused(_("This invitation was used or withdrawn. Ask for another one."))


def delete_old(now: datetime) -> int:
    """Delete the invitations that ended long ago; return how many."""
    return rows.delete(Invitation.objects.filter(expires_at__lt=now - KEPT))
