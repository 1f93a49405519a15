"""The files that practices hand in."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedFacts
from billing.links import new_token
from billing.models.parties import Provider


class SubmittedBatch(models.Model):
    """One file of a practice that was right and is written in chunks; without `finished_at` it was interrupted."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="batches", verbose_name=_("provider"))
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the file
    invoices = models.PositiveIntegerField(_("invoices in the file"))
    done = models.PositiveIntegerField(_("invoices written or known"), default=0)
    by = models.CharField(_("by"), max_length=60)
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    finished_at = models.DateTimeField(_("written"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("batch"), _("batches")
        constraints = [models.UniqueConstraint(fields=["provider", "digest"], name="one_batch_per_file")]

    def __str__(self) -> str:
        return f"{self.digest[:8]} {self.done}/{self.invoices}"


class IntakeChoice(models.Model):
    """What a practice chose for the files that it hands in at the desk; without a row: all or nothing."""

    provider = models.OneToOneField(Provider, models.CASCADE, related_name="intake_choice", verbose_name=_("provider"))
    good_ones = models.BooleanField(_("what is right goes on"), default=False)
    columns = models.JSONField(default=dict)  # of its spreadsheet: our field by the folded name of the column

    class Meta:
        verbose_name, verbose_name_plural = _("choice for files"), _("choices for files")

    def __str__(self) -> str:
        return str(self.provider_id)


class SubmittedFile(SealedFacts, models.Model):
    """A file that a practice uploaded at the desk: looked at first, and handed in as the same bytes by a person.

    What is stored is a batch in our own format. A file in another format was read as one when it came in, without the
    citizen numbers in it; only a spreadsheet waits as it is, without those, until its columns are known.
    """

    class Kind(models.TextChoices):
        JSON = "json", _("batch file (JSON)")
        CSV = "csv", _("spreadsheet (CSV)")
        MZ301 = "mz301", "Vektis MZ301"
        GDS801 = "gds801", "Vektis GDS801"

    class Status(models.TextChoices):
        COLUMNS = "columns", _("waits until you say what its columns are")
        RECEIVED = "received", _("is being checked")
        CHECKED = "checked", _("checked, not handed in yet")
        REFUSED = "refused", _("can't be handed in like this")
        ORDERED = "ordered", _("is being handed in")
        DONE = "done", _("handed in")
        WITHDRAWN = "withdrawn", _("thrown away")

    TRANSITIONS = {
        Status.COLUMNS: (Status.RECEIVED, Status.WITHDRAWN),
        Status.RECEIVED: (Status.CHECKED, Status.REFUSED, Status.WITHDRAWN),
        Status.CHECKED: (Status.ORDERED, Status.RECEIVED, Status.WITHDRAWN),
        Status.REFUSED: (Status.RECEIVED, Status.WITHDRAWN),
        Status.ORDERED: (Status.DONE, Status.CHECKED, Status.REFUSED),  # back: something else was known meanwhile
        Status.DONE: (),
        Status.WITHDRAWN: (),
    }
    AT_WORK = (Status.RECEIVED, Status.ORDERED)
    STORED_IN = "stored_name"
    SEALED_FILES = "billing.submission.uploads.seal_again"  # for a new key
    FOLDER = "submitted"  # in the document storage

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="submitted_files", verbose_name=_("provider"))
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    by = models.CharField(_("by"), max_length=60)
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    size = models.PositiveIntegerField(_("size"))  # bytes, of what was uploaded
    sha256 = models.CharField(max_length=64, editable=False)  # of what is stored, before it was sealed
    stored_name = models.CharField(max_length=120, editable=False, blank=True)
    # Its name, the language in which errors are told, what was found, and which line of the file each item came from.
    sealed_facts = models.BinaryField(editable=False, default=b"")
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.RECEIVED)
    good_ones = models.BooleanField(default=False)  # what the practice had chosen when it was checked
    seen = models.PositiveIntegerField(default=0)  # items checked so far
    worked_at = models.DateTimeField(null=True, blank=True)  # a worker was at it
    ordered_by = models.CharField(_("handed in by"), max_length=60, blank=True)
    done_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    new = models.PositiveIntegerField(_("new invoices"), default=0)
    known = models.PositiveIntegerField(_("handed in before"), default=0)
    credited = models.PositiveIntegerField(_("credit notes"), default=0)
    corrected = models.PositiveIntegerField(_("corrections of patients"), default=0)
    left_out = models.PositiveIntegerField(_("with an error"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("file handed in"), _("files handed in")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["provider", "-id"], name="submitted_files_of_practice"),
            models.Index(
                fields=["worked_at"], name="submitted_files_at_work", condition=Q(status__in=("received", "ordered"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:8]}"

    @property
    def sender(self) -> str:
        """Return the name of the member of staff who uploaded it."""
        return self.by.removeprefix("staff:")

    @property
    def orderer(self) -> str:
        """Return the name of the member of staff who handed it in."""
        return self.ordered_by.removeprefix("staff:")

    def bound_to(self) -> str:
        """Return what the facts are bound to: this row."""
        return f"billing.submittedfile:{self.token}"

    @property
    def content_bound_to(self) -> str:
        """Return what the sealed bytes are bound to: this row."""
        return f"{self.bound_to()}:content"
