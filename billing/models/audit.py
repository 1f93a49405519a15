"""The audit trail, the tasks for staff, and what staff type: sealed and erasable, apart from the trail."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.encryption import SealedText
from billing.integrity.keyed import DigestField
from billing.links import new_token
from billing.models.invoices import Invoice
from billing.models.parties import Patient, Provider
from billing.models.payments import Payment


class AuditEvent(models.Model):
    """One act on an invoice, shown on the timeline for staff. Append-only, without personal data."""

    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="audit_events", verbose_name=_("invoice")
    )
    action = models.CharField(_("action"), max_length=60)
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    details = models.JSONField(_("details"), default=dict)
    # Makes each digest another, so that a copied event is found.
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)
    digest = DigestField()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["at"], name="audit_event_of_codes", condition=Q(action="code_sent") | Q(action="code_right")
            )
        ]

    def __str__(self) -> str:
        return self.action


class StaffTask(SealedText, models.Model):
    """A task that only a person can settle. Opened once per cause, closed in somebody's name.

    One that a colleague asked for has sealed words, which may say something about somebody's health.
    """

    class Kind(models.TextChoices):
        """The kinds of billing itself; rooms announce their own."""

        SURPLUS = "surplus", _("paid too much: approve the refund, or let it pay another invoice")
        REFUND_TO_APPROVE = "refund_to_approve", _("a refund waits for a member of staff")
        REFUND_BY_BANK = "refund_by_bank", _("a refund has to be paid by bank transfer")
        REFUND_FAILED = "refund_failed", _("a refund failed: the patient still has to get the money")
        CREDIT_OVERDUE = "credit_overdue", _("credit of a patient lies here for too long")
        PAYMENT_MISMATCH = "payment_mismatch", _("payment does not match the gateway's report")
        GATEWAY_ALARM = "gateway_alarm", _("the gateway refuses our calls")
        RECEIPT_TO_CONFIRM = "receipt_to_confirm", _("a payment that was reported waits for a second person")
        REALLOCATION_TO_CONFIRM = "realloc_to_confirm", _("money booked on the wrong invoice waits for a second person")
        CHARGEBACK = "chargeback", _("payment reversed by the bank")
        REFUNDED = "refunded", _("money was paid back, so that something is owed again: decide what happens next")
        PAID_ON_HOLD = "paid_on_hold", _("money arrived while the invoice is on hold")
        MESSAGE_FAILED = "message_failed", _("a message could not be delivered")
        MESSAGE_IN_DOUBT = "message_in_doubt", _("unknown whether a message was delivered")
        INVOICE_UNDELIVERED = "invoice_undelivered", _("the invoice or a letter about it did not reach the patient")
        READY_FOR_HAND_OVER = "ready_for_hand_over", _("not paid after the last letter: decide what happens next")
        BOUNCE_UNMATCHED = "bounce_unmatched", _("a mail came back, and it is unknown which")
        INTAKE_SILENT = "intake_silent", _("mails that come back do not reach us: no collection costs are booked")
        LAW_DATE = "law_date", _("look up a date of the law: the rate of the interest, or holidays")
        CLOCK_JUMPED = "clock_jumped", _("the clock jumped: the day's work waits until you have looked at it")
        PRACTICE_INCOMPLETE = "practice_incomplete", _("no letters: details of the practice are missing")
        SECOND_PERSON_MISSING = "second_person_missing", _("a practice has no second person: one of us decides with it")
        AGB_WAITS = "agb_waits", _("a practice and its AGB code wait for a second person")
        DETAILS_WAIT = "details_wait", _("another name, KvK number or creditor of a practice waits for a second person")
        BIRTH_DATE_WAITS = "birth_date_waits", _("another date of birth of a patient waits for a second person")
        IBAN_WAITS = "iban_waits", _("another IBAN of a care provider waits for approval")
        SMALL_REST = "small_rest", _("little is left to pay, and no letters are sent: write it off, or ask for it")
        PAST_ENFORCING = "past_enforcing", _("the claim is so old that nobody may be asked for it any more")
        MINOR_WITHOUT_PAYER = "minor_without_payer", _("the patient is a minor: find out which parent pays")
        STORAGE = "storage", _("the document storage needs a look: see the note")
        ASKED_CALL = "asked_call", _("call back")
        ASKED_LOOK = "asked_look", _("find something out")
        ASKED_SEND = "asked_send", _("send something")
        ASKED_OTHER = "asked_other", _("a colleague asks something else")
        RULE_FAILED = "rule_failed", _("something failed on our side: it is tried again by itself")

    kind = models.CharField(_("kind"), max_length=24, choices=rooms.staff_task_choices)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="staff_tasks", verbose_name=_("invoice")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="staff_tasks", verbose_name=_("payment")
    )
    # Whose task it is: of the practice of the invoice or patient; of operations without one.
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    patient = models.ForeignKey(
        Patient, models.PROTECT, null=True, blank=True, related_name="staff_tasks", verbose_name=_("patient")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    sealed_text = models.BinaryField(editable=False, default=b"")
    made_by = models.CharField(_("asked by"), max_length=60, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("for")
    )
    due_on = models.DateField(_("to be done on"), null=True, blank=True)
    dedupe_key = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("staff task"), _("staff tasks")
        indexes = [
            models.Index(fields=["created_at"], name="staff_task_open", condition=Q(closed_at=None)),
            models.Index(fields=["provider", "due_on"], name="staff_task_of_practice", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a task about an invoice or a patient is of their practice."""
        about = self.invoice or self.patient
        self.provider_id = about.provider_id if about else self.provider_id
        super().save(*args, **kwargs)

    def bound_to(self) -> str:
        """Return what the words are bound to."""
        return f"staff_task:{self.dedupe_key}"


class StaffNote(SealedText, models.Model):
    """The words of a member of staff about one act. The audit trail keeps only `key`; the words end with the invoice.

    Whatever a person types may say something about somebody's health, and the audit trail can't be erased.
    """

    key = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="staff_notes", verbose_name=_("invoice")
    )
    patient = models.ForeignKey(
        Patient, models.PROTECT, null=True, blank=True, related_name="staff_notes", verbose_name=_("patient")
    )
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("note of staff"), _("notes of staff")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.at:%Y-%m-%d}"

    def bound_to(self) -> str:
        """Return what the words are bound to."""
        return f"staff_note:{self.key}"
