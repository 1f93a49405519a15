"""What happened, as programs read it, and the addresses to which it is sent."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedText
from billing.links import new_token
from billing.models import AuditEvent, Invoice, LedgerTransaction, Provider


class ApiEvent(models.Model):
    """One thing that happened on an invoice or the account of a practice: that it did, and no more.

    Written only by `portal.webhooks.events`, by one process at a time: so whoever has read up to a key has missed none
    before it. It is made of a ledger transaction or of an event of the audit trail.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    # By which programs know it: the key would tell each practice how much happens at all the others.
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    kind = models.CharField(_("what happened"), max_length=40)
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="+")
    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, null=True, related_name="+")
    audit_event = models.ForeignKey(AuditEvent, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"))
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = _("event for programs"), _("events for programs")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "invoice"], name="api_event_once_per_booking"),
            models.UniqueConstraint(
                fields=["transaction"], condition=Q(invoice=None), name="api_event_once_per_transfer"
            ),
            models.UniqueConstraint(fields=["audit_event"], name="api_event_once_per_act"),
        ]
        indexes = [models.Index(fields=["provider", "id"], name="api_event_by_provider")]

    def __str__(self) -> str:
        return self.kind


class EventMark(models.Model):
    """How far the ledger and the audit trail were read for events; the row is the lock of the reader."""

    what = models.CharField(max_length=10, unique=True)
    seen = models.BigIntegerField(default=0)  # the last key that was read
    settled = models.BigIntegerField(default=0)  # up to here nothing can appear any more

    def __str__(self) -> str:
        return f"{self.what} {self.seen}"


class WebhookEndpoint(SealedText, models.Model):
    """An address of a practice's software to which events are sent. The secret that signs them is sealed."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="webhooks", verbose_name=_("provider"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    url = models.CharField(_("address"), max_length=300)
    sealed_text = models.BinaryField(editable=False)  # the secrets, the newest first, one on a line
    # The secret before this one signs too, until then.
    rotated_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.CharField(_("made by"), max_length=60)
    # Since when every delivery failed; null while one succeeds.
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    # One worker at a time sends to it (`portal.webhooks.turns`).
    turn_began_at = models.DateTimeField(null=True, blank=True, editable=False)
    turn_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("webhook"), _("webhooks")

    def __str__(self) -> str:
        return self.url

    def bound_to(self) -> str:
        """Return what the secrets are bound to."""
        return f"webhook_endpoint:{self.token}"


class WebhookDelivery(models.Model):
    """One event on its way to one address; the row is the queue."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("on its way")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="deliveries", verbose_name=_("webhook"))
    event = models.ForeignKey(ApiEvent, models.CASCADE, null=True, related_name="+")  # null: a test
    message_id = models.CharField(max_length=40, default=new_token, editable=False)  # the same in each try
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    answered = models.PositiveSmallIntegerField(_("answer"), null=True)  # the status of the last answer
    error = models.CharField(_("why"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("delivery to a webhook"), _("deliveries to webhooks")
        indexes = [
            models.Index(fields=["endpoint", "event"], name="webhook_delivery_due", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.status}"
