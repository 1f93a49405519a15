"""What the gateway reports about a payment after it was paid: refunds and chargebacks."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.payments.attempts import Payment
from billing.money import EuroField


class Refund(models.Model):
    """Money going back to the patient through the gateway, copied from its reports."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        PENDING = "pending", _("pending")
        PROCESSING = "processing", _("processing")
        REFUNDED = "refunded", _("refunded")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("cancelled")

    # A status only moves up: an older report that arrives late changes nothing.
    RANK = {"queued": 0, "pending": 1, "processing": 2, "refunded": 3, "failed": 4, "canceled": 4}

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    refund_id = models.CharField(_("Mollie id"), max_length=70, unique=True)
    amount = EuroField(_("amount"))
    status = models.CharField(_("status"), max_length=12, choices=Status)
    reported_at = models.DateTimeField(_("first reported"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("refund"), _("refunds")

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"


class Chargeback(models.Model):
    """A payment that the bank reversed, and perhaps reinstated."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="chargebacks", verbose_name=_("payment"))
    chargeback_id = models.CharField(_("Mollie id"), max_length=70, unique=True)
    amount = EuroField(_("amount"))
    reported_at = models.DateTimeField(_("first reported"), default=timezone.now)
    reversed_at = models.DateTimeField(_("given back"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("chargeback"), _("chargebacks")

    def __str__(self) -> str:
        return str(self.amount)
