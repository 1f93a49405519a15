"""What is in the document storage, and the rendered documents in it. All of it is sealed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal, unseal
from billing.models.invoices import Invoice


class StoredFile(models.Model):
    """One file in the document storage: recorded before its bytes are written, and until they are gone.

    Only billing/storage/ writes these rows. Whatever names a file in a column declares that column in STORED_IN.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("being written")  # nothing refers to it yet
        KEPT = "kept", _("kept")
        REMOVING = "removing", _("to be removed")  # nothing refers to it any more

    name = models.CharField(max_length=120, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WRITING)
    since = models.DateTimeField(_("since"), default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)  # to remove it
    next_try_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("stored file"), _("stored files")
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="stored_file_to_remove",
                condition=models.Q(state="writing") | models.Q(state="removing"),
            )
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceDocument(models.Model):
    """One version of the full invoice in one language. The sealed PDF is in the document storage under `name`."""

    STORED_IN = "name"
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


class DrawingOrder(models.Model):
    """A document that a worker is to draw, because somebody is about to read it.

    It is the full invoice, or with `note` one of its credit notes, and gone when the document is there. With a `token`
    it is a file of a moment: `source` says what stands in it, `pdf` is what was made of it, and both are gone soon.
    """

    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, related_name="drawing_orders", verbose_name=_("invoice")
    )
    note = models.ForeignKey(
        "billing.CreditNote", models.PROTECT, null=True, related_name="+", verbose_name=_("credit note")
    )
    language = models.CharField(_("language"), max_length=2)
    token = models.CharField(max_length=32, default="", editable=False)  # by which its file is found
    file_name = models.CharField(max_length=46, default="", editable=False)
    sealed_source = models.BinaryField(default=b"", editable=False)
    sealed_pdf = models.BinaryField(default=b"", editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    claimed_until = models.DateTimeField(null=True)  # by a worker; one that is over had a worker that died

    class Meta:
        verbose_name, verbose_name_plural = _("document to draw"), _("documents to draw")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "language"], condition=models.Q(note=None, token=""), name="one_order_per_invoice"
            ),
            models.UniqueConstraint(fields=["note", "language"], name="one_order_per_credit_note"),
            models.UniqueConstraint(fields=["token"], condition=~models.Q(token=""), name="one_order_per_token"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.language}"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the sealed columns and what their values are bound to."""
        return {f"sealed_{part}": f"drawing_order.{part}:{self.token}" for part in ("source", "pdf")}

    @property
    def source(self) -> str:
        """Return the page of HTML that is to be drawn. It may be medical data: for the worker alone."""
        return unseal(self.sealed_source, bound_to=self.sealed_bindings()["sealed_source"]).decode()

    @source.setter
    def source(self, value: str) -> None:
        self.sealed_source = seal(value.encode(), bound_to=self.sealed_bindings()["sealed_source"])

    @property
    def pdf(self) -> bytes:
        """Return what was drawn; empty as long as it was not. Who asked for it was written down then."""
        return unseal(self.sealed_pdf, bound_to=self.sealed_bindings()["sealed_pdf"]) if self.sealed_pdf else b""

    @pdf.setter
    def pdf(self, value: bytes) -> None:
        self.sealed_pdf = seal(value, bound_to=self.sealed_bindings()["sealed_pdf"])
