"""Changes of a practice: of who it is, which two people make, and the history of what it chose."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.parties import ChangeByTwo, Provider


class AgbChange(ChangeByTwo):
    """Another AGB code for a practice, or its first one: who we say gives the care. A second person approves it."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="agb_changes", verbose_name=_("provider"))
    agb_code = models.CharField(_("AGB code"), max_length=8)

    class Meta:
        verbose_name, verbose_name_plural = _("change of AGB code"), _("changes of AGB code")
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(decided_at=None), name="one_agb_change_waits_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.agb_code}"


class DetailsChange(ChangeByTwo):
    """Another name, KvK number, creditor or account for transfers of a practice: a second person approves it."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="details_changes", verbose_name=_("provider"))
    details = models.JSONField(_("details"), default=dict)  # the new value by the name of its column

    class Meta:
        verbose_name, verbose_name_plural = _("change of who is paid"), _("changes of who is paid")
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(decided_at=None), name="one_details_change_waits_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {', '.join(sorted(self.details))}"


class PracticeChange(models.Model):
    """One change of what a practice chose or skipped, with what was before: the history on its page of settings."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="changes", verbose_name=_("provider"))
    what = models.CharField(max_length=60)
    was = models.CharField(max_length=200, blank=True)
    now = models.CharField(max_length=200, blank=True)
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("change of a practice"), _("changes of a practice")

    def __str__(self) -> str:
        return f"{self.provider_id} {self.what}"
