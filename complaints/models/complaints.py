"""A complaint's file: what somebody said, what was promised, what was answered, and what moved because of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts, SealedText
from billing.links import new_token
from billing.models import Invoice, Provider
from billing.money import ZERO, EuroField
from guests.files.row import GuestFile


class Complaint(SealedFacts, models.Model):
    """One complaint, about an invoice or about us.

    The days that were promised are kept as they were promised: other settings later do not change them. Lock the
    invoice first, then this row.
    """

    class Subject(models.TextChoices):
        """What it is about, which decides who answers and which body comes next."""

        CARE = "care", _("the treatment, or how I was treated")
        PRICE = "price", _("a price, a code, or care that I did not get")
        INSURER = "insurer", _("what my insurer pays, or my deductible")
        COULANCE = "coulance", _("the amount after coulance")
        PAYMENT = "payment", _("a payment that was not booked, or booked wrong")
        LETTERS = "letters", _("reminders or costs, or mail that did not arrive")
        SERVICE = "service", _("how Zorgrekening helped me, or this website")
        PRIVACY = "privacy", _("my privacy")
        NOT_MINE = "not_mine", _("this invoice is not for me")
        OTHER = "other", _("something else")

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        ACKNOWLEDGED = "acknowledged", _("with an employee")
        INVESTIGATING = "investigating", _("being looked into")
        WAITING_FOR_PATIENT = "waiting_for_patient", _("waiting for your answer")
        ANSWERED = "answered", _("answered")
        SECOND_LINE = "second_line", _("looked into again by somebody else")
        ANSWERED_AGAIN = "answered_again", _("answered again")
        INADMISSIBLE = "inadmissible", _("not for us to answer")
        WITHDRAWN = "withdrawn", _("taken back")
        CLOSED = "closed", _("closed")

    class Channel(models.TextChoices):
        PAGE = "page", _("on the website")
        PHONE = "phone", _("by telephone")
        MAIL = "mail", _("by e-mail")
        POST = "post", _("by post")

    _AT_US = (Status.ANSWERED, Status.WAITING_FOR_PATIENT, Status.INADMISSIBLE, Status.WITHDRAWN)
    TRANSITIONS = {
        Status.RECEIVED: (Status.ACKNOWLEDGED, Status.INVESTIGATING, *_AT_US),
        Status.ACKNOWLEDGED: (Status.INVESTIGATING, *_AT_US),
        Status.INVESTIGATING: _AT_US,
        # Not admissible: what was missing did not come. It comes back when it does.
        Status.WAITING_FOR_PATIENT: (Status.INVESTIGATING, *_AT_US),
        Status.ANSWERED: (Status.SECOND_LINE, Status.CLOSED),
        Status.SECOND_LINE: (Status.ANSWERED_AGAIN, Status.WITHDRAWN),
        Status.ANSWERED_AGAIN: (Status.CLOSED,),
        Status.INADMISSIBLE: (Status.INVESTIGATING, Status.SECOND_LINE, Status.CLOSED),
        Status.WITHDRAWN: (Status.CLOSED,),
        Status.CLOSED: (),
    }
    FIRST_LINE = (Status.RECEIVED, Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.WAITING_FOR_PATIENT)
    OPEN = (*FIRST_LINE, Status.SECOND_LINE)

    number = models.CharField(_("file number"), max_length=13, unique=True)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("invoice")
    )
    # Whose staff may see it; null for what is about us, which our operations alone see.
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("care provider")
    )
    subject = models.CharField(_("subject"), max_length=10, choices=Subject)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.RECEIVED)
    channel = models.CharField(_("came"), max_length=6, choices=Channel, default=Channel.PAGE)
    language = models.CharField(_("language"), max_length=2, default="nl")
    disputed = EuroField(_("amount not agreed with"), null=True, blank=True)
    # What was said and how to reach whom, as JSON: see `filing.Said`. Empty once erased.
    sealed_facts = models.BinaryField(editable=False, default=b"")

    procedure = models.CharField(max_length=20, default="ours", editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    acknowledge_by = models.DateField(_("acknowledged before or on"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    admissible_by = models.DateField(null=True, blank=True, editable=False)
    admitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    answer_by = models.DateField(_("answer promised before or on"))
    legal_end = models.DateField(_("answer by law before or on"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    extended_to = models.DateField(_("extended to"), null=True, blank=True)
    broken_before = models.PositiveSmallIntegerField(default=0, editable=False)  # promises that a later day replaced
    waits_until = models.DateField(_("waits for the patient until"), null=True, blank=True)
    states_told = models.PositiveSmallIntegerField(default=0, editable=False)
    next_state_on = models.DateField(_("next message about the state"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    why_inadmissible = models.CharField(max_length=16, blank=True, editable=False)
    frozen_until = models.DateField(_("invoice rests until"), null=True, blank=True)  # null: while it is open

    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )
    second_handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("second line"),
    )

    # What is promised of the second line itself: a named person confirms it.
    second_acknowledge_by = models.DateField(_("second line acknowledged before or on"), null=True, blank=True)
    second_acknowledged_at = models.DateTimeField(_("second line acknowledged"), null=True, blank=True)

    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("about")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("complaint"), _("complaints")
        ordering = ["answer_by", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(second_handler=None) | Q(handler=None) | ~Q(second_handler=F("handler")),
                name="complaint_second_line_is_another",
            ),
            models.CheckConstraint(
                condition=Q(about=None) | Q(handler=None) | ~Q(handler=F("about")),
                name="complaint_not_handled_by_whom_it_is_about",
            ),
            models.CheckConstraint(
                condition=Q(about=None) | Q(second_handler=None) | ~Q(second_handler=F("about")),
                name="complaint_not_judged_by_whom_it_is_about",
            ),
            models.CheckConstraint(condition=Q(disputed=None) | Q(disputed__gt=ZERO), name="complaint_disputes_more"),
        ]
        indexes = [
            models.Index(fields=["next_state_on"], name="complaint_state_due", condition=Q(closed_at=None)),
            models.Index(fields=["answer_by"], name="complaint_answer_due", condition=Q(answered_at=None)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def status_at_the_desk(self) -> str:
        """Return the status as staff read it: what waits for "your answer" waits for the patient."""
        waits = self.status == self.Status.WAITING_FOR_PATIENT
        return str(_("waiting for the patient")) if waits else self.get_status_display()

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint.facts:{self.token}"


class ComplaintDraft(SealedFacts, models.Model):
    """A complaint that somebody is still writing, known to their browser alone; it survives the end of a session."""

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    invoice = models.ForeignKey(Invoice, models.CASCADE, null=True, related_name="+")
    sealed_facts = models.BinaryField(editable=False, default=b"")  # what the pages asked, by field
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["written_at"], name="complaint_draft_by_age")]

    def __str__(self) -> str:
        return str(timezone.localdate(self.written_at))

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint_draft.facts:{self.token}"


class ComplaintFile(GuestFile):
    """A file as proof: first of a draft, then of the file that it became. What an authorisation is, `Mandate` says."""

    FOLDER, CALLED, CHECK = "complaint-files", "proof", "complaints.check_file"

    draft = models.ForeignKey(ComplaintDraft, models.PROTECT, null=True, blank=True, related_name="files")
    complaint = models.ForeignKey(
        Complaint, models.PROTECT, null=True, blank=True, related_name="files", verbose_name=_("complaint")
    )
    by = models.CharField(_("by"), max_length=60, default="patient")

    class Meta(GuestFile.Meta):
        verbose_name, verbose_name_plural = _("file with a complaint"), _("files with a complaint")
        constraints = [
            models.CheckConstraint(
                condition=Q(draft=None, complaint__isnull=False) | Q(draft__isnull=False, complaint=None),
                name="complaint_file_belongs_once",
            )
        ]

    @property
    def about(self) -> Invoice | None:
        """Return the invoice that the complaint is about, if there is one."""
        owner = self.complaint or self.draft
        return owner.invoice if owner else None


class ComplaintMessage(SealedText, models.Model):
    """What was said in a file after the complaint itself: by the patient, by staff, or by the product alone."""

    class Kind(models.TextChoices):
        REFERRAL = "referral", _("another body")
        MANDATE = "mandate", _("who speaks for the patient")
        ACKNOWLEDGEMENT = "acknowledgement", _("confirmation by an employee")
        ADMITTED = "admitted", _("we look into it")
        STATE = "state", _("how it stands")
        QUESTION = "question", _("question")
        REPLY = "reply", _("from you")
        EXTENSION = "extension", _("we need more time")
        INADMISSIBLE = "inadmissible", _("why we can't answer this")
        ANSWER = "answer", _("answer")
        ESCALATION = "escalation", _("you do not agree")
        FILE_REFUSED = "file_refused", _("a file that we can't take")

    FROM_PATIENT = (Kind.REPLY, Kind.ESCALATION)

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="messages", verbose_name=_("complaint"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    by = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)
    channel = models.CharField(_("came"), max_length=6, choices=Complaint.Channel, default=Complaint.Channel.PAGE)
    received_on = models.DateField(_("received"), null=True, blank=True)  # when staff noted it later
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_text = models.BinaryField(editable=False, default=b"")

    class Meta:
        verbose_name, verbose_name_plural = _("message"), _("messages")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_kind_display()

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"complaint_message.text:{self.token}"


class ComplaintPause(models.Model):
    """A time in which we wait for the patient: the promised clock rests, the law's runs on."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="pauses", verbose_name=_("complaint"))
    begun_on = models.DateField(_("begun"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("pause"), _("pauses")
        constraints = [
            models.UniqueConstraint(
                fields=["complaint"], condition=Q(ended_on=None), name="complaint_one_pause_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return str(self.begun_on)
