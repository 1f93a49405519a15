"""Who asked to be called, and when."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts
from billing.links import new_token
from billing.models import Invoice


class CallbackSlot(models.Model):
    """Half an hour in which we call. Its row is what is locked before a place in it is given away."""

    begins = models.DateTimeField(_("from"), unique=True)

    class Meta:
        verbose_name, verbose_name_plural = _("slot for calling back"), _("slots for calling back")
        ordering = ["begins"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Callback(SealedFacts, models.Model):
    """A place in a slot: the number and the name are sealed. Its token opens the page on which it is cancelled."""

    class End(models.TextChoices):
        REACHED = "reached", _("reached")
        NOT_REACHED = "not_reached", _("not reached")
        CANCELED = "canceled", _("cancelled by whoever asked")

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    slot = models.ForeignKey(CallbackSlot, models.PROTECT, related_name="callbacks", verbose_name=_("slot"))
    # Null: asked for without an invoice open.
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="callbacks", verbose_name=_("invoice")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    language = models.CharField(_("language"), max_length=8)
    sealed_facts = models.BinaryField(editable=False, default=b"")
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end = models.CharField(_("how"), max_length=11, choices=End, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("call-back"), _("call-backs")
        ordering = ["slot__begins", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="helpdesk_callback_says_how_it_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"helpdesk_callback.facts:{self.token}"
