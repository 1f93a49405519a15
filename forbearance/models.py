"""Why, since when and until when nothing is collected from a patient, whatever their invoices are."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts
from billing.links import new_token
from billing.models import Invoice, Patient
from guests.files.row import GuestFile


class Forbearance(SealedFacts, models.Model):
    """A ground on which we do not collect from one patient: for all invoices, present and to come, while it lasts.

    It acts through holds on the invoices (see `rests`). `facts`: who reported it or speaks for the patient (name,
    email, reference), and what staff wrote.
    """

    class Kind(models.TextChoices):
        BREATHING_SPACE = "breathing_space", _("breathing space")
        DEBT_HELP = "debt_help", _("help with debts")
        DECEASED = "deceased", _("deceased")
        ADMINISTRATION = "administration", _("administration by court order (bewind)")
        GUARDIANSHIP = "guardianship", _("guardianship by court order (curatele)")
        MINOR = "minor", _("minor: the parents pay")
        OF_PARENTS = "of_parents", _("care of before 18: a debt of the parents")
        WSNP = "wsnp", _("debt restructuring by court order (WSNP)")
        MORATORIUM = "moratorium", _("moratorium by court order")

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="forbearances", verbose_name=_("patient"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)  # the last day; null: until somebody ends it
    extended = models.BooleanField(_("extended"), default=False)
    sealed_facts = models.BinaryField(editable=False, default=b"")
    reported_by = models.CharField(_("reported by"), max_length=60)
    reported_at = models.DateTimeField(_("reported"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=60, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("forbearance"), _("forbearances")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=Q(ended_at=None), name="one_active_forbearance_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=models.F("since")), name="forbearance_ends_after_it_begins"
            ),
        ]
        indexes = [models.Index(fields=["until"], name="forbearance_to_end", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return self.get_kind_display()

    def bound_to(self) -> str:
        """Return what the facts are bound to."""
        return f"forbearance.facts:{self.token}"


class Need(models.Model):
    """What helps a patient with our letters, as they asked: never why. It lasts a year, and goes when they say so."""

    class Kind(models.TextChoices):
        MORE_TIME = "more_time", _("more time to pay")
        PAPER = "paper", _("letters on paper")
        LARGE_PRINT = "large_print", _("letters in large print")
        PHONE = "phone", _("call me, I do not read well")
        INTERPRETER = "interpreter", _("an interpreter")
        HELPER = "helper", _("somebody helps me with letters")

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="needs", verbose_name=_("patient"))
    kind = models.CharField(_("what helps"), max_length=12, choices=Kind)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"))
    noted_by = models.CharField(_("noted by"), max_length=60)

    class Meta:
        verbose_name, verbose_name_plural = _("wish"), _("wishes")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["patient", "kind"], name="one_need_per_kind")]
        indexes = [models.Index(fields=["until"], name="need_to_end")]

    def __str__(self) -> str:
        return self.get_kind_display()


class CounsellorLetter(GuestFile):
    """A file that a patient sent: the letter of a debt counsellor. It goes with the ground that it began."""

    FOLDER, CALLED, CHECK = "counsellor-letters", "letter", "forbearance.check_letter"

    forbearance = models.ForeignKey(Forbearance, models.PROTECT, related_name="letters", verbose_name=_("forbearance"))

    class Meta(GuestFile.Meta):
        verbose_name, verbose_name_plural = _("letter of a debt counsellor"), _("letters of debt counsellors")

    @property
    def about(self) -> Invoice | None:
        """Return the newest invoice of the patient: the letter is about all of them."""
        return Invoice.objects.filter(patient=self.forbearance.patient_id).order_by("pk").last()
