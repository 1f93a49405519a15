"""What a file has besides its words: who may speak for the patient, which body has it, and what we learn from it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts, SealedText
from billing.links import new_token
from complaints.models.complaints import Complaint, ComplaintFile


class Mandate(SealedFacts, models.Model):
    """Who speaks for the patient in one file, on what grounds, for what, and until when.

    Asked for when somebody writes for another. It counts once the patient agreed after a code on their own telephone,
    or staff read the authorisation that was sent; until then nothing of the content is told.
    """

    class Kind(models.TextChoices):
        FAMILY = "family", _("family, a friend or an adviser")
        PARENT = "parent", _("parent")
        GUARDIAN = "guardian", _("guardian, or mentor")
        ADMINISTRATOR = "administrator", _("administrator appointed by the court")
        HEIR = "heir", _("heir or executor")
        LAWYER = "lawyer", _("lawyer")
        DEBT_HELP = "debt_help", _("debt counsellor")

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="mandates", verbose_name=_("complaint"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    kind = models.CharField(_("who"), max_length=14, choices=Kind, default=Kind.FAMILY)
    sealed_facts = models.BinaryField(editable=False, default=b"")  # holder: the name of who speaks; patient: for whom
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    proof_by = models.DateField(_("proof before or on"))
    may_receive = models.BooleanField(_("may read what we write"), default=True)
    may_settle = models.BooleanField(_("may agree, or take it back"), default=False)
    proof = models.ForeignKey(
        ComplaintFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("authorisation")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_by = models.CharField(_("confirmed by"), max_length=60, blank=True)
    valid_until = models.DateField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=60, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("authorisation"), _("authorisations")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["complaint"], condition=Q(ended_at=None), name="complaint_one_mandate"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, valid_until=None)
                | Q(confirmed_at__isnull=False, valid_until__isnull=False),
                name="complaint_mandate_has_a_term",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint_mandate.facts:{self.token}"


class Referral(models.Model):
    """One body outside that has, or gets, a complaint: as it was named on that day, with its number and receipt."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="referrals", verbose_name=_("complaint"))
    body = models.CharField(_("body"), max_length=10)  # a key of bodies.BODIES
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=200, blank=True)
    fee = models.CharField(_("fee"), max_length=120, blank=True)
    until = models.DateField(_("last day"), null=True, blank=True)
    keeps_rest = models.BooleanField(_("the invoice rests meanwhile"), default=False)
    by = models.CharField(_("by"), max_length=60)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    received_on = models.DateField(_("received there"), null=True, blank=True)
    number = models.CharField(_("their number"), max_length=60, blank=True)
    ask_on = models.DateField(_("ask again"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("referral"), _("referrals")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["complaint", "body"], condition=Q(ended_on=None), name="complaint_one_referral_per_body"
            )
        ]
        indexes = [models.Index(fields=["ask_on"], name="complaint_referral_to_ask", condition=Q(ended_on=None))]

    def __str__(self) -> str:
        return self.name


class Signal(SealedText, models.Model):
    """What somebody wanted us to know without a name and without an answer."""

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    sealed_text = models.BinaryField(editable=False, default=b"")
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    read_by = models.CharField(_("read by"), max_length=60, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("signal"), _("signals")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(timezone.localdate(self.at))

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"complaint_signal.text:{self.token}"


class Lesson(SealedFacts, models.Model):
    """What a complaint teaches: its cause, whether we could have prevented it, and who does what about it by when."""

    class Cause(models.TextChoices):
        NOT_DELIVERED = "not_delivered", _("a letter or mail did not arrive")
        ALLOCATION = "allocation", _("a payment was booked wrong, or late")
        PRICE = "price", _("a price, a code, or care that was not given")
        CROSSED = "crossed", _("it was paid already")
        NOT_THEIRS = "not_theirs", _("it was somebody else's invoice")
        COULANCE = "coulance", _("coulance was not followed")
        TOO_OLD = "too_old", _("the claim was too old")
        CONDUCT = "conduct", _("how we spoke, wrote, or could be reached")
        UNCLEAR = "unclear", _("our words were not clear")
        OTHER = "other", _("something else")

    complaint = models.OneToOneField(Complaint, models.PROTECT, related_name="lesson", verbose_name=_("complaint"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    cause = models.CharField(_("cause"), max_length=14, choices=Cause)
    preventable = models.BooleanField(_("we could have prevented it"))
    sealed_facts = models.BinaryField(editable=False, default=b"")  # recommendation, or because: why there is none
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    at = models.DateTimeField(_("written"), default=timezone.now)
    by = models.CharField(_("by"), max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = _("lesson"), _("lessons")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, due_on=None) | Q(owner__isnull=False, due_on__isnull=False),
                name="complaint_recommendation_has_owner_and_day",
            )
        ]

    def __str__(self) -> str:
        return self.get_cause_display()

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"complaint_lesson.facts:{self.token}"
