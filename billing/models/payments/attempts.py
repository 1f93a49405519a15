"""Attempts to pay, and the calls of the gateway about them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from billing.money import ZERO, EuroField


class Payment(models.Model):
    """An attempt to pay one amount. Its status only moves up in rank; `paid` outranks all, also when it comes late."""

    class Status(models.TextChoices):
        NEW = "new", _("prepared")
        CREATING = "creating", _("being created")
        CREATE_UNKNOWN = "create_unknown", _("creation unknown")
        OPEN = "open", _("waiting for the patient")
        PENDING = "pending", _("waiting for the bank")
        AUTHORIZED = "authorized", _("reserved at the bank, not paid yet")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("cancelled")
        EXPIRED = "expired", _("expired")
        REJECTED = "rejected", _("refused by the gateway")
        ABANDONED = "abandoned", _("never created")

    AT_BANK = (Status.OPEN, Status.PENDING, Status.AUTHORIZED)
    LIVE = (Status.NEW, Status.CREATING, Status.CREATE_UNKNOWN, *AT_BANK)
    FINAL_UNPAID = (Status.FAILED, Status.CANCELED, Status.EXPIRED)
    _REPORTED = (*AT_BANK, Status.PAID, *FINAL_UNPAID)
    TRANSITIONS = {
        # New to reported: a backup was made between the row and the call, and restored.
        Status.NEW: (*_REPORTED, Status.CREATING, Status.REJECTED, Status.ABANDONED),
        Status.CREATING: (*_REPORTED, Status.CREATE_UNKNOWN, Status.REJECTED),
        Status.CREATE_UNKNOWN: (*_REPORTED, Status.REJECTED, Status.ABANDONED),
        Status.OPEN: (Status.PENDING, Status.AUTHORIZED, Status.PAID, *FINAL_UNPAID),
        Status.PENDING: (Status.AUTHORIZED, Status.PAID, *FINAL_UNPAID),
        Status.AUTHORIZED: (Status.PAID, *FINAL_UNPAID),
        Status.FAILED: (Status.PAID,),
        Status.CANCELED: (Status.PAID,),
        Status.EXPIRED: (Status.PAID,),
        Status.REJECTED: (Status.PAID,),
        Status.ABANDONED: _REPORTED,
        Status.PAID: (),
    }

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments", verbose_name=_("invoice"))
    amount = EuroField(_("amount"))
    # For several invoices: what each gets is in its shares. Most are for one, and nobody has to look for shares of it.
    several = models.BooleanField(default=False, editable=False)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.NEW)
    # In the URL of the return page (the patient sees it) and of the webhook (only the gateway knows it).
    token = models.CharField(max_length=32, unique=True, editable=False)
    webhook_token = models.CharField(max_length=32, unique=True, editable=False)
    mollie_id = models.CharField(_("Mollie id"), max_length=70, null=True, blank=True, unique=True)
    idempotency_key = models.CharField(max_length=36, unique=True, editable=False)
    # The exact body of the create call: an unknown outcome is repeated with the same key and the same bytes.
    request_body = models.TextField(editable=False)
    profile_id = models.CharField(max_length=40, blank=True, editable=False)  # of the gateway, as it first reported
    language = models.CharField(_("language"), max_length=2, default="nl")
    checkout_url = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(_("started"), default=timezone.now)
    called_at = models.DateTimeField(null=True, blank=True, editable=False)  # first use of the key
    expires_at = models.DateTimeField(_("link valid until"), null=True, blank=True)
    went_to_bank_at = models.DateTimeField(null=True, blank=True, editable=False)  # the last time
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    # No longer offered (the amount changed, or the link is about to expire); the bank may still accept it.
    superseded_at = models.DateTimeField(_("replaced"), null=True, blank=True)
    quarantined_at = models.DateTimeField(_("quarantined"), null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_check_at = models.DateTimeField(null=True, blank=True, editable=False)
    checks = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("payment"), _("payments")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(
                    superseded_at=None,
                    status__in=["new", "creating", "create_unknown", "open", "pending", "authorized"],
                ),
                name="one_live_payment_per_invoice",
            ),
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="payment_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="payment_to_check", condition=Q(next_check_at__isnull=False)),
            models.Index(fields=["created_at"], name="payment_by_start"),
            models.Index(fields=["paid_at"], name="payment_by_day", condition=Q(paid_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"


class WebhookCall(models.Model):
    """A webhook call of the gateway about a payment, stored before it is processed."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="webhook_calls", verbose_name=_("payment"))
    mollie_id = models.CharField(_("Mollie id"), max_length=70)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(default=timezone.now, editable=False)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("webhook call"), _("webhook calls")
        indexes = [models.Index(fields=["next_try_at"], name="webhook_call_waiting", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return self.mollie_id
