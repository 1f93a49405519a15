"""Rendered documents, stored sealed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice


class InvoiceDocument(models.Model):
    """One version of the full invoice in one language. The sealed PDF is in the document storage under `name`."""

    SEALED_FILES = "billing.documents.full_invoice.seal_again"  # for a new key

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="documents", verbose_name=_("invoice"))
    language = models.CharField(_("language"), max_length=2)
    version = models.CharField(max_length=64, editable=False)  # SHA-256 of everything that is printed
    name = models.CharField(max_length=120, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("document"), _("documents")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "language", "version"], name="one_document_per_version")
        ]

    def __str__(self) -> str:
        return self.version[:8]
