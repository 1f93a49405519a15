"""The files that practices hand in."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.parties import Provider


class SubmittedBatch(models.Model):
    """One file of a practice that was right and is written in chunks; without `finished_at` it was interrupted."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="batches", verbose_name=_("provider"))
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the file
    invoices = models.PositiveIntegerField(_("invoices in the file"))
    done = models.PositiveIntegerField(_("invoices written or known"), default=0)
    by = models.CharField(_("by"), max_length=60)
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    finished_at = models.DateTimeField(_("written"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("batch"), _("batches")
        constraints = [models.UniqueConstraint(fields=["provider", "digest"], name="one_batch_per_file")]

    def __str__(self) -> str:
        return f"{self.digest[:8]} {self.done}/{self.invoices}"
