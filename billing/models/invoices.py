"""The invoice, its medical content and its holds."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.encryption import seal_facts, unseal_facts
from billing.models.parties import Language, Patient, Provider
from billing.models.search import SearchText
from billing.text import folding


class Invoice(models.Model):
    """One bill (rekening). What is owed on it is the sum of its postings, stored nowhere else."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="invoices", verbose_name=_("provider"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="invoices", verbose_name=_("patient"))
    number = models.CharField(_("invoice number"), max_length=40)
    payment_reference = models.CharField(_("payment reference"), max_length=16, unique=True)
    token = models.CharField(max_length=32, unique=True, editable=False)
    issued_on = models.DateField(_("invoice date"))
    due_on = models.DateField(_("pay before or on"))
    # Something sold, such as a hearing aid, so that the claim lapses after two years (7:28 BW); said by the practice.
    for_goods = models.BooleanField(_("for something sold"), default=False)
    created_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    # A credit note took all of it back. Written only by `adjustments.credit_notes`.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)
    # Null while something is owed. Written only by `ledger`, in the transaction of the entry that settles it.
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)
    # The position in the dunning schedule: the next step, and its day (null: not before something else happens).
    # Written only by `invoices.schedule`, and by `invoices.intake` at the start.
    next_step = models.PositiveSmallIntegerField(_("next step"), default=0, editable=False)
    next_step_on = models.DateField(_("next step on"), null=True, blank=True, editable=False)
    # What identifies the patient and the care is erased; the amounts stay. Written only by `privacy.retention`.
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True, editable=False)
    # SHA-256 of the invoice as the practice submitted it: the same one again is recognised, a changed one refused.
    fingerprint = models.BinaryField(max_length=32, editable=False)

    # Links through this day have ended for good, also when the clock goes back.
    links_ended_on = models.DateField(null=True, blank=True, editable=False)

    search_text = SearchText()

    class Meta:
        verbose_name, verbose_name_plural = _("invoice"), _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["provider", "number"], name="invoice_number_per_provider"),
            models.CheckConstraint(condition=Q(due_on__gte=models.F("issued_on")), name="invoice_due_after_issue"),
        ]
        indexes = [
            models.Index(
                fields=["due_on"], name="invoice_open_by_due_date", condition=Q(settled_at=None, withdrawn_at=None)
            ),
            # With the id, so that planning can page through the invoices of one day in chunks.
            models.Index(
                fields=["next_step_on", "id"],
                name="invoice_by_next_step",
                condition=Q(settled_at=None, withdrawn_at=None, next_step_on__isnull=False),
            ),
            models.Index(
                fields=["settled_at"],
                name="invoice_to_erase",
                condition=Q(settled_at__isnull=False, erased_at=None),
            ),
            # Payers write it on their transfers, and say no practice.
            models.Index(fields=["number"], name="invoice_open_by_number", condition=Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return self.number

    def search_words(self) -> list[str]:
        """Return what this invoice is found by: its number and payment reference, or any part of them."""
        return [folding.compact(self.number), self.payment_reference]


class CareDetail(models.Model):
    """The care, line by line, and for whom: sealed, and in a separate table so that no ordinary page loads it.

    The person is as the practice named them with this invoice and never changes: whatever is corrected later about the
    patient, no care is ever shown under another name.
    """

    invoice = models.OneToOneField(Invoice, models.PROTECT, primary_key=True, related_name="care_detail")
    sealed_lines = models.BinaryField(editable=False)
    sealed_person = models.BinaryField(editable=False)
    SEALED_WITH = ("invoice",)  # the rows that sealed_bindings() needs

    class Meta:
        verbose_name, verbose_name_plural = _("care detail"), _("care details")

    def __str__(self) -> str:
        return str(_("care detail"))

    @staticmethod
    def sealed(lines: list[dict[str, Any]], *, payment_reference: str) -> bytes:
        """Return the lines of the invoice with `payment_reference`, sealed for its row only."""
        return seal_facts(lines, bound_to=CareDetail._bound_to(payment_reference))

    @staticmethod
    def sealed_for(person: dict[str, Any], *, payment_reference: str) -> bytes:
        """Return whom the invoice with `payment_reference` is for, sealed for its row only (see `person`)."""
        return seal_facts(person, bound_to=CareDetail._bound_to(payment_reference, "person"))

    @staticmethod
    def _bound_to(payment_reference: str, column: str = "lines") -> str:
        return f"care_detail.{column}:{payment_reference}"

    def sealed_bindings(self) -> dict[str, str]:
        reference = self.invoice.payment_reference
        return {"sealed_lines": self._bound_to(reference), "sealed_person": self._bound_to(reference, "person")}

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the lines as in the batch format: ISO dates, amounts as strings."""
        return unseal_facts(self.sealed_lines, bound_to=self._bound_to(self.invoice.payment_reference))

    @property
    def person(self) -> dict[str, Any]:
        """Return whom the invoice is for: the fields of Patient.PERSON, date of birth, insurance, and who pays."""
        bound_to = self._bound_to(self.invoice.payment_reference, "person")
        return unseal_facts(self.sealed_person, bound_to=bound_to)


class Hold(models.Model):
    """A period in which the invoice is on hold; its reason decides what is stopped (see `billing.rooms`)."""

    STAFF = "staff"  # placed by staff; rooms announce their own reasons

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="holds", verbose_name=_("invoice"))
    reason = models.CharField(_("reason"), max_length=24, choices=rooms.hold_reason_choices)
    placed_by = models.CharField(_("placed by"), max_length=60)
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    until = models.DateField(_("until"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.CharField(_("released by"), max_length=60, blank=True)
    # The mail that tells the patient of the end: of this hold alone, of several, or with other news.
    told_by = models.ForeignKey(
        "billing.OutboxMessage", models.SET_NULL, null=True, editable=False, related_name="ended_holds"
    )

    class Meta:
        verbose_name, verbose_name_plural = _("hold"), _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "reason"], condition=Q(released_at=None), name="one_active_hold_per_reason"
            )
        ]

    def __str__(self) -> str:
        return self.get_reason_display()


class InvoicePayer(models.Model):
    """Somebody who pays one invoice and gets its messages, whoever pays for the patient: a parent, for care of before
    the child came of age."""

    invoice = models.OneToOneField(
        Invoice, models.PROTECT, primary_key=True, related_name="own_payer", verbose_name=_("invoice")
    )
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=3, choices=Language, default=Language.DUTCH)

    class Meta:
        verbose_name, verbose_name_plural = _("payer of one invoice"), _("payers of one invoice")

    def __str__(self) -> str:
        return self.name


class InvoiceHistory(models.Model):
    """What the page of an invoice tells, as one document of JSON: a view, which `billing.invoices.told` makes.

    It is read, never written, and has no row for an invoice that was erased.
    """

    invoice = models.OneToOneField(Invoice, models.DO_NOTHING, primary_key=True, related_name="+")
    token = models.CharField(max_length=32)
    told = models.JSONField()

    class Meta:
        managed = False
        db_table = "billing_invoice_history"

    def __str__(self) -> str:
        return str(self.pk)
