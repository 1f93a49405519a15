"""What staff type: sealed and erasable, apart from the append-only rows that point at it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal, unseal
from billing.links import new_token
from billing.models.invoices import Invoice


class StaffNote(models.Model):
    """The words of a member of staff about one act. The audit trail keeps only `key`; the words end with the invoice.

    Whatever a person types may say something about somebody's health, and the audit trail can't be erased.
    """

    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="staff_notes", verbose_name=_("invoice")
    )
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("note of staff"), _("notes of staff")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.at:%Y-%m-%d}"

    def _bound_to(self) -> str:
        return f"staff_note:{self.key}"

    def sealed_bindings(self) -> dict[str, str]:
        return {"sealed_text": self._bound_to()}

    @property
    def text(self) -> str:
        """Return the words."""
        return unseal(self.sealed_text, bound_to=self._bound_to()).decode()

    @text.setter
    def text(self, value: str) -> None:
        self.sealed_text = seal(value.encode(), bound_to=self._bound_to())
