"""What the bank says: our accounts, the files that came in, their statements, and the lines of these."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts
from billing.money import ZERO, EuroField


class BankAccount(models.Model):
    """An account of ours, in euros. A statement of any other account is refused."""

    iban = models.CharField(_("IBAN"), max_length=34, unique=True)  # without blanks, in capitals
    name = models.CharField(_("name"), max_length=70)  # of the holder, as the bank knows it
    # The first booking day that we read. Statements that end before it are refused, lines before it are left out.
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("bank account"), _("bank accounts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.name} …{self.iban[-4:]}"


class StatementFile(models.Model):
    """A file that was handed in, once for the same bytes. Its row is committed before anything is read of it."""

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        READ = "read", _("read")
        REFUSED = "refused", _("refused")

    TRANSITIONS = {
        # From received to received: it is read again after its reader died.
        Status.RECEIVED: (Status.READ, Status.REFUSED),
        Status.READ: (),
        # Handed in again, after what was wrong on our side was mended: an account that was unknown, for example.
        Status.REFUSED: (Status.RECEIVED,),
    }

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("file name"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.RECEIVED)
    refused_because = models.CharField(_("refused because"), max_length=300, blank=True)  # a sentence, no personal data
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    by = models.CharField(_("by"), max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = _("statement file"), _("statement files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Statement(models.Model):
    """One statement of one account as the bank sent it, of one day or more: opening + its lines = closing.

    The same days may come again in another file or format; then the row is there twice and its lines are not.
    """

    class Format(models.TextChoices):
        CAMT053 = "camt053", "CAMT.053"
        MT940 = "mt940", "MT940"

    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="statements", verbose_name=_("bank account"))
    file = models.ForeignKey(StatementFile, models.PROTECT, related_name="statements", verbose_name=_("file"))
    format = models.CharField(_("format"), max_length=8, choices=Format)
    # As the bank counts: it begins anew each year, and some banks leave it out. Shown, never a key.
    number = models.CharField(_("number"), max_length=35, blank=True)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("up to and including"))
    opening = EuroField(_("opening balance"))  # negative when we owe the bank
    closing = EuroField(_("closing balance"))
    line_count = models.PositiveIntegerField(_("lines"))
    new_count = models.PositiveIntegerField(_("new lines"), default=0)  # lines that no earlier statement had
    skipped_count = models.PositiveIntegerField(_("left out"), default=0)  # not booked yet, or of before our first day

    class Meta:
        verbose_name, verbose_name_plural = _("bank statement"), _("bank statements")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(from_on__lte=F("to_on")), name="statement_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.from_on} – {self.to_on}".strip()


class AccountDay(models.Model):
    """One booking day of an account, or the part of it that we know: the balances before and after its lines.

    The chain of balances: opening + the lines = closing, and the closing of a day is the opening of the next one; else
    lines are missing between them. A day has two rows only while lines between its parts are missing.
    """

    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="days", verbose_name=_("bank account"))
    day = models.DateField(_("day"))
    opening = EuroField(_("opening balance"))
    closing = EuroField(_("closing balance"))

    class Meta:
        verbose_name, verbose_name_plural = _("day of an account"), _("days of an account")
        ordering = ["day", "pk"]
        constraints = [models.UniqueConstraint(fields=["account", "day", "opening"], name="account_day_begins_once")]

    def __str__(self) -> str:
        return f"{self.account} {self.day}"


class BankLine(SealedFacts, models.Model):
    """One movement on our account, stored once however often it is read. Of a batch with details: one part of it."""

    class Kind(models.TextChoices):
        """What it is, as far as the bank says so."""

        TRANSFER = "transfer", _("transfer")  # also what nothing more is known of
        BATCH = "batch", _("batch without details")
        RETURNED = "returned", _("payment that came back")  # ours to us (in), or a payer's to the payer (out)
        REVERSAL = "reversal", _("entry undone by the bank")
        DIRECT_DEBIT = "direct_debit", _("direct debit")
        CHARGES = "charges", _("costs of the bank")
        INTEREST = "interest", _("interest of the bank")
        CASH = "cash", _("cash")

    class Status(models.TextChoices):
        NEW = "new", _("not looked at yet")
        BOOKED = "booked", _("booked")  # by its exact payment reference, or by staff
        PROPOSED = "proposed", _("waits for staff, with proposals")
        UNMATCHED = "unmatched", _("waits for staff")
        NOT_OURS = "not_ours", _("not of an invoice")  # costs, interest, our own transfers, Mollie's settlements
        SENT_BACK = "sent_back", _("sent back")
        REPLACED = "replaced", _("replaced by its parts")  # a batch whose details came later, in another format

    _OPEN = (Status.BOOKED, Status.PROPOSED, Status.UNMATCHED, Status.NOT_OURS, Status.SENT_BACK)
    TRANSITIONS = {
        Status.NEW: (*_OPEN, Status.REPLACED),
        # Any of them may be undone by its mirror, and then it waits for staff again.
        Status.BOOKED: (Status.UNMATCHED,),
        Status.PROPOSED: (Status.BOOKED, Status.UNMATCHED, Status.NOT_OURS, Status.SENT_BACK, Status.REPLACED),
        Status.UNMATCHED: (Status.BOOKED, Status.PROPOSED, Status.NOT_OURS, Status.SENT_BACK, Status.REPLACED),
        Status.NOT_OURS: (Status.UNMATCHED,),
        Status.SENT_BACK: (Status.UNMATCHED,),
        Status.REPLACED: (),
    }

    statement = models.ForeignKey(  # the one that brought it first
        Statement, models.PROTECT, related_name="lines", verbose_name=_("bank statement")
    )
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="lines", verbose_name=_("bank account"))
    day = models.ForeignKey(AccountDay, models.PROTECT, related_name="lines", verbose_name=_("day of an account"))
    booked_on = models.DateField(_("booked on"))  # the bank's day in Amsterdam, in whose balance it counts
    value_on = models.DateField(_("value date"))  # may be earlier: a payment of Sunday that is booked on Monday
    amount = EuroField(_("amount"))  # positive: came in; negative: went out; of this part alone
    # Unique for ever: of account, day, amount, the how-manieth of that day and amount, and the part.
    # `bank:<fingerprint>` is the external id in the ledger.
    fingerprint = models.CharField(max_length=40, unique=True, editable=False)
    place = models.PositiveIntegerField(editable=False)  # in its day, as the best statement orders it
    # The whole entry of which this is part `part` (from 1) of `parts`; for most lines the amount itself, 1 of 1.
    entry_amount = EuroField(_("amount of the whole entry"))
    part = models.PositiveIntegerField(default=1, editable=False)
    parts = models.PositiveIntegerField(default=1, editable=False)
    # Of which format the details are: those of CAMT.053 take the place of those of MT940 when both come.
    format = models.CharField(_("format"), max_length=8, choices=Statement.Format)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.TRANSFER)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.NEW)
    # The bank's own id of the entry; not unique with every bank, so it is a hint and no key.
    bank_reference = models.CharField(_("reference of the bank"), max_length=80, blank=True)
    # Keyed hash of the IBAN on the other side, to find lines of the same payer; empty when the bank names none.
    counter_hash = models.CharField(max_length=68, blank=True, editable=False)
    # Name, IBAN, references and text: see `banking/details.py`. A text can name care: medical data.
    sealed_facts = models.BinaryField(editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("line of a statement"), _("lines of statements")
        ordering = ["booked_on", "place", "part", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=ZERO), name="bank_line_is_not_zero"),
            models.CheckConstraint(condition=Q(part__gte=1, part__lte=F("parts")), name="bank_line_part_of_parts"),
        ]
        indexes = [
            models.Index(fields=["account", "booked_on", "entry_amount"], name="bank_line_by_day"),
            models.Index(fields=["counter_hash"], name="bank_line_by_payer", condition=~Q(counter_hash="")),
            models.Index(
                fields=["status", "booked_on"],
                name="bank_line_waits",
                condition=Q(status="new") | Q(status="proposed") | Q(status="unmatched"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount}"

    def bound_to(self) -> str:
        """Return what the details are bound to."""
        return f"banking.line:{self.fingerprint}"

    @property
    def event(self) -> str:
        """Return the id under which the ledger books it once."""
        return f"bank:{self.fingerprint}"

    @property
    def paid_on(self) -> date:
        """Return the day that counts for the payer: the earlier of booking and value date (6:114 lid 2 BW)."""
        return min(self.booked_on, self.value_on)
