"""Money that came another way than through the gateway."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal_facts, unseal_facts
from billing.links import new_token
from billing.models.invoices import Invoice
from billing.models.payments.shares import AllocationNote
from billing.money import ZERO, EuroField


class Receipt(models.Model):
    """Money that the practice received itself. Above its limit a second person confirms it before it is booked."""

    class Road(models.TextChoices):
        TRANSFER = "transfer", _("bank transfer to the practice")
        CASH = "cash", _("cash at the practice")
        CARD = "card", _("card at the practice")

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for a second person")
        BOOKED = "booked", _("booked")
        REFUSED = "refused", _("refused")
        UNDONE = "undone", _("undone")

    TRANSITIONS = {
        Status.PROPOSED: (Status.BOOKED, Status.REFUSED),
        Status.BOOKED: (Status.UNDONE,),
        Status.REFUSED: (),
        Status.UNDONE: (),
    }

    EVENT = "receipt:"  # what the id of its event in the ledger begins with, before the key

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="receipts", verbose_name=_("invoice"))
    amount = EuroField(_("amount"))
    received_on = models.DateField(_("received on"))
    road = models.CharField(_("how it came"), max_length=8, choices=Road)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PROPOSED)
    # Why it is for this invoice (6:43 BW): what the payer did not designate may be divided over several.
    rule = models.CharField(
        _("rule"), max_length=10, choices=AllocationNote.Rule, default=AllocationNote.Rule.DESIGNATED
    )
    # The reference on the bank statement or till, and why it is booked: people write of care there. Empty once erased.
    sealed_words = models.BinaryField(editable=False)
    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("reported by")
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    undo_asked_by = models.ForeignKey(  # of what two people booked: the first of the two who undo it
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("undoing asked by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("receipt"), _("receipts")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="receipt_amount_positive"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("reported_by")),
                name="receipt_second_person_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"

    @property
    def event(self) -> str:
        """Return the id under which the ledger books it once."""
        return f"{self.EVENT}{self.key}"

    def _bound_to(self) -> str:
        return f"receipt.words:{self.key}"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the sealed column and what its value is bound to."""
        return {"sealed_words": self._bound_to()}

    @property
    def words(self) -> dict[str, Any]:
        """Return `reference` and `reason`; empty texts once erased."""
        if not self.sealed_words:
            return {"reference": "", "reason": ""}
        return unseal_facts(self.sealed_words, bound_to=self._bound_to())

    @words.setter
    def words(self, value: dict[str, Any]) -> None:
        self.sealed_words = seal_facts(value, bound_to=self._bound_to())
