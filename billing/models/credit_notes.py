"""The credit note: the document by which a practice takes back an invoice, whole or in part."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal_facts, unseal_facts
from billing.models.invoices import Invoice
from billing.models.parties import Provider
from billing.money import ZERO, EuroField


class CreditNote(models.Model):
    """One credit note (creditnota). What it books is one entry of the ledger; what it says of the care is sealed."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="credit_notes", verbose_name=_("provider"))
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="credit_notes", verbose_name=_("invoice"))
    number = models.CharField(_("number of the credit note"), max_length=40)
    issued_on = models.DateField(_("date of the credit note"))
    is_whole = models.BooleanField(_("takes back the whole invoice"))
    # By how much the patient owes less. Of a whole invoice not what the insurer paid, which returns to the insurer.
    amount = EuroField(_("amount"))
    sealed_content = models.BinaryField(editable=False)  # empty once erased
    fingerprint = models.BinaryField(max_length=32, editable=False)  # SHA-256: the same one again is recognised
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    by = models.CharField(_("by"), max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = _("credit note"), _("credit notes")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "number"], name="credit_note_number_per_provider"),
            models.CheckConstraint(condition=models.Q(amount__gte=ZERO), name="credit_note_amount_not_negative"),
        ]

    def __str__(self) -> str:
        return self.number

    def _bound_to(self) -> str:
        return f"credit_note.content:{self.provider_id}:{self.number}"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the sealed column and what its value is bound to."""
        return {"sealed_content": self._bound_to()}

    @property
    def content(self) -> dict[str, Any]:
        """Return `reason` and `lines` (as in the batch format; none for an amount without lines)."""
        return unseal_facts(self.sealed_content, bound_to=self._bound_to())

    @content.setter
    def content(self, value: dict[str, Any]) -> None:
        self.sealed_content = seal_facts(value, bound_to=self._bound_to())
