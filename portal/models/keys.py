"""Keys of a practice's software, and what it was answered under an idempotency key."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Provider


class Scope(models.TextChoices):
    """What a key may do."""

    WRITE = "invoices:write", _("hand in invoices and credit notes, and correct patients")
    READ = "invoices:read", _("read the state of invoices")
    PATIENTS = "patients:read", _("read how patients are reached; each look is written down")
    PAYMENTS = "payments:read", _("read payments and payouts")
    EVENTS = "events:read", _("read what happened")


class ApiKey(models.Model):
    """A key of one practice for one program. The key itself is shown once; here is only its SHA-256.

    It is 256 random bits, so a hash that is slow to compute would protect it no better.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="api_keys", verbose_name=_("provider"))
    name = models.CharField(_("program"), max_length=50)
    public_id = models.CharField(_("key"), max_length=12, unique=True, editable=False)  # a part of the key
    secret_hash = models.BinaryField(max_length=32, editable=False)
    scopes = models.JSONField(_("may"), default=list)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.CharField(_("made by"), max_length=60)
    expires_at = models.DateTimeField(_("valid until"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    revoked_by = models.CharField(_("revoked by"), max_length=60, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("key of a program"), _("keys of programs")

    def __str__(self) -> str:
        return self.name

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key opens anything at `now`."""
        return self.revoked_at is None and now < self.expires_at

    @property
    def actor(self) -> str:
        """Return how the program is named in a timeline and in the `by` of a rule."""
        return f"api:{self.name}"


class ApiAnswer(models.Model):
    """What a request with an idempotency key did, in the transaction that did it, so that a repeat does nothing.

    `outcome` has numbers only: the answer is made of it anew, since one that was kept would hold links of patients.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    request_hash = models.BinaryField(max_length=32)  # SHA-256 of method, path and body
    outcome = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = _("answer to a program"), _("answers to programs")
        constraints = [models.UniqueConstraint(fields=["provider", "key"], name="api_answer_once_per_key")]

    def __str__(self) -> str:
        return self.key
