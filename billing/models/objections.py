"""What a patient says is not right about an invoice."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal, unseal
from billing.links import new_token
from billing.models.invoices import Invoice


class Objection(models.Model):
    """One objection to an invoice, by whoever holds its reference. Its words are sealed: they may tell of care."""

    class Reason(models.TextChoices):
        NOT_MINE = "not_mine", _("This invoice is not for me")
        PAID = "paid", _("I have paid already")
        AMOUNT = "amount", _("The amount is not right")
        NO_CARE = "no_care", _("I did not have this care")
        INSURER = "insurer", _("My insurer should pay this, or pay more")
        OTHER = "other", _("Something else")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="objections", verbose_name=_("invoice"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_text = models.BinaryField(editable=False, default=b"")
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    # Taken back by the patient, who then pays.
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("objection"), _("objections")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(withdrawn_at=None), name="one_standing_objection_per_invoice"
            )
        ]

    def __str__(self) -> str:
        return self.get_reason_display()

    def _bound_to(self) -> str:
        return f"objection.text:{self.token}"

    def sealed_bindings(self) -> dict[str, str]:
        return {"sealed_text": self._bound_to()}

    @property
    def text(self) -> str:
        """Return what was written; medical data: the caller has written the access log. Empty once erased."""
        return unseal(self.sealed_text, bound_to=self._bound_to()).decode() if self.sealed_text else ""

    @text.setter
    def text(self, value: str) -> None:
        self.sealed_text = seal(value.encode(), bound_to=self._bound_to()) if value else b""
