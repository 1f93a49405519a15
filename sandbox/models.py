"""What the stand-in servers store. Amounts are in cents; datetimes are aware."""

from django.db import models
from django.db.models import Q


class Payment(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        PENDING = "pending"
        PAID = "paid"
        CANCELED = "canceled"
        EXPIRED = "expired"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=40, unique=True)  # tr_…
    amount_cents = models.BigIntegerField()
    description = models.CharField(max_length=255)
    redirect_url = models.TextField()
    cancel_url = models.TextField(blank=True)
    webhook_url = models.TextField(blank=True)
    method = models.CharField(max_length=40, blank=True)
    locale = models.CharField(max_length=10, blank=True)
    metadata = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # paid, canceled, expired or failed

    class Meta:
        indexes = [models.Index(fields=["expires_at"], condition=Q(status="open"), name="sandbox_payment_open")]

    def __str__(self) -> str:
        return self.reference


class Refund(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued"
        PENDING = "pending"
        PROCESSING = "processing"
        REFUNDED = "refunded"
        FAILED = "failed"
        CANCELED = "canceled"

    id = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=40, unique=True)  # re_…
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="refunds")
    amount_cents = models.BigIntegerField()
    description = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    settles_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["settles_at"], condition=Q(status="pending"), name="sandbox_refund_pending")]

    def __str__(self) -> str:
        return self.reference


class Chargeback(models.Model):
    id = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=40, unique=True)  # chb_…
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="chargebacks")
    amount_cents = models.BigIntegerField()
    created_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.reference


class Settlement(models.Model):
    """What the gateway pays out to its customer's bank account at once, after its costs."""

    id = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=40, unique=True)  # stl_…
    number = models.CharField(max_length=30, unique=True)  # on the statement of the bank
    amount_cents = models.BigIntegerField()
    costs_cents = models.BigIntegerField()  # with VAT
    vat_cents = models.BigIntegerField()
    created_at = models.DateTimeField()
    last_payment = models.BigIntegerField()  # the key of the newest payment in it
    status = models.CharField(max_length=8, default="paidout")  # or failed: the bank did not take it

    def __str__(self) -> str:
        return self.number


class Movement(models.Model):
    """A movement on the operator's account at the stand-in bank; a positive amount came in."""

    booked_on = models.DateField()
    amount_cents = models.BigIntegerField()
    name = models.CharField(max_length=70)  # of the other side
    iban = models.CharField(max_length=34)
    text = models.CharField(max_length=140, blank=True)
    end_to_end = models.CharField(max_length=35, blank=True)
    batch = models.CharField(max_length=35, blank=True)
    return_code = models.CharField(max_length=4, blank=True)  # why a payment came back

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount_cents}"


class PaymentFile(models.Model):
    """A pain.001 that the stand-in bank has executed: it does so once."""

    reference = models.CharField(max_length=35, unique=True)  # MsgId
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.reference


class IdempotentCall(models.Model):
    """A POST with an Idempotency-Key. The unique key is the lock: whoever inserts the row does the work."""

    key = models.CharField(max_length=255, unique=True)
    fingerprint = models.CharField(max_length=64)  # of path and parameters
    started_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)  # null: still running
    body = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.key


class WebhookCall(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"
        DROPPED = "dropped"  # by configuration

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="webhook_calls")
    url = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    first_due_at = models.DateTimeField()
    due_at = models.DateTimeField()  # while sending: when the claim lapses
    tries = models.PositiveSmallIntegerField(default=0)
    last_outcome = models.CharField(max_length=200, blank=True)  # a status code or the name of an error

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="sandbox_webhook_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.state}"


class Message(models.Model):
    """A mail or SMS that arrived in the mailbox."""

    class Kind(models.TextChoices):
        MAIL = "mail"
        SMS = "sms"

    kind = models.CharField(max_length=4, choices=Kind)
    sender = models.TextField()
    to = models.TextField()  # the envelope's recipients, comma separated
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=list)  # [name, value] pairs in their order
    raw = models.BinaryField(default=b"")
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Attachment(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.filename


class Fault(models.Model):
    """A configured failure of one part of the sandbox; see `faults.py`."""

    section = models.CharField(max_length=10, unique=True)
    settings = models.JSONField()
    times_left = models.PositiveIntegerField(null=True)  # null: until cleared

    def __str__(self) -> str:
        return self.section
