"""What a patient and staff write to each other about an invoice."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.encryption import SealedText
from billing.links import new_token
from billing.models import Invoice


class InvoiceMessage(SealedText, models.Model):
    """One message about an invoice: of the patient, with the day of the answer that was promised, or of staff.

    The day is kept as it was promised: other hours later do not change it. Lock the invoice first.
    """

    class End(models.TextChoices):
        ANSWERED = "answered", _("answered")
        READ = "read", _("read, no answer was needed")
        COMPLAINT = "complaint", _("became a complaint")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="messages_about_it", verbose_name=_("invoice"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # Who of staff wrote it; null: the patient.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("staff member"),
    )
    language = models.CharField(_("language"), max_length=2, default="nl")
    sealed_text = models.BinaryField(editable=False, default=b"")
    answer_by = models.DateField(_("answer promised before or on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end = models.CharField(_("how"), max_length=9, choices=End, blank=True)
    sounds_like_complaint = models.BooleanField(_("may be a complaint"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("message about an invoice"), _("messages about invoices")
        ordering = ["pk"]
        constraints = [
            # The patient is promised a day, and staff are not.
            models.CheckConstraint(
                condition=Q(staff=None, answer_by__isnull=False)
                | Q(staff__isnull=False, answer_by=None, ended_at=None),
                name="helpdesk_message_of_patient_is_promised",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="helpdesk_message_says_how_it_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by", "id"], name="helpdesk_message_waits", condition=Q(ended_at=None, staff=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def bound_to(self) -> str:
        """Return what the text is bound to."""
        return f"helpdesk_invoicemessage.text:{self.token}"
