"""What is answered, and what moved because of it."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts
from billing.links import new_token
from billing.money import EuroField
from complaints.models.complaints import Complaint


class ComplaintPoint(SealedFacts, models.Model):
    """One point of an answer: what was said, what was found, what is decided, and what moves because of it."""

    class Decision(models.TextChoices):
        UPHELD = "upheld", _("you are right")
        PARTLY = "partly", _("you are partly right")
        NOT_UPHELD = "not_upheld", _("we see it differently")

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="points", verbose_name=_("complaint"))
    line = models.PositiveSmallIntegerField(_("line"), default=1)  # the second line answers every point anew
    position = models.PositiveSmallIntegerField(_("number"))
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_facts = models.BinaryField(editable=False, default=b"")  # said, found, why: JSON

    class Meta:
        verbose_name, verbose_name_plural = _("point"), _("points")
        ordering = ["line", "position"]
        constraints = [
            models.UniqueConstraint(fields=["complaint", "line", "position"], name="complaint_point_once"),
        ]

    def __str__(self) -> str:
        return self.get_decision_display()

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint_point.facts:{self.token}"


class Answer(SealedFacts, models.Model):
    """An answer: proposed until a second person agrees where that is needed, and never changed once it was given."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="answers", verbose_name=_("complaint"))
    line = models.PositiveSmallIntegerField(_("line"), default=1)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_facts = models.BinaryField(editable=False, default=b"")  # `answers.Draft`
    next_body = models.JSONField(_("next body"), default=dict)  # as it was on the day of the answer
    before = EuroField(_("before"), null=True, blank=True)
    after = EuroField(_("after"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    given_at = models.DateTimeField(_("given"), null=True, blank=True)
    promised_by = models.DateField(_("promised before or on"), null=True, blank=True)  # as it was when it was given
    by_post = models.BooleanField(_("goes by post"), default=False)  # a person prints and posts it
    posted_on = models.DateField(_("posted"), null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agreed by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("answer to a complaint"), _("answers to complaints")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["complaint", "line"], name="complaint_one_answer_per_line"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("written_by")),
                name="complaint_answer_second_person_is_another",
            ),
        ]

    def __str__(self) -> str:
        return str(timezone.localdate(self.written_at))

    @property
    def until(self) -> date | None:
        """Return the last day on which the patient can go to the next body; None when there is none."""
        return date.fromisoformat(self.next_body["until"]) if self.next_body.get("until") else None

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint_answer.facts:{self.token}"


class Remedy(models.Model):
    """What moved because of an answer, in the transaction of that answer. Never deleted: undone by a new decision."""

    class Kind(models.TextChoices):
        CHARGES_OFF = "charges_off", _("costs and interest taken off")
        LOWERED = "lowered", _("amount lowered")
        WITHDRAWN = "withdrawn", _("invoice withdrawn")
        LOOKED_AGAIN = "looked_again", _("coulance is looked at again")
        MONEY_MOVED = "money_moved", _("a payment booked on the right invoice")
        RECALLED = "recalled", _("taken back from the agency")
        NEW_DUE_DATE = "new_due_date", _("new last day to pay")
        ACTION = "action", _("something an employee does")

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="remedies", verbose_name=_("complaint"))
    line = models.PositiveSmallIntegerField(_("line"), default=1)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    amount = EuroField(_("amount"), null=True, blank=True)
    due_on = models.DateField(_("last day to pay"), null=True, blank=True)
    before = EuroField(_("before"), null=True, blank=True)
    after = EuroField(_("after"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("remedy"), _("remedies")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["complaint", "line", "kind"], name="complaint_remedy_once")]

    def __str__(self) -> str:
        return self.get_kind_display()
