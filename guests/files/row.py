"""What a file of a guest is to every room: untrusted until it was scanned and rewritten. A room makes it a table."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import seal, unseal
from billing.links import new_token

if TYPE_CHECKING:
    from billing.models import Invoice


class Sent(models.Model):
    """From whom a file or a message came, as far as the limits on sending count them (see limits.py)."""

    by_stranger = models.BooleanField(default=False, editable=False)  # knew the payment reference and showed no more
    browser = models.CharField(max_length=64, blank=True, editable=False)  # a keyed hash

    class Meta:
        abstract = True


class GuestFile(Sent):
    """A file that somebody sent, untrusted until it was scanned and rewritten.

    Its bytes are encrypted in the document storage under `stored_name`: as uploaded until the check, rewritten after
    it, and deleted once refused or withdrawn. A room adds to what the file belongs, and sets FOLDER, CHECK and CALLED.
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        JPEG = "jpeg", "JPEG"
        PNG = "png", "PNG"
        # These are rewritten as one of the three above.
        HEIC = "heic", "HEIC"
        WEBP = "webp", "WebP"
        AVIF = "avif", "AVIF"
        TIFF = "tiff", "TIFF"
        GIF = "gif", "GIF"
        BMP = "bmp", "BMP"

    class Status(models.TextChoices):
        RECEIVED = "received", _("received, will be checked")
        CHECKING = "checking", _("being checked")
        CLEAN = "clean", _("checked")
        REFUSED = "refused", _("refused")
        QUARANTINED = "quarantined", _("waits for the virus scanner")
        WITHDRAWN = "withdrawn", _("taken back")
        ERASED = "erased", _("was read, and is erased now")

    TRANSITIONS = {
        Status.RECEIVED: (Status.CHECKING, Status.WITHDRAWN),
        # Back to received: the worker that checked it died.
        Status.CHECKING: (Status.RECEIVED, Status.CLEAN, Status.REFUSED, Status.QUARANTINED, Status.WITHDRAWN),
        Status.QUARANTINED: (Status.CHECKING, Status.WITHDRAWN),
        Status.CLEAN: (Status.WITHDRAWN, Status.ERASED),
        Status.REFUSED: (),
        Status.WITHDRAWN: (),
        Status.ERASED: (),
    }
    PENDING = (Status.RECEIVED, Status.CHECKING, Status.QUARANTINED)
    GONE = (Status.REFUSED, Status.WITHDRAWN)
    SEALED_FILES = "guests.files.storage.seal_again"  # for a new key
    STORED_IN = "stored_name"
    FOLDER: ClassVar[str]  # in the document storage
    CHECK: ClassVar[str]  # the task of the worker that checks one
    CALLED: ClassVar[str]  # in the name under which it is downloaded
    CONTENT_TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}

    class Reason(models.TextChoices):
        """Why a file was refused."""

        NOT_A_DOCUMENT = "not_a_document", _("This is not a PDF or a photo. Take a screenshot or a photo of it.")
        DAMAGED = "damaged", _("We can't open this file. Can you? Then take a screenshot or a photo of it.")
        INCOMPLETE = "incomplete", _("A part of this picture is missing. Please take it again, and send that one.")
        PASSWORD = "password", _("This PDF has a password. Save it without a password, or take a picture of it.")
        TOO_COMPLEX = "too_complex", _("This file takes too much to open. Take a picture of it, and send that.")
        TOO_LONG = "too_long", _("This file has more than 100 pages. Send only the pages about this invoice.")
        NOT_DRAWN = (
            "not_drawn",
            _("Not everything in this PDF can be shown to who reads it. Take a screenshot or a photo of it."),
        )
        BUNDLE = "bundle", _("This PDF has other files in it. Open those, and send each of them by itself.")
        VIRUS = "virus", _("Our virus scanner refused this file.")

    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    uploaded_at = models.DateTimeField(_("sent"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    sealed_name = models.BinaryField(editable=False, default=b"")  # see `name`
    size = models.PositiveIntegerField(_("size"))  # bytes, of what is stored
    sha256 = models.CharField(max_length=64, editable=False)  # of what was uploaded: the same file is kept once
    stored_name = models.CharField(max_length=120, editable=False, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.RECEIVED)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    pages = models.PositiveSmallIntegerField(_("pages"), default=0)  # that can be shown as pictures (see pages.py)

    class Meta:
        abstract = True
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["claimed_at"],
                name="%(class)s_to_check",
                condition=Q(status="received") | Q(status="checking") | Q(status="quarantined"),
            )
        ]

    def __str__(self) -> str:
        return self.served_name

    @property
    def name(self) -> str:
        """Return the sender's name for the file, made safe. It may tell about health: show it only with the file."""
        return unseal(self.sealed_name, bound_to=self._name_bound_to()).decode() if self.sealed_name else ""

    @name.setter
    def name(self, value: str) -> None:
        self.sealed_name = seal(value.encode(), bound_to=self._name_bound_to())

    def _name_bound_to(self) -> str:
        return f"{self.bound_to}:name"

    def sealed_bindings(self) -> dict[str, str]:
        """Return the encrypted column and what its value is bound to."""
        return {"sealed_name": self._name_bound_to()}

    @property
    def bound_to(self) -> str:
        """Return what the encrypted bytes are bound to: this row."""
        return f"{self._meta.label_lower}:{self.token}"

    @property
    def served_name(self) -> str:
        """Return our own name for the file when it is downloaded."""
        suffix = "jpg" if self.kind == self.Kind.JPEG else self.kind
        return f"{self.CALLED}-{self.pk}.{suffix}"

    @property
    def content_type(self) -> str:
        """Return the content type of a checked file."""
        return self.CONTENT_TYPES[self.kind]

    @property
    def page_numbers(self) -> range:
        """Return the numbers of the pages of a checked file that can be shown as pictures."""
        return range(1, 1 + (self.pages or self.kind != self.Kind.PDF))

    @property
    def about(self) -> "Invoice | None":
        """Return the invoice that the file is about, if there is one."""
        raise NotImplementedError
