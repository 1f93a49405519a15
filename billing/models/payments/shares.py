"""Money for several invoices: what a payment was meant for, and why money was booked where it was."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedText
from billing.models.invoices import Invoice
from billing.models.ledger import LedgerTransaction
from billing.models.payments.attempts import Payment
from billing.money import ZERO, EuroField


class PaymentShare(models.Model):
    """The part of a payment for several invoices that its payer designated for one of them (6:43 lid 1 BW).

    Only such payments have shares, one for each invoice; a payment without shares is whole for its own invoice.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="shares", verbose_name=_("payment"))
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payment_shares", verbose_name=_("invoice"))
    amount = EuroField(_("amount"))

    EXPORTED_WITH = ("payment",)  # the own amount replaces that of the whole payment

    class Meta:
        verbose_name, verbose_name_plural = _("share of a payment"), _("shares of payments")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="payment_one_share_per_invoice"),
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="payment_share_positive"),
        ]

    def __str__(self) -> str:
        return str(self.amount)


class AllocationNote(SealedText, models.Model):
    """Why money that came was booked on this invoice (6:43 BW), and what the payer had written. Written by `ledger`."""

    class Rule(models.TextChoices):
        """The rules of `law.allocation`, in words, and what no rule says."""

        ONLY = "only", _("nothing else was open")
        DESIGNATED = "designated", _("the payer chose this invoice")
        DUE = "due", _("what is due goes before what is not")
        ONEROUS = "onerous", _("the debt with costs or interest goes first")
        OLDEST = "oldest", _("the oldest goes first")
        PRO_RATA = "pro_rata", _("in proportion, because the debts were alike")
        STAFF = "staff", _("a member of staff found out what it is for")

    transaction = models.ForeignKey(
        LedgerTransaction, models.PROTECT, related_name="allocation_notes", verbose_name=_("transaction")
    )
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="allocation_notes", verbose_name=_("invoice"))
    rule = models.CharField(_("rule"), max_length=10, choices=Rule)
    # People write of care on a transfer. Empty: nothing was written, or it was erased.
    sealed_text = models.BinaryField(editable=False, default=b"")

    EXPORTED_WITH = ("transaction",)

    class Meta:
        verbose_name, verbose_name_plural = _("rule of a booking"), _("rules of bookings")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "invoice"], name="allocation_note_once_per_booking"),
        ]

    def __str__(self) -> str:
        return self.get_rule_display()

    def bound_to(self) -> str:
        return f"allocation_note.text:{self.transaction_id}:{self.invoice_id}"
