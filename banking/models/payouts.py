"""What practices agreed with the operator about being paid, and each payout with the statement that explains it."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from stdnum.nl import btw

from banking.models.orders import OutgoingOrder
from billing.models import Posting, Provider
from billing.money import ZERO, EuroField

_NOT_NEGATIVE = [MinValueValidator(ZERO)]
_PERCENT = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))]


def _validate_vat_number(number: str) -> None:
    if not btw.is_valid(number):
        raise ValidationError(_("That is not a Dutch VAT number, like NL123456789B13."))


class PayoutTerms(models.Model):
    """How a practice is paid; without terms nothing is paid out to it by the run."""

    class Rhythm(models.TextChoices):
        WEEKLY = "weekly", _("each week, on Monday")
        MONTHLY = "monthly", _("each month, on the first day")

    class ChargesTo(models.TextChoices):
        PRACTICE = "practice", _("the practice")
        OPERATOR = "operator", _("the operator")

    provider = models.OneToOneField(
        Provider, models.PROTECT, primary_key=True, related_name="payout_terms", verbose_name=_("provider")
    )
    rhythm = models.CharField(_("rhythm"), max_length=7, choices=Rhythm, default=Rhythm.WEEKLY)
    minimum = EuroField(_("smallest payout"), default=Decimal("25.00"), validators=_NOT_NEGATIVE)
    # Kept back for chargebacks: a fixed amount, and a share of what came in over the last 90 days.
    reserve_fixed = EuroField(_("fixed reserve"), default=ZERO, validators=_NOT_NEGATIVE)
    reserve_percent = models.DecimalField(
        _("reserve in percent of what came in over 90 days"), max_digits=5, decimal_places=2, default=0,
        validators=_PERCENT,
    )  # fmt: skip
    fee_per_invoice = EuroField(_("fee for each invoice"), default=ZERO, validators=_NOT_NEGATIVE)
    vat_percent = models.DecimalField(
        _("VAT on the fee in percent"), max_digits=5, decimal_places=2, default=21, validators=_PERCENT
    )
    vat_number = models.CharField(
        _("VAT number of the practice"), max_length=14, blank=True, validators=[_validate_vat_number],
        help_text=_("For the fee invoice. Leave it empty for a practice whose care is exempt from VAT."),
    )  # fmt: skip
    charges_to = models.CharField(
        _("collection costs and interest are for"), max_length=8, choices=ChargesTo, default=ChargesTo.PRACTICE
    )
    fees_from = models.DateField(
        _("fees from"), default=timezone.localdate, help_text=_("Invoices that come in from this day on have a fee.")
    )
    fees_until = models.DateField(_("fees charged until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("terms of payout"), _("terms of payout")

    def __str__(self) -> str:
        return str(self.provider)

    def clean(self) -> None:
        """Raise ValidationError for a fee that nobody could invoice: an invoice bears our own VAT number."""
        if self.fee_per_invoice and not settings.OPERATOR["vat"]:
            sentence = _("A fee needs an invoice with the VAT number of the operator. Set OPERATOR_VAT first.")
            raise ValidationError({"fee_per_invoice": sentence})


class Payout(models.Model):
    """One run for one practice: what it is paid, or why nothing, and the statement of its account up to then."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for two persons")
        ORDERED = "ordered", _("on its way")
        PAID = "paid", _("paid")
        FAILED = "failed", _("not paid, the amount is back on the account")
        CARRIED = "carried", _("nothing paid, carried over")

    class Why(models.TextChoices):
        """Why nothing is paid."""

        NOTHING = "", _("nothing special")
        NEGATIVE = "negative", _("the account is below zero")
        TOO_LITTLE = "too_little", _("less than the smallest payout")
        IBAN = "iban", _("the IBAN is missing, or it changed less than two days ago")

    TRANSITIONS = {
        Status.PROPOSED: (Status.ORDERED, Status.FAILED),
        Status.ORDERED: (Status.PAID, Status.FAILED),
        Status.PAID: (Status.FAILED,),
        Status.FAILED: (),
        Status.CARRIED: (),
    }

    number = models.CharField(_("number"), max_length=20, unique=True)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="payouts", verbose_name=_("provider"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PROPOSED)
    why = models.CharField(_("why"), max_length=10, choices=Why, blank=True)
    run_on = models.DateField(_("day of the run"))
    amount = EuroField(_("amount"))
    reserve = EuroField(_("kept as reserve"), default=ZERO)
    not_firm = EuroField(_("still at Mollie"), default=ZERO)
    # Of the statement: what the account held before its first line and after its last; null until it is closed.
    opening = EuroField(_("opening balance"), null=True, blank=True)
    closing = EuroField(_("closing balance"), null=True, blank=True)
    closed_at = models.DateTimeField(_("statement closed"), null=True, blank=True)
    order = models.OneToOneField(
        OutgoingOrder, models.PROTECT, null=True, blank=True, related_name="payout", verbose_name=_("order to the bank")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("payout"), _("payouts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(status="proposed"), name="one_payout_waits_per_practice"
            ),
            models.CheckConstraint(
                condition=Q(status="carried", amount=ZERO, order=None) | (~Q(status="carried") & Q(amount__gt=ZERO)),
                name="payout_pays_something_or_is_carried",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class StatementLine(models.Model):
    """One movement of a practice's account, on one payout statement for ever."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="lines", verbose_name=_("payout"))
    posting = models.OneToOneField(Posting, models.PROTECT, related_name="statement_line", verbose_name=_("posting"))

    class Meta:
        verbose_name, verbose_name_plural = _("line of a payout statement"), _("lines of payout statements")
        ordering = ["posting_id"]

    def __str__(self) -> str:
        return str(self.posting)
