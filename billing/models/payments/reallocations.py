"""Money that was booked on the wrong invoice, and where it is booked instead."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.links import new_token
from billing.models.invoices import Invoice
from billing.models.ledger import LedgerTransaction
from billing.money import ZERO, EuroField


class Reallocation(models.Model):
    """What staff ask: another division of one booking of money. Above the limit a second person confirms it."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for a second person")
        BOOKED = "booked", _("booked")
        REFUSED = "refused", _("refused")

    TRANSITIONS = {Status.PROPOSED: (Status.BOOKED, Status.REFUSED), Status.BOOKED: (), Status.REFUSED: ()}

    booking = models.ForeignKey(
        LedgerTransaction, models.PROTECT, related_name="reallocations", verbose_name=_("booking")
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PROPOSED)
    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("new allocation"), _("new allocations")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(status="proposed"), name="one_reallocation_waits_per_booking"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("asked_by")),
                name="reallocation_second_person_is_another",
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()


class ReallocationShare(models.Model):
    """What one invoice gets in a new allocation, in euros."""

    reallocation = models.ForeignKey(
        Reallocation, models.PROTECT, related_name="shares", verbose_name=_("new allocation")
    )
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="reallocation_shares", verbose_name=_("invoice"))
    amount = EuroField(_("amount"))

    EXPORTED_WITH = ("reallocation",)

    class Meta:
        verbose_name, verbose_name_plural = _("share of a new allocation"), _("shares of new allocations")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["reallocation", "invoice"], name="reallocation_one_share_per_invoice"),
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="reallocation_share_positive"),
        ]

    def __str__(self) -> str:
        return str(self.amount)
