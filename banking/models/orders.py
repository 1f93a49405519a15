"""What we order the bank to pay: orders, the batches in which they are handed to it, and what we know of payees."""

import re

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from banking.models.statements import BankAccount, BankLine
from billing.encryption import SealedFacts, SealedText
from billing.models import Invoice, Provider
from billing.money import ZERO, EuroField

# Random, so that a restored backup never gives an id again that the bank has seen; no letter that looks like a digit.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
OURS = re.compile(rf"ZR-[OB]-[{_LETTERS}]{{18}}")


def new_order_reference() -> str:
    """Return a new EndToEndId: at most 35 characters that every bank passes on."""
    return f"ZR-O-{get_random_string(18, _LETTERS)}"


def new_batch_reference() -> str:
    """Return a new MsgId and PmtInfId."""
    return f"ZR-B-{get_random_string(18, _LETTERS)}"


class OutgoingBatch(SealedText, models.Model):
    """Orders handed to the bank as one pain.001. Its bytes are made once and are the same at each download."""

    class Status(models.TextChoices):
        MADE = "made", _("made")
        EXPORTED = "exported", _("handed out")

    TRANSITIONS = {Status.MADE: (Status.EXPORTED,), Status.EXPORTED: ()}

    reference = models.CharField(_("reference"), max_length=35, unique=True, default=new_batch_reference)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="batches", verbose_name=_("bank account"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.MADE)
    count = models.PositiveIntegerField(_("payments"))
    total = EuroField(_("total"))
    execute_on = models.DateField(_("to be executed on"))
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    sealed_text = models.BinaryField(editable=False)  # the file: names and accounts
    made_by = models.CharField(_("made by"), max_length=60)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    exported_at = models.DateTimeField(_("handed out"), null=True, blank=True)
    exported_by = models.CharField(_("handed out by"), max_length=60, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("batch of orders"), _("batches of orders")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(count__gt=0, total__gt=ZERO), name="batch_pays_something"),
            models.CheckConstraint(
                condition=Q(status="made", exported_at=None) | Q(status="exported", exported_at__isnull=False),
                name="batch_says_when_it_was_exported",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def bound_to(self) -> str:
        """Return what the file is bound to."""
        return f"banking.batch:{self.reference}"


class OutgoingOrder(SealedFacts, models.Model):
    """One payment that we order the bank to make. Two persons agree; only a statement proves that it was made."""

    class Purpose(models.TextChoices):
        CREDIT = "credit", _("refund of a credit")
        RETURN = "return", _("return of money that nobody claimed")
        PAYOUT = "payout", _("payout to a practice")

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for two persons")
        APPROVED = "approved", _("approved")
        IN_BATCH = "in_batch", _("in a batch")
        EXPORTED = "exported", _("handed to the bank")
        ACCEPTED = "accepted", _("accepted by the bank")
        REJECTED = "rejected", _("rejected by the bank")
        DEBITED = "debited", _("paid")
        RETURNED = "returned", _("came back")
        CANCELLED = "cancelled", _("cancelled")

    TRANSITIONS = {
        Status.PROPOSED: (Status.APPROVED, Status.CANCELLED),
        Status.APPROVED: (Status.IN_BATCH, Status.CANCELLED),
        Status.IN_BATCH: (Status.EXPORTED,),
        # Cancelled: its absence was proven by statements without a gap.
        Status.EXPORTED: (Status.ACCEPTED, Status.REJECTED, Status.DEBITED, Status.CANCELLED),
        Status.ACCEPTED: (Status.REJECTED, Status.DEBITED, Status.CANCELLED),
        Status.REJECTED: (),
        Status.DEBITED: (Status.RETURNED,),
        Status.RETURNED: (),
        Status.CANCELLED: (),
    }
    ENDED = (Status.REJECTED, Status.DEBITED, Status.RETURNED, Status.CANCELLED)
    FAILED = (Status.REJECTED, Status.RETURNED, Status.CANCELLED)
    AT_BANK = (Status.EXPORTED, Status.ACCEPTED)
    # Its money stands on UNDER_WAY.
    UNDER_WAY = (Status.APPROVED, Status.IN_BATCH, *AT_BANK)

    reference = models.CharField(_("reference"), max_length=35, unique=True, default=new_order_reference)
    purpose = models.CharField(_("purpose"), max_length=6, choices=Purpose)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PROPOSED)
    amount = EuroField(_("amount"))
    # What is paid by it, once: a credit, a line of a statement, a payout.
    source = models.CharField(max_length=80, editable=False)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="orders", verbose_name=_("bank account"))
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("provider")
    )
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("invoice")
    )
    line = models.ForeignKey(
        BankLine, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("line of a statement")
    )
    batch = models.ForeignKey(
        OutgoingBatch, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("batch of orders")
    )
    sealed_facts = models.BinaryField(editable=False)  # name, IBAN and description: see `banking/orders/payees.py`
    iban_hash = models.CharField(max_length=68, editable=False)
    iban_end = models.CharField(_("IBAN ends in"), max_length=4)
    proposed_by = models.ForeignKey(  # null: a rule, and then both persons still have to agree
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proposed by")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    created_at = models.DateTimeField(_("proposed"), default=timezone.now)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # News of the bank (pain.002): never a proof of payment.
    bank_status = models.CharField(_("status at the bank"), max_length=4, blank=True)
    reason_code = models.CharField(_("reason of the bank"), max_length=4, blank=True)
    # The first of the two persons who cancel an order whose absence is proven.
    cancel_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to cancel")
    )
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cancelled by"),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("order to the bank"), _("orders to the bank")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="order_amount_positive"),
            models.UniqueConstraint(
                fields=["source"],
                condition=~Q(status__in=("rejected", "returned", "cancelled")),
                name="one_order_per_source",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("proposed", "cancelled"))
                | Q(proposed_by__isnull=False, approved_by__isnull=False),
                name="order_has_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")), name="order_second_person_is_another"
            ),
            models.CheckConstraint(
                condition=Q(cancel_asked_by=None) | Q(cancelled_by=None) | ~Q(cancelled_by=F("cancel_asked_by")),
                name="order_cancelled_by_another",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("proposed", "approved", "cancelled")) | Q(batch__isnull=False),
                name="order_at_bank_has_a_batch",
            ),
        ]
        indexes = [
            models.Index(fields=["status"], name="order_by_status"),
            models.Index(fields=["iban_hash"], name="order_by_payee"),
        ]

    def __str__(self) -> str:
        return self.reference

    def bound_to(self) -> str:
        """Return what the payee's details are bound to."""
        return f"banking.order:{self.reference}"

    @property
    def event(self) -> str:
        """Return the id under which the ledger books it once."""
        return f"order:{self.reference}"


class PayeeAccount(models.Model):
    """What the bank told us of an account that we pay to: whether the name fits, and whether payments come back."""

    class Check(models.TextChoices):
        """Verification of Payee (Regulation 2024/886)."""

        MATCH = "match", _("name and account belong together")
        CLOSE = "close", _("the name nearly fits")
        NONE = "none", _("the name does not fit")
        IMPOSSIBLE = "impossible", _("could not be checked")

    iban_hash = models.CharField(max_length=68, unique=True, editable=False)
    iban_end = models.CharField(_("IBAN ends in"), max_length=4)
    check_result = models.CharField(_("name check"), max_length=10, choices=Check, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    blocked_because = models.CharField(_("blocked because"), max_length=40, blank=True)  # a code of the bank, or "name"
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True)
    # Two persons, after asking the payee by another road.
    lift_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to unblock")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("account of a payee"), _("accounts of payees")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"…{self.iban_end}"

    @property
    def why_blocked(self) -> str:
        """Return why nothing is paid to it, in words; with the code of the bank when it gave one."""
        if self.blocked_because == "name":
            return str(self.Check.NONE.label)
        said = str(_("a payment came back"))
        return said if self.blocked_because == "returned" else f"{said} ({self.blocked_because})"
