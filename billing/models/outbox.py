"""The outbox of messages: rows before they are sent."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.links import CODE_LENGTH, new_code
from billing.models.invoices import Invoice


class OutboxMessage(models.Model):
    """One rendered e-mail: queued, sent, or in need of a decision by staff."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        IN_DOUBT = "in_doubt", _("in doubt")
        CANCELED = "canceled", _("withdrawn")

    TRANSITIONS = {
        # Queued to in doubt: it was queued in a backup that was restored.
        Status.QUEUED: (Status.SENDING, Status.FAILED, Status.CANCELED, Status.IN_DOUBT),
        Status.SENDING: (Status.SENT, Status.QUEUED, Status.FAILED, Status.IN_DOUBT),
        Status.IN_DOUBT: (Status.SENT, Status.QUEUED),  # a person decides
        Status.FAILED: (Status.QUEUED,),  # a person sends it again
        Status.SENT: (),
        Status.CANCELED: (),
    }

    kind = models.CharField(_("kind"), max_length=40)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("invoice")
    )
    language = models.CharField(_("language"), max_length=3)
    recipient = models.EmailField(_("recipient"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"))
    # Dates for the reader's own calendar (RFC 5545), attached as a file; empty for most messages.
    calendar = models.TextField(_("calendar file"), blank=True)
    # Stands in the mail; whoever doubts whether it is ours types it on our own page.
    code = models.CharField(_("message code"), max_length=CODE_LENGTH, unique=True, default=new_code, editable=False)
    # One message per event: the same event queues nothing the second time.
    dedupe_key = models.CharField(max_length=120, unique=True)
    message_id = models.CharField(max_length=120, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("queued"), default=timezone.now)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    # The mail server accepted it, and it bounced later.
    bounced_at = models.DateTimeField(_("came back"), null=True, blank=True)
    # Address, subject and text are erased; the row stays as evidence that there was such a message.
    erased_at = models.DateTimeField(_("text erased"), null=True, blank=True)
    error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("message"), _("messages")
        # One equality each: SQLite matches a query to a partial index by `=`, not by IN.
        indexes = [
            models.Index(fields=["next_try_at"], name="outbox_queued", condition=Q(status="queued")),
            models.Index(fields=["claimed_at"], name="outbox_sending", condition=Q(status="sending")),
            models.Index(fields=["created_at"], name="outbox_failed", condition=Q(status="failed")),
            models.Index(fields=["created_at"], name="outbox_in_doubt", condition=Q(status="in_doubt")),
            models.Index(fields=["sent_at"], name="outbox_to_erase", condition=Q(status="sent", erased_at=None)),
            models.Index(
                fields=["created_at"], name="outbox_canceled_to_erase", condition=Q(status="canceled", erased_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.kind} {self.get_status_display()}"


class BounceIntake(models.Model):
    """When our own probe came back last, which shows that bounces reach us: one row."""

    seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("intake of bounces"), _("intakes of bounces")

    def __str__(self) -> str:
        return f"{self.seen_at:%Y-%m-%d %H:%M}"
