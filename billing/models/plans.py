"""Agreements with a patient to pay later: one date (a deferral), or installments."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from billing.money import ZERO, EuroField


class PaymentPlan(models.Model):
    """One agreement on one invoice, free of charge. How far it is paid follows from the ledger and is not stored."""

    class Kind(models.TextChoices):
        DEFERRAL = "deferral", _("deferral")
        INSTALLMENTS = "installments", _("payment plan")

    class Status(models.TextChoices):
        ACTIVE = "active", _("running")
        COMPLETED = "completed", _("paid in full")
        BROKEN = "broken", _("ended without being paid")
        CANCELED = "canceled", _("replaced or withdrawn")
        UNDONE = "undone", _("undone on the day it was made")

    TRANSITIONS = {
        Status.ACTIVE: (Status.COMPLETED, Status.BROKEN, Status.CANCELED, Status.UNDONE),
        Status.COMPLETED: (),
        Status.BROKEN: (),
        Status.CANCELED: (),
        Status.UNDONE: (),
    }

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="plans", verbose_name=_("invoice"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ACTIVE)
    # What was outstanding at the agreement; the amounts of the installments are its parts.
    total = EuroField(_("total"))
    agreed_at = models.DateTimeField(_("agreed"), default=timezone.now)
    agreed_by = models.CharField(_("agreed by"), max_length=60)
    due_before = models.DateField(_("last day to pay before it"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("payment plan"), _("payment plans")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(status="active"), name="one_active_plan_per_invoice"
            ),
            models.CheckConstraint(condition=Q(total__gt=ZERO), name="plan_total_positive"),
        ]
        indexes = [models.Index(fields=["id"], name="plan_active", condition=Q(status="active"))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_status_display()}"


class Installment(models.Model):
    """One date and one amount of a plan, as agreed. A deferral has one."""

    plan = models.ForeignKey(PaymentPlan, models.PROTECT, related_name="installments", verbose_name=_("plan"))
    number = models.PositiveSmallIntegerField(_("number"))
    due_on = models.DateField(_("pay before or on"))
    amount = EuroField(_("amount"))
    announced_on = models.DateField(_("announced"), null=True, blank=True)
    # The day of the one free reminder, and the last day on which a payment keeps the plan alive.
    missed_on = models.DateField(_("missed"), null=True, blank=True)
    grace_until = models.DateField(_("can still be paid until"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("instalment"), _("instalments")
        ordering = ["plan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_installment_per_number"),
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="installment_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.due_on}"
