"""Credit that goes back to the payer: what was asked, decided and sent. What the gateway reports is in `reports`."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.links import new_token
from billing.models.invoices import Invoice
from billing.models.payments.attempts import Payment
from billing.models.payments.reports import Refund
from billing.money import ZERO, EuroField


def _new_key() -> str:
    return str(uuid.uuid4())


class RefundRequest(models.Model):
    """A refund of credit: through the gateway to the account that a payment came from, or by bank transfer.

    The body and the key of the call are in the row before anybody makes it. Only the report of the gateway books.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for a member of staff")
        APPROVED = "approved", _("will be sent to the gateway")
        SENDING = "sending", _("being sent to the gateway")
        UNKNOWN = "unknown", _("unknown whether the gateway received it")
        SENT = "sent", _("on its way")
        PAID_OUT = "paid_out", _("paid out")
        FAILED = "failed", _("failed")
        BY_BANK = "by_bank", _("to be paid by bank transfer")
        WITHDRAWN = "withdrawn", _("withdrawn, because the credit changed")
        REFUSED = "refused", _("refused")

    class Why(models.TextChoices):
        """Why a refund can't go through the gateway, or why it failed."""

        NOTHING = "", _("nothing special")
        NOT_BY_GATEWAY = "not_by_gateway", _("the money did not come through Mollie")
        TOO_OLD = "too_old", _("the payment is too old to be refunded by Mollie")
        CHARGED_BACK = "charged_back", _("the bank reversed the payment")
        SPENT = "spent", _("too little of the payment is left to refund")
        FAILED_BEFORE = "failed_before", _("a refund to this account failed")
        GATEWAY_REFUSED = "gateway_refused", _("Mollie refused the refund")
        REPORTED_FAILED = "reported_failed", _("Mollie could not pay it out, the account may be closed")
        CANCELED = "canceled", _("cancelled at Mollie")
        NOT_PAID_BY_BANK = "not_paid_by_bank", _("our bank could not pay it, or it came back")

    _REPORTED = (Status.SENT,)  # then on to what became of it
    TRANSITIONS = {
        Status.ASKED: (Status.APPROVED, Status.BY_BANK, Status.WITHDRAWN, Status.REFUSED),
        # Approved to reported: a backup was made between the row and the call, and restored.
        Status.APPROVED: (*_REPORTED, Status.SENDING, Status.BY_BANK, Status.WITHDRAWN),
        Status.SENDING: (*_REPORTED, Status.UNKNOWN, Status.APPROVED, Status.BY_BANK, Status.WITHDRAWN),
        Status.UNKNOWN: (*_REPORTED, Status.APPROVED, Status.BY_BANK, Status.WITHDRAWN),
        Status.SENT: (Status.PAID_OUT, Status.FAILED),
        Status.PAID_OUT: (Status.FAILED,),
        Status.FAILED: (),
        # A refund that we took for never made may still be reported.
        Status.BY_BANK: (*_REPORTED, Status.PAID_OUT, Status.WITHDRAWN),
        Status.WITHDRAWN: _REPORTED,
        Status.REFUSED: (),
    }
    UNSENT = (Status.APPROVED, Status.SENDING, Status.UNKNOWN)
    # The credit of these is reserved until the report of the gateway, or staff, have booked it.
    RESERVING = (*UNSENT, Status.SENT, Status.BY_BANK)

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="refund_requests", verbose_name=_("invoice"))
    # The payment whose account the money goes back to; none while it waits, and none by bank.
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="refund_requests", verbose_name=_("payment")
    )
    amount = EuroField(_("amount"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ASKED)
    why = models.CharField(_("why"), max_length=16, choices=Why, blank=True)
    # In the metadata at the gateway, by which a refund is found whose answer was lost.
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    idempotency_key = models.CharField(max_length=36, unique=True, default=_new_key, editable=False)
    request_body = models.TextField(blank=True, editable=False)
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="request", verbose_name=_("refund")
    )
    # Under which our order to the bank is booked, when it is paid by one.
    order_event = models.CharField(max_length=80, blank=True, editable=False)
    asked_by = models.CharField(_("asked by"), max_length=60)
    # Above the limit of the practice: who of the staff agreed first. Somebody else has to approve.
    first_by = models.CharField(_("first approval by"), max_length=60, blank=True)
    approved_by = models.CharField(_("approved by"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True, editable=False)  # first use of the key
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True, editable=False)
    checks = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("refund of credit"), _("refunds of credit")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="refund_request_amount_positive"),
            models.CheckConstraint(
                condition=Q(first_by="") | Q(approved_by="") | ~Q(first_by=F("approved_by")),
                name="refund_request_second_person_is_another",
            ),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(status="asked"), name="one_refund_asked_per_invoice"
            ),
            models.UniqueConstraint(
                fields=["payment", "invoice"],
                condition=Q(status__in=["approved", "sending", "unknown"]),
                name="one_unsent_refund_per_payment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], name="refund_request_to_check", condition=Q(next_check_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"
