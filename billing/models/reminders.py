"""The dunning steps of an unpaid invoice, and what each letter stated."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from billing.models.outbox import OutboxMessage
from billing.models.parties import Patient
from billing.money import EuroField


class Letter(models.Model):
    """One dunning mail to one patient of one provider: the facts as it stated them, never computed again.

    It may be about several invoices, because the law wants claims that can be reminded together in one letter.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="letters", verbose_name=_("patient"))
    step = models.PositiveSmallIntegerField(_("step"))
    made_on = models.DateField(_("made"))
    message = models.OneToOneField(
        OutboxMessage, models.PROTECT, null=True, related_name="letter", verbose_name=_("message")
    )
    principal = EuroField(_("open principal"))
    costs_announced = EuroField(_("costs announced"), null=True, blank=True)
    interest_until = models.DateField(_("interest computed until"), null=True, blank=True)
    # Known once it was sent; the term of a 14-day letter counts from the day of delivery.
    sent_on = models.DateField(_("sent"), null=True, blank=True)
    delivered_on = models.DateField(_("counts as delivered"), null=True, blank=True)
    last_day = models.DateField(_("last day of its term"), null=True, blank=True)
    book_costs_on = models.DateField(_("costs may be booked from"), null=True, blank=True)
    costs_booked_at = models.DateTimeField(_("costs booked"), null=True, blank=True)
    costs_base = EuroField(_("principal that costs were booked over"), null=True, blank=True)
    # Never sent, or never arrived: for the law there was no letter.
    voided_at = models.DateTimeField(_("void"), null=True, blank=True)
    void_reason = models.CharField(_("why void"), max_length=40, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("letter"), _("letters")
        constraints = [
            # The notice of a new invoice is a separate letter; all other steps of a day share one.
            models.UniqueConstraint(
                fields=["patient", "step", "made_on"],
                condition=Q(voided_at=None, step__gt=0),
                name="one_letter_per_patient_step_day",
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="letter_under_way", condition=Q(sent_on=None, voided_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.made_on}"

    def get_step_display(self) -> str:
        return str(ReminderStep.Step(self.step).label)


class ReminderStep(models.Model):
    """One dunning step of one invoice, for one due date. Planned in bulk, decided under locks."""

    class Step(models.IntegerChoices):
        NOTICE = 0, _("invoice announced")
        NOTE = 1, _("friendly note")
        REMINDER = 2, _("reminder")
        FINAL_NOTICE = 3, _("14-day letter")
        NOTICE_OF_COSTS = 4, _("notice of collection costs")
        FINAL = 5, _("last letter")
        HAND_OVER = 6, _("ready for hand-over")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        COMPOSED = "composed", _("letter made")
        TAKEN = "taken", _("taken")
        DROPPED = "dropped", _("dropped")
        VOID = "void", _("void")

    TRANSITIONS = {
        Status.PLANNED: (Status.COMPOSED, Status.TAKEN, Status.DROPPED),
        Status.COMPOSED: (Status.TAKEN, Status.PLANNED, Status.DROPPED, Status.VOID),
        Status.TAKEN: (Status.VOID,),
        Status.DROPPED: (),
        Status.VOID: (),
    }

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="reminder_steps", verbose_name=_("invoice"))
    step = models.PositiveSmallIntegerField(_("step"), choices=Step)
    due_on = models.DateField(_("for the due date"))
    planned_on = models.DateField(_("planned"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PLANNED)
    letter = models.ForeignKey(
        Letter, models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("letter")
    )
    # What the letter states about this invoice: all that is owed, and the part that is principal.
    amount = EuroField(_("amount"), null=True, blank=True)
    principal = EuroField(_("open principal"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    next_try_at = models.DateTimeField(null=True, blank=True, editable=False)  # once it had to wait
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("step"), _("steps")
        ordering = ["pk"]
        constraints = [
            # A step stands only once for a due date; a dropped or void one may be planned again.
            models.UniqueConstraint(
                fields=["invoice", "step", "due_on"],
                condition=Q(status__in=["planned", "composed", "taken"]),
                name="one_standing_step_per_due_date",
            )
        ]
        indexes = [
            models.Index(fields=["invoice"], name="step_planned", condition=Q(status="planned")),
            models.Index(fields=["step", "next_try_at", "id"], name="step_to_compose", condition=Q(status="planned")),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.get_status_display()}"
