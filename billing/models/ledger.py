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
    BANK = "bank", _("money at our bank")
    # Of the money at the bank: what came in and nobody knows whose it is, and what we ordered the bank to pay.
    UNMATCHED = "unmatched", _("received, not matched yet")
    UNDER_WAY = "under_way", _("ordered at the bank")
    # The operator's own: its fees (less what Mollie and the bank charge it), their VAT, and the collection costs and
    # interest that a practice leaves to it.
    FEES = "fees", _("fees of the operator")
    VAT = "vat", _("VAT on fees")
    CHARGES = "charges", _("costs and interest of the operator")


# What an invoice owes is the sum of its postings on these; below zero it is credit of the payer.
RECEIVABLE = (Account.PRINCIPAL, Account.INTEREST, Account.COSTS)
OF_INVOICE = (*RECEIVABLE, Account.CREDIT)
WITH_INVOICE = (*OF_INVOICE, Account.CLAIMS)
# Where the money of a payment comes from, or that of a refund goes to.
THROUGH = (Account.GATEWAY, Account.BANK, Account.UNMATCHED, Account.UNDER_WAY)


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
        CREDIT_MOVED = "credit_moved", _("credit moved to another invoice")
        REDUCTION = "reduction", _("amount lowered")
        CREDITED = "credited", _("credit note")
        WRITTEN_OFF = "written_off", _("written off")
        COSTS = "costs", _("collection costs")
        INTEREST = "interest", _("statutory interest")
        ALLOCATION = "allocation", _("payments allocated anew")
        # On no invoice's own accounts: see TRANSFERS.
        UNMATCHED = "unmatched", _("received, not matched yet")
        SENT_BACK = "sent_back", _("sent back to where it came from")
        SETTLEMENT = "settlement", _("paid out by Mollie")
        BANK_OTHER = "bank_other", _("costs, interest and own transfers at the bank")
        DEBITED = "debited", _("order executed by the bank")
        FEE = "fee", _("fee of the operator")
        CHARGES = "charges", _("costs and interest left to the operator")
        PAYOUT = "payout", _("paid to the practice")

    RECEIVED = (Kind.PAYMENT, Kind.RECEIPT)  # money of the payer came, by whatever road
    # Less what went back to the payer: what the payer paid. Moved credit is paid on the one invoice, not on the other.
    PAID = (*RECEIVED, Kind.REFUND, Kind.CHARGEBACK, Kind.REPAID, Kind.CREDIT_MOVED)

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
        # Figures are of what was booked in a time.
        indexes = [models.Index(fields=["created_at"], name="ledger_by_booking")]

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
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # see posting_by_account_of
        related_name="postings",
        verbose_name=_("provider"),
    )
    # The invoice that caused it, on every account; null when none did: a payout, or money that nobody has matched.
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("invoice")
    )
    digest = DigestField()

    EXPORTED_WITH = ("transaction",)  # a patient's export tells each posting with what happened

    class Meta:
        verbose_name, verbose_name_plural = _("posting"), _("postings")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=ZERO), name="posting_is_not_zero"),
            models.UniqueConstraint(fields=["transaction", "invoice", "account"], name="posting_one_sum_per_account"),
            # An invoice's accounts are its practice's, the practice's account somebody's, the operator's nobody's.
            models.CheckConstraint(
                condition=Q(account__in=WITH_INVOICE, invoice__isnull=False, provider__isnull=False)
                | Q(account=Account.PRACTICE, provider__isnull=False)
                | (~Q(account__in=(*WITH_INVOICE, Account.PRACTICE)) & Q(provider=None)),
                name="posting_names_whose_it_is",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], name="posting_by_account"),
            # Figures add up the accounts of one practice, by what its index holds alone.
            models.Index(fields=["provider", "account", "transaction", "amount"], name="posting_by_account_of"),
            # Staff look for a sum that they see on a bank statement, or that somebody names on the phone.
            models.Index(
                fields=["amount", "provider", "invoice"],
                name="posting_by_principal",
                condition=Q(account=Account.PRINCIPAL),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_account_display()} {self.amount}"


_Kind = LedgerTransaction.Kind
# What moves money between accounts that are no invoice's, and which accounts each may move. What a statement shows is
# first booked as UNMATCHED, and moved from there to what it is.
TRANSFERS: dict[str, tuple[Account, ...]] = {
    _Kind.UNMATCHED: (Account.BANK, Account.UNMATCHED),
    _Kind.SENT_BACK: (Account.UNMATCHED, Account.UNDER_WAY),
    _Kind.SETTLEMENT: (Account.BANK, Account.UNMATCHED, Account.GATEWAY, Account.FEES, Account.VAT),
    _Kind.BANK_OTHER: (
        Account.BANK,
        Account.UNMATCHED,
        Account.FEES,
        Account.VAT,
        Account.CHARGES,
        Account.UNDER_WAY,
    ),
    _Kind.DEBITED: (Account.UNDER_WAY, Account.UNMATCHED, Account.BANK),
    _Kind.FEE: (Account.PRACTICE, Account.FEES, Account.VAT),
    _Kind.CHARGES: (Account.PRACTICE, Account.CHARGES),
    _Kind.PAYOUT: (Account.PRACTICE, Account.UNDER_WAY),
}
