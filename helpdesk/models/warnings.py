"""Warnings of false messages in our name."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

WARNING_LENGTH = 300


class FraudWarning(models.Model):
    """What everybody reads who looks an invoice up while false messages in our name go round."""

    text_nl = models.CharField(_("in Dutch"), max_length=WARNING_LENGTH)
    text_en = models.CharField(_("in English"), max_length=WARNING_LENGTH)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    begun_by = models.CharField(_("by"), max_length=150)
    until = models.DateField(_("until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("fraud warning"), _("fraud warnings")
        indexes = [models.Index(fields=["begun_at"], name="fraud_warning_shown", condition=models.Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.begun_at:%Y-%m-%d}"
