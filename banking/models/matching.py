"""What became of the money of a line: who decided it, and on which invoices it was booked."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from banking.models.statements import BankLine
from billing.encryption import SealedText
from billing.links import new_token
from billing.models import Invoice
from billing.money import ZERO, EuroField


class LineDecision(SealedText, models.Model):
    """One decision about a line, by the rule or by a person. It is never changed into another one, only undone."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("booked on invoices")
        SEND_BACK = "send_back", _("sent back to the account that it came from")
        OTHER = "other", _("not for an invoice")

    class What(models.TextChoices):
        """What a line is that is not for an invoice."""

        CHARGES = "charges", _("costs of the bank")
        INTEREST = "interest", _("interest of the bank")
        OWN_TRANSFER = "own_transfer", _("transfer between our own accounts")
        SETTLEMENT = "settlement", _("paid out by Mollie")
        ORDERS = "orders", _("orders of ours, which the bank did not name")
        TAKEN_BACK = "taken_back", _("taken back by the bank, with the line that brought it")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for a second person")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        UNDONE = "undone", _("undone")

    TRANSITIONS = {
        Status.WAITING: (Status.DONE, Status.REFUSED),
        Status.DONE: (Status.UNDONE,),
        Status.REFUSED: (),
        Status.UNDONE: (),
    }
    STANDING = (Status.WAITING, Status.DONE)

    line = models.ForeignKey(BankLine, models.PROTECT, related_name="decisions", verbose_name=_("line of a statement"))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    what = models.CharField(_("what it is"), max_length=12, choices=What, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    # Of the form, so that a doubled click decides once.
    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(_("decided"), default=timezone.now)
    # Null: the rule decided it by itself.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("undone by")
    )
    undo_asked_by = models.ForeignKey(  # the first of two persons, above the limit
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("undoing asked by")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    # Of the line that brought what the bank took back: the decision about the debit. Together they are nothing.
    partner = models.OneToOneField("self", models.PROTECT, null=True, editable=False, related_name="+")
    # Why, in the words of who decided or undid it: may name care.
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("decision about a line"), _("decisions about lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(status__in=("waiting", "done")), name="one_standing_decision_per_line"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | Q(by=None) | ~Q(confirmed_by=F("by")),
                name="line_decision_second_person_is_another",
            ),
            models.CheckConstraint(
                condition=Q(kind="other", what__gt="") | (~Q(kind="other") & Q(what="")),
                name="line_decision_says_what_it_is",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_status_display()}"

    def bound_to(self) -> str:
        """Return what the words are bound to."""
        return f"banking.decision:{self.key}"

    @property
    def event(self) -> str:
        """Return the id under which the ledger books the decision once."""
        return f"{self.line.event}/{self.pk}"


class LineMatch(models.Model):
    """The part of a line that a decision books on one invoice."""

    class Rule(models.TextChoices):
        """How the invoice was found."""

        EXACT = "exact", _("by its payment reference")
        SLIP = "slip", _("by a payment reference that was nearly right")
        NUMBER = "number", _("by its invoice number")
        PAYER = "payer", _("by the account that paid before")
        LAW = "law", _("by the order of the law")
        HAND = "hand", _("by hand")

    decision = models.ForeignKey(
        LineDecision, models.PROTECT, related_name="matches", verbose_name=_("decision about a line")
    )
    line = models.ForeignKey(BankLine, models.PROTECT, related_name="matches", verbose_name=_("line of a statement"))
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="line_matches", verbose_name=_("invoice"))
    amount = EuroField(_("amount"))
    rule = models.CharField(_("found"), max_length=6, choices=Rule)

    class Meta:
        verbose_name, verbose_name_plural = _("transfer on an invoice"), _("transfers on invoices")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="line_match_amount_positive"),
            models.UniqueConstraint(fields=["decision", "invoice"], name="line_match_once_per_invoice"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.invoice}"


class LineNote(SealedText, models.Model):
    """What a person wrote about a line that waits: medical data, as a line can name care."""

    line = models.ForeignKey(BankLine, models.PROTECT, related_name="notes", verbose_name=_("line of a statement"))
    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("note about a line"), _("notes about lines")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.at:%Y-%m-%d}"

    def bound_to(self) -> str:
        """Return what the words are bound to."""
        return f"banking.note:{self.key}"
