"""Who works where: further practices of an account, and invitations to a practice."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.links import new_token
from billing.models.parties import Provider, Staff
from billing.text.addresses import validate_address

_ROLES = [(role.value, role.label) for role in (Staff.Role.CLERK, Staff.Role.APPROVER)]


class Membership(models.Model):
    """A further practice that somebody works for; the one where they begin stands on their account itself."""

    staff = models.ForeignKey(Staff, models.PROTECT, related_name="memberships", verbose_name=_("staff member"))
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+", verbose_name=_("provider"))
    role = models.CharField(_("role"), max_length=12, choices=_ROLES)
    introduced_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", editable=False)  # as of Staff
    since = models.DateTimeField(_("since"), default=timezone.now)
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["staff", "provider"], name="one_membership_per_practice"),
            models.CheckConstraint(condition=~Q(role="operations"), name="no_membership_of_operations"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.provider_id}"


class Invitation(models.Model):
    """A colleague-to-be, invited by mail; what the link in it is made of."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+", verbose_name=_("provider"))
    email = models.EmailField(_("e-mail"), validators=[validate_address])
    role = models.CharField(_("role"), max_length=12, choices=_ROLES)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    invited_by = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("invited by"))
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    expires_at = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("accepted by")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"), "provider", condition=Q(ended_at=None), name="one_invitation_per_mailbox"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.created_at:%Y-%m-%d}"
