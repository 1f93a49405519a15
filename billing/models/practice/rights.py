"""What the clerks of a practice may do, where the practice decided it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.parties import Provider


class ClerkRight(models.Model):
    """What a practice decided last about one act (a name of `rooms.acts()`); without a row its default counts."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="clerk_rights", verbose_name=_("provider"))
    act = models.CharField(max_length=40)
    granted = models.BooleanField()
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "act"], name="one_clerk_right_per_act")]

    def __str__(self) -> str:
        return self.act
