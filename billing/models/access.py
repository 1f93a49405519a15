"""The access log of NEN 7513: who accessed medical data, append-only and chained by keyed digests."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.integrity.keyed import LENGTH as KEYED
from billing.models.invoices import Invoice
from billing.models.parties import Patient


class AccessEvent(models.Model):
    """One access to medical data, with the fields of NEN 7513 (each field has its name there as a comment).

    Written before the data is shown, never changed, and deletable only after five years (database triggers). `digest`
    is keyed and covers the row and the digest of the previous row, so that a row removed or altered in spite of the
    triggers is detected.
    """

    class Act(models.TextChoices):
        READ = "read", _("looked at")
        SEARCH = "search", _("searched")
        PRINT = "print", _("printed")
        EXPORT = "export", _("exported")
        DOWNLOAD = "download", _("downloaded")

    class Role(models.TextChoices):
        PATIENT = "patient", _("you, with a code by SMS")
        GUEST = "guest", _("somebody without a code")
        CLERK = "clerk", _("an employee of your care provider")
        APPROVER = "approver", _("an employee of your care provider who decides")
        OPERATIONS = "operations", _("an employee of Zorgrekening")
        SYSTEM = "system", _("our computer, without a person")
        PROGRAM = "program", _("the software of your care provider")

    class Outcome(models.IntegerChoices):
        SUCCESS = 0, _("shown")
        REFUSED = 4, _("refused")
        FAILED = 8, _("failed")

    sequence = models.PositiveBigIntegerField(unique=True, editable=False)
    event_id = models.UUIDField(_("event id"), default=uuid.uuid4, unique=True)  # EventID
    act = models.CharField(_("what happened"), max_length=10, choices=Act)  # EventTypeCode
    action_code = models.CharField(_("action code"), max_length=1, default="R")  # EventActionCode: C R U D E
    at = models.DateTimeField(_("at"), default=timezone.now)  # EventDateTime
    outcome = models.PositiveSmallIntegerField(_("outcome"), choices=Outcome, default=Outcome.SUCCESS)
    who = models.CharField(_("who"), max_length=60)  # UserID: staff:<id>, or patient for the bearer of the code
    role = models.CharField(_("role"), max_length=12, choices=Role)  # RoleIDCode
    organisation = models.CharField(_("organisation"), max_length=20)  # AuditEnterpriseSiteID: AGB code
    purpose = models.CharField(_("purpose"), max_length=20, default="HPAYMT")  # PurposeOfUse: payment of care
    address = models.GenericIPAddressField(_("network address"), null=True)  # NetworkAccessPointID
    grounds = models.CharField(_("grounds"), max_length=40)  # autorisatieprotocol: what let this person in
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, related_name="access_events", verbose_name=_("invoice")
    )  # ParticipantObjectID; null for a search
    patient = models.ForeignKey(
        Patient, models.PROTECT, null=True, related_name="access_events", verbose_name=_("patient")
    )  # ParticipantObjectID, of a look at a patient rather than an invoice
    data = models.CharField(_("data"), max_length=40)  # ParticipantObjectName: what was shown, never its content
    source = models.CharField(_("source"), max_length=40, default="zorgrekening/portal")  # AuditSourceID
    request_id = models.CharField(_("request"), max_length=64, blank=True)  # W3C trace
    digest = models.CharField(max_length=KEYED, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("access event"), _("access events")
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.at:%Y-%m-%d %H:%M}"


class AccessChain(models.Model):
    """The end of the chain: one row, locked while an event is appended, so that events form one sequence."""

    length = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=KEYED, default="")
    # Up to and including this event the log was deleted for its age; the chain continues from its digest.
    pruned_through = models.PositiveBigIntegerField(default=0)
    pruned_digest = models.CharField(max_length=KEYED, default="")

    class Meta:
        verbose_name, verbose_name_plural = _("end of the access log"), _("ends of the access log")

    def __str__(self) -> str:
        return str(self.length)
