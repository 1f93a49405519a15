"""Coulance: the patient shows what the insurer reimbursed, and the provider lowers the invoice to that."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.encryption import SealedText, seal, seal_facts, unseal, unseal_facts
from billing.integrity.keyed import DigestField
from billing.links import new_token
from billing.models import Invoice, Provider
from billing.money import ZERO, EuroField
from guests.files.row import GuestFile, Sent


class PracticeRules(models.Model):
    """The rules of one provider for coulance. A provider without a row follows the defaults."""

    class Rule(models.TextChoices):
        INSURER = "insurer", _("what the insurer granted")
        PERCENTAGE = "percentage", _("a fixed percentage off")
        MANUAL = "manual", _("decided by hand")

    provider = models.OneToOneField(
        Provider, models.PROTECT, related_name="coulance_rules", verbose_name=_("care provider")
    )
    wants_specification = models.BooleanField(_("wants the specification of the insurer"), default=True)
    specification_days = models.PositiveSmallIntegerField(
        _("days to send the specification"), default=30, validators=[MinValueValidator(7), MaxValueValidator(120)]
    )
    rule = models.CharField(_("rule for the amount"), max_length=12, choices=Rule, default=Rule.INSURER)
    percentage = models.PositiveSmallIntegerField(
        _("percentage off"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    second_person_above = EuroField(_("a second person decides too above"), null=True, blank=True)
    help_text = models.CharField(_("what patients should know"), max_length=500, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("rules for coulance"), _("rules for coulance")
        constraints = [
            models.CheckConstraint(
                condition=~Q(rule="percentage") | Q(percentage__gte=1, percentage__lte=100),
                name="coulance_percentage_rule_has_one",
            )
        ]

    def __str__(self) -> str:
        return self.get_rule_display()


class NoteTemplate(models.Model):
    """A text that a practice often writes to patients about a decision. It is about nobody."""

    class For(models.TextChoices):
        ADJUST = "adjust", _("when you lower the amount")
        ASK_MORE = "ask_more", _("when you ask for more")
        REFUSE = "refuse", _("when you refuse")

    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="coulance_notes", verbose_name=_("care provider")
    )
    name = models.CharField(_("name"), max_length=60)
    purpose = models.CharField(pgettext_lazy("of a text", "when"), max_length=8, choices=For, default=For.ADJUST)
    text = models.CharField(_("text"), max_length=500)
    is_default = models.BooleanField(_("goes along when nothing else is written"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("text for patients"), _("texts for patients")
        ordering = ["purpose", "name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="coulance_note_has_a_name_of_its_own"),
            models.UniqueConstraint(
                fields=["provider"], condition=Q(is_default=True), name="coulance_one_default_note"
            ),
            # A refusal, and what is asked, is always chosen by somebody who looked at the case.
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(purpose="adjust"), name="coulance_default_note_lowers"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CoulanceCase(models.Model):
    """The case of one invoice, from the offer to the decision.

    Lock the invoice first, then this row. Every change raises `version`, so that a form opened before is recognised.
    """

    class Status(models.TextChoices):
        OFFERED = "offered", _("offered")
        WAITING_FOR_SPECIFICATION = "waiting_for_specification", _("waiting for the insurer's specification")
        AT_PROVIDER = "at_provider", _("with the care provider")
        ADJUSTED = "adjusted", _("amount lowered")
        REJECTED = "rejected", _("rejected")
        EXPIRED = "expired", _("expired")
        WITHDRAWN = "withdrawn", _("withdrawn")

    TRANSITIONS = {
        Status.OFFERED: (Status.WAITING_FOR_SPECIFICATION, Status.EXPIRED, Status.WITHDRAWN),
        # Back to a decision: the case was reopened, and closed without a new one.
        Status.WAITING_FOR_SPECIFICATION: (
            Status.AT_PROVIDER,
            Status.EXPIRED,
            Status.WITHDRAWN,
            Status.ADJUSTED,
            Status.REJECTED,
        ),
        # Back to waiting: the provider asks for more, or the patient takes back the last file.
        Status.AT_PROVIDER: (Status.WAITING_FOR_SPECIFICATION, Status.ADJUSTED, Status.REJECTED, Status.WITHDRAWN),
        # The insurer may correct itself: a second specification reopens the case.
        Status.ADJUSTED: (Status.AT_PROVIDER,),
        Status.REJECTED: (Status.AT_PROVIDER,),
        # Staff may begin again: the paper was lost in the post, or the patient thought better of it.
        Status.EXPIRED: (Status.WAITING_FOR_SPECIFICATION,),
        Status.WITHDRAWN: (Status.WAITING_FOR_SPECIFICATION,),
    }
    OPEN = (Status.OFFERED, Status.WAITING_FOR_SPECIFICATION, Status.AT_PROVIDER)
    DECIDED = (Status.ADJUSTED, Status.REJECTED)

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="coulance_case", verbose_name=_("invoice"))
    status = models.CharField(_("status"), max_length=26, choices=Status, default=Status.OFFERED)
    version = models.PositiveIntegerField(default=0, editable=False)
    offered_at = models.DateTimeField(_("offered"), default=timezone.now)
    specification_due_on = models.DateField(_("specification expected before or on"))
    provider_since = models.DateTimeField(_("with the care provider since"), null=True, blank=True)
    patient_nudged_at = models.DateTimeField(_("patient reminded"), null=True, blank=True)
    provider_nudged_at = models.DateTimeField(_("care provider reminded"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(_("times opened again"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("coulance case"), _("coulance cases")
        indexes = [
            models.Index(
                fields=["specification_due_on", "id"],
                name="coulance_waits_for_patient",
                condition=Q(status="offered") | Q(status="waiting_for_specification"),
            ),
            models.Index(
                fields=["provider_since", "id"], name="coulance_waits_for_provider", condition=Q(status="at_provider")
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()

    @property
    def standing(self) -> "Decision | None":
        """Return the last decision, which stands until the next one; asking for more decides nothing."""
        return self.decisions.exclude(kind=Decision.Kind.ASK_MORE).last()


_FOR_PATIENTS = {
    "clean": _("checked and sent to the care provider"),
    "erased": _("was with the care provider, and is erased now"),
}


class Specification(GuestFile):
    """What the insurer decided: a file that a patient sent for coulance, or a paper that staff scanned."""

    FOLDER, CALLED, CHECK = "specifications", "specification", "coulance.check_specification"

    case = models.ForeignKey(CoulanceCase, models.PROTECT, related_name="specifications", verbose_name=_("case"))
    scanned_by = models.CharField(_("scanned by"), max_length=60, blank=True)  # of a paper; empty: a patient sent it
    status = models.CharField(
        _("status"), max_length=12, default=GuestFile.Status.RECEIVED,
        choices=[(value, _FOR_PATIENTS.get(value, label)) for value, label in GuestFile.Status.choices],
    )  # fmt: skip

    class Meta(GuestFile.Meta):
        verbose_name, verbose_name_plural = _("specification"), _("specifications")

    @property
    def bound_to(self) -> str:
        """Return what the encrypted bytes are bound to: this row of this case."""
        return f"coulance.specification:{self.case_id}:{self.token}"

    @property
    def about(self) -> Invoice:
        """Return the invoice of the case."""
        return self.case.invoice


class SpecificationReading(models.Model):
    """What a machine read of a checked file. It proposes; what a person decided is kept beside it, in figures only.

    `sealed_facts` holds the text of a PDF until it is read, and then where each amount stands; it goes with the file.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits to be read")
        PROPOSED = "proposed", _("amounts proposed")
        ABSTAINED = "abstained", _("nothing proposed")

    class Decided(models.TextChoices):
        """What became of the amounts."""

        SAME = "same", _("decided as read")
        CHANGED = "changed", _("decided with other amounts")
        OTHERWISE = "otherwise", _("decided in another way")

    specification = models.OneToOneField(
        Specification, models.CASCADE, related_name="reading", verbose_name=_("specification")
    )
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.WAITING)
    version = models.PositiveSmallIntegerField(default=0, editable=False)  # of the reader
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    reasons = models.JSONField(default=list, editable=False)  # words of coulance.reading.telling.REASONS
    paid_out = EuroField(_("paid out by the insurer"), null=True, blank=True)
    deductible = EuroField(_("deductible (eigen risico)"), null=True, blank=True)
    shown = models.BooleanField(default=False, editable=False)  # to whom decided
    decided = models.CharField(_("decided"), max_length=9, choices=Decided, blank=True)
    sealed_facts = models.BinaryField(default=b"", editable=False)
    SEALED_WITH = ("specification__case",)  # the rows that sealed_bindings() needs

    class Meta:
        verbose_name, verbose_name_plural = _("reading of a specification"), _("readings of specifications")
        indexes = [models.Index(fields=["id"], name="coulance_to_read", condition=Q(status="waiting"))]

    def __str__(self) -> str:
        return self.get_status_display()

    def _bound_to(self) -> str:
        return f"{self.specification.bound_to}:reading"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the encrypted column and what its value is bound to."""
        return {"sealed_facts": self._bound_to()}

    @property
    def facts(self) -> Any:
        """Return the words before the file was read, and the places of the amounts after it. Medical data."""
        return unseal_facts(self.sealed_facts, bound_to=self._bound_to()) if self.sealed_facts else None

    @facts.setter
    def facts(self, value: Any) -> None:
        self.sealed_facts = seal_facts(value, bound_to=self._bound_to())


class CaseMessage(SealedText, Sent):
    """A message between patient and provider about one case; its text is encrypted."""

    class Author(models.TextChoices):
        PATIENT = "patient", _("patient")
        PROVIDER = "provider", _("care provider")

    case = models.ForeignKey(CoulanceCase, models.PROTECT, related_name="messages", verbose_name=_("case"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    author = models.CharField(_("from"), max_length=8, choices=Author)
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # Holds the reason of this decision for the patient: a decision row is never changed, not even for a new key.
    decision = models.OneToOneField(
        "Decision", models.PROTECT, null=True, blank=True, related_name="message", verbose_name=_("decision")
    )
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("message about a case"), _("messages about a case")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_author_display()} {self.at:%Y-%m-%d}"

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"coulance.message:{self.case_id}:{self.token}"


class PaperFigures(SealedText, models.Model):
    """What stands on a specification on paper, typed by staff; its sealed text says where the paper is."""

    case = models.ForeignKey(CoulanceCase, models.PROTECT, related_name="paper_figures", verbose_name=_("case"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    paid_out = EuroField(_("paid out by the insurer"))
    deductible = EuroField(_("deductible"))
    own_contribution = EuroField(_("own contribution"), null=True, blank=True)
    sealed_text = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("figures from paper"), _("figures from paper")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.paid_out} {self.at:%Y-%m-%d}"

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"coulance.paper:{self.case_id}:{self.token}"


class _Ruling(models.Model):
    """A decision of a provider's staff, and how the amount was calculated."""

    class Kind(models.TextChoices):
        ADJUST = "adjust", _("amount lowered")
        ASK_MORE = "ask_more", _("more information asked")
        REFUSE = "refuse", _("rejected")
        CORRECT = "correct", _("earlier decision corrected")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    rule = models.CharField(_("rule"), max_length=12, choices=PracticeRules.Rule, blank=True)
    granted = EuroField(_("granted by the insurer"), null=True, blank=True)  # before the deductible came off
    deductible = EuroField(_("deductible"), null=True, blank=True)  # eigen risico: never waived
    own_contribution = EuroField(_("own contribution"), null=True, blank=True)  # statutory eigen bijdrage
    percentage = models.PositiveSmallIntegerField(_("percentage off"), null=True, blank=True)
    new_due = EuroField(_("amount to pay"), null=True, blank=True)
    reduction = EuroField(_("reduction"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        abstract = True


class Proposal(_Ruling):
    """A decision that waits for a second person; deleted once it was approved or turned down."""

    case = models.OneToOneField(CoulanceCase, models.CASCADE, related_name="proposal", verbose_name=_("case"))
    sealed_reason = models.BinaryField(editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("proposed decision"), _("proposed decisions")

    def __str__(self) -> str:
        return self.get_kind_display()

    def _bound_to(self) -> str:
        return f"coulance.proposal:{self.case_id}:reason"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the encrypted column and what its value is bound to."""
        return {"sealed_reason": self._bound_to()}

    @property
    def reason(self) -> str:
        """Return the reason, as the patient will read it."""
        return unseal(self.sealed_reason, bound_to=self._bound_to()).decode()

    @reason.setter
    def reason(self, value: str) -> None:
        self.sealed_reason = seal(value.encode(), bound_to=self._bound_to())


class Decision(_Ruling):
    """A decision on a case, never changed (database triggers): a correction is a new one."""

    case = models.ForeignKey(CoulanceCase, models.PROTECT, related_name="decisions", verbose_name=_("case"))
    number = models.PositiveSmallIntegerField(_("number"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    digest = DigestField()

    class Meta:
        verbose_name, verbose_name_plural = _("decision"), _("decisions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="one_decision_per_number"),
            models.CheckConstraint(
                condition=Q(reduction=None) | Q(reduction__gte=ZERO), name="decision_reduction_not_negative"
            ),
            models.CheckConstraint(condition=Q(new_due=None) | Q(new_due__gte=ZERO), name="decision_due_not_negative"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("decided_by")),
                name="decision_second_person_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()}"

    @property
    def reason(self) -> str:
        """Return why, as the patient reads it: from the encrypted message of the decision, if there is one."""
        message: CaseMessage | None = getattr(self, "message", None)
        return message.text if message else ""
