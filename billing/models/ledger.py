"""The two-sided ledger: transactions, and the postings of each, which add up to nothing."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.integrity.keyed import DigestField
from billing.models.invoices import Invoice
from billing.models.parties import Provider
from billing.money import ZERO, EuroField


class Account(models.TextChoices):
    """What an amount stands on. A debit is positive: somebody owes it to us, or we hold it; a credit is negative."""

    # The patient's receivable of one invoice, in the parts that the law pays apart (6:44 BW), and what was overpaid.
    PRINCIPAL = "principal", _("principal")
    INTEREST = "interest", _("statutory interest")
    COSTS = "costs", _("collection costs")
    CREDIT = "credit", _("credit of the payer")
    # The practice's claims that nobody paid yet: the other side of its patients' receivables.
    CLAIMS = "claims", _("claims not yet paid")
    # What we owe the practice of the money that came in; collection costs and interest are the operator's or its own.
    PRACTICE = "practice", _("account of the practice")
    # Money: at the gateway until it is paid out to our bank.
    GATEWAY = "gateway", _("money at Mollie")


# What an invoice owes is the sum of its postings on these; below zero it is credit of the payer.
RECEIVABLE = (Account.PRINCIPAL, Account.INTEREST, Account.COSTS)
OF_INVOICE = (*RECEIVABLE, Account.CREDIT)


class LedgerTransaction(models.Model):
    """One event in the books, never changed (database triggers). Its postings add up to nothing."""

    class Kind(models.TextChoices):
        INVOICED = "invoiced", _("invoiced")
        INSURER_PAID = "insurer_paid", _("paid by the insurer")
        PAYMENT = "payment", _("payment received")
        RECEIPT = "receipt", _("received in another way")
        REFUND = "refund", _("refund paid out")
        CHARGEBACK = "chargeback", _("payment reversed by the bank")
        REPAID = "repaid", _("credit paid back in another way")
        TRANSFER = "transfer", _("credit moved to another invoice")
        REDUCTION = "reduction", _("amount lowered")
        CREDITED = "credited", _("credit note")
        COSTS = "costs", _("collection costs")
        INTEREST = "interest", _("statutory interest")
        ALLOCATION = "allocation", _("payments allocated anew")

    RECEIVED = (Kind.PAYMENT, Kind.RECEIPT)  # money of the payer came, by whatever road
    # Less what went back to the payer: what the payer paid. Moved credit is paid on the one invoice, not on the other.
    PAID = (*RECEIVED, Kind.REFUND, Kind.CHARGEBACK, Kind.REPAID, Kind.TRANSFER)

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    # The external event (Mollie's id, the payment reference, …): booked once, however often it is reported.
    external_id = models.CharField(_("external id"), max_length=80)
    occurred_at = models.DateTimeField(_("happened"))
    created_at = models.DateTimeField(_("booked"), default=timezone.now)
    by = models.CharField(_("by"), max_length=60)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    digest = DigestField()

    class Meta:
        verbose_name, verbose_name_plural = _("ledger transaction"), _("ledger transactions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "external_id"], name="ledger_one_transaction_per_event"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Posting(models.Model):
    """One side of a transaction, never changed (database triggers). Debit is positive, credit negative."""

    transaction = models.ForeignKey(
        LedgerTransaction, models.PROTECT, related_name="postings", verbose_name=_("transaction")
    )
    account = models.CharField(_("account"), max_length=12, choices=Account)
    amount = EuroField(_("amount"))
    # Whose account it is; null on the accounts of the operator, such as the gateway's.
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("provider")
    )
    # The invoice that caused it, on every account.
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="postings", verbose_name=_("invoice"))
    digest = DigestField()

    EXPORTED_WITH = ("transaction",)  # a patient's export tells each posting with what happened

    class Meta:
        verbose_name, verbose_name_plural = _("posting"), _("postings")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=ZERO), name="posting_is_not_zero"),
            models.UniqueConstraint(fields=["transaction", "invoice", "account"], name="posting_one_sum_per_account"),
        ]
        indexes = [models.Index(fields=["account"], name="posting_by_account")]

    def __str__(self) -> str:
        return f"{self.get_account_display()} {self.amount}"
