"""Agencies, claims that were handed over to one, and what we and the agency said to each other about them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from billing.encryption import SealedFacts
from billing.links import new_token
from billing.models import Invoice, Patient, Provider
from billing.models.parties import ChangeByTwo
from billing.money import EuroField
from billing.text.addresses import validate_address


class Agency(models.Model):
    """A collection agency, and when somebody last looked whether it may work (Wki register at Justis)."""

    key = models.SlugField(_("short name"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=120)
    registration_number = models.CharField(_("registration number (Wki)"), max_length=30)
    registered_until = models.DateField(_("registered until"))
    dispute_body = models.CharField(_("dispute body"), max_length=120)
    dispute_body_url = models.URLField(_("website of the dispute body"), blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)  # empty until a second person approved the first
    phone = PhoneNumberField(_("phone"))
    email = models.EmailField(_("e-mail for complaints"), validators=[validate_address])
    checked_on = models.DateField(_("checked on"))
    checked_by = models.CharField(_("checked by"), max_length=60)
    is_active = models.BooleanField(_("may get new claims"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("collection agency"), _("collection agencies")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AgencyIbanChange(ChangeByTwo):
    """Another IBAN of an agency, which debtors pay: a second person approves it, and it counts some days later."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="iban_changes", verbose_name=_("collection agency"))
    iban = models.CharField(_("IBAN"), max_length=34)
    counts_since = models.DateTimeField(_("counts since"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("change of an agency's IBAN"), _("changes of an agency's IBAN")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency"], condition=Q(decided_at=None), name="one_iban_change_waits_per_agency"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency} …{self.iban[-4:]}"


class HandOver(models.Model):
    """One case at an agency: the claims of one creditor on one debtor."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for a second person")
        CANCELLED = "cancelled", _("not handed over")
        OFFERED = "offered", _("offered to the agency")
        ACCEPTED = "accepted", _("accepted by the agency")
        REJECTED = "rejected", _("rejected by the agency")
        ACTIVE = "active", _("the agency collects")
        PAUSED = "paused", _("paused at the agency")
        PAID = "paid", _("paid")
        RETURNED = "returned", _("returned by the agency")
        RECALLED = "recalled", _("recalled")

    # With the agency: nothing else is done about these claims meanwhile.
    LIVE = (Status.OFFERED, Status.ACCEPTED, Status.ACTIVE, Status.PAUSED)
    _ENDS = (Status.PAID, Status.RETURNED, Status.RECALLED)
    # What was paid is still recalled when it should never have been there: costs and interest become credit.
    RECALLABLE = (*LIVE, Status.PAID)
    TRANSITIONS = {
        Status.PROPOSED: (Status.OFFERED, Status.CANCELLED),
        Status.CANCELLED: (),
        Status.OFFERED: (Status.ACCEPTED, Status.REJECTED, Status.ACTIVE, Status.PAUSED, *_ENDS),
        Status.ACCEPTED: (Status.ACTIVE, Status.PAUSED, *_ENDS),
        Status.ACTIVE: (Status.PAUSED, *_ENDS),
        Status.PAUSED: (Status.ACTIVE, *_ENDS),
        Status.REJECTED: (),
        Status.PAID: (Status.RECALLED,),
        Status.RETURNED: (),
        Status.RECALLED: (),
    }

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="hand_overs", verbose_name=_("collection agency"))
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+", verbose_name=_("provider"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+", verbose_name=_("patient"))
    number = models.CharField(_("case number"), max_length=20, unique=True)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.OFFERED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed over by")
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    offered_at = models.DateTimeField(_("offered"), null=True)
    answered_at = models.DateTimeField(_("answered by the agency"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    reason = models.CharField(_("why it ended"), max_length=40, blank=True)  # a word of ours, or of the agency's list
    # What the agency knows of each claim (`standing`), by its invoice number: amounts, and whether to wait.
    told = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("hand-over"), _("hand-overs")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("asked_by")),
                name="hand_over_second_person_is_another",
            ),
        ]
        indexes = [models.Index(fields=["status"], name="hand_over_live", condition=Q(closed_at=None))]

    def __str__(self) -> str:
        return self.number

    @property
    def is_live(self) -> bool:
        """Tell whether the agency has it."""
        return self.status in self.LIVE


class Claim(models.Model):
    """One invoice in a case, with the amounts of the day on which it was handed over, in euros."""

    hand_over = models.ForeignKey(HandOver, models.PROTECT, related_name="claims", verbose_name=_("hand-over"))
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="claims", verbose_name=_("invoice"))
    principal = EuroField(_("open principal"))
    interest = EuroField(_("statutory interest"))
    costs = EuroField(_("collection costs"))
    # What everybody together may still add to the costs: the cap of the law is one for all who collect.
    costs_room = EuroField(_("room for costs"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    recalled_at = models.DateTimeField(_("recalled"), null=True)

    EXPORTED_WITH = ("hand_over",)

    class Meta:
        verbose_name, verbose_name_plural = _("claim"), _("claims")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["hand_over", "invoice"], name="claim_once_in_a_case"),
            models.UniqueConstraint(fields=["invoice"], condition=Q(closed_at=None), name="claim_in_one_case_at_once"),
        ]

    def __str__(self) -> str:
        return self.invoice.number


class Order(SealedFacts, models.Model):
    """One message of ours to the agency. Its files are made once: `facts` holds their names and texts."""

    class Kind(models.TextChoices):
        DOSSIER = "dossier", _("dossier")
        STANDING = "standing", _("what is owed now")
        PAUSE = "pause", _("wait")
        RESUME = "resume", _("go on")
        PLAN_REQUEST = "plan_request", _("the patient asks to pay in parts")
        PAUSE_REQUEST = "pause_request", _("the patient asks for a pause")
        RECALL = "recall", _("recall")

    hand_over = models.ForeignKey(HandOver, models.PROTECT, related_name="orders", verbose_name=_("hand-over"))
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=13, choices=Kind)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_facts = models.BinaryField(editable=False, default=b"")
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    exported_at = models.DateTimeField(_("handed out"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed by the agency"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("message to an agency"), _("messages to agencies")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["hand_over", "number"], name="order_number_in_a_case")]
        indexes = [models.Index(fields=["hand_over"], name="order_unconfirmed", condition=Q(confirmed_at=None))]

    def __str__(self) -> str:
        return f"{self.hand_over.number}-{self.number:03d}"

    def bound_to(self) -> str:
        """Return what the files are bound to."""
        return f"order.facts:{self.token}"


class Reply(models.Model):
    """One message of an agency, known by its own id: read once, whether it was carried out or refused."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="replies", verbose_name=_("collection agency"))
    hand_over = models.ForeignKey(
        HandOver, models.PROTECT, null=True, related_name="replies", verbose_name=_("hand-over")
    )
    message_id = models.CharField(_("id of the agency"), max_length=64)
    kind = models.CharField(_("kind"), max_length=16)
    digest = models.CharField(max_length=64)  # SHA-256 of its content: the same id with another content is refused
    read_at = models.DateTimeField(_("read"), default=timezone.now)
    refused_because = models.CharField(_("refused because"), max_length=40, blank=True)
    details: Any = models.JSONField(_("details"), default=dict)  # amounts and days

    class Meta:
        verbose_name, verbose_name_plural = _("message from an agency"), _("messages from agencies")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["agency", "message_id"], name="reply_once")]

    def __str__(self) -> str:
        return self.message_id
