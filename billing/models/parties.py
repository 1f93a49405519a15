"""The parties: the provider that gave care, the patient who pays, and staff."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from billing.encryption import SealedFacts, seal_facts, unseal_facts
from billing.links import new_token
from billing.models.search import BirthKey, SearchText, joined
from billing.money import EuroField
from billing.text import folding, user_names
from billing.text.addresses import validate_address


class Provider(models.Model):
    """A practice that submits its invoices to us (zorgaanbieder)."""

    class TransfersTo(models.TextChoices):
        OPERATOR = "operator", _("our account, when there is one")
        PRACTICE = "practice", _("the account of the practice")

    class Creditor(models.TextChoices):
        PRACTICE = "practice", _("the practice")
        OPERATOR = "operator", _("the operator, by assignment")

    name = models.CharField(_("name"), max_length=120)
    agb_code = models.CharField(_("AGB code"), max_length=8, unique=True)
    email = models.EmailField(_("e-mail"), blank=True, validators=[validate_address])
    phone = PhoneNumberField(_("phone"), blank=True)
    website = models.URLField(_("website"), blank=True)
    street = models.CharField(_("street"), max_length=80, blank=True)
    house_number = models.CharField(_("house number"), max_length=10, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    kvk_number = models.CharField(_("KvK number"), max_length=8, blank=True)
    phone_hours = models.CharField(_("hours on the phone"), max_length=60, blank=True)
    # Where a fatal term for payment was agreed (6:83 sub a BW), as "payment terms of 1 January 2026, article 4".
    # Empty: the invoice only named a day, so default begins when the term of the reminder has passed (6:82 BW).
    term_agreed_in = models.CharField(_("term of payment agreed in"), max_length=120, blank=True)
    # The body for disputes that the practice joined (Wkkgz art. 18), which an answer to a complaint names.
    dispute_body = models.CharField(_("dispute body"), max_length=120, blank=True)
    dispute_body_url = models.URLField(_("website of the dispute body"), blank=True)
    dispute_body_fee = models.CharField(_("fee of the dispute body"), max_length=60, blank=True)
    # Only for a provider that can't deduct VAT and declares so in the 14-day letter (collection costs decree art. 2.3).
    vat_on_costs = models.BooleanField(_("VAT on collection costs"), default=False)
    transfers_to = models.CharField(
        _("bank transfers go to"), max_length=8, choices=TransfersTo, default=TransfersTo.OPERATOR
    )
    # Above it a second person confirms a payment that staff report; empty: RECEIPT_SECOND_PERSON_ABOVE.
    receipts_confirmed_above = EuroField(_("second person for payments above"), null=True, blank=True)
    # Whose the claims are: money that nobody designated pays only debts to one creditor (6:43 BW; 3:94 BW).
    creditor = models.CharField(_("creditor"), max_length=8, choices=Creditor, default=Creditor.PRACTICE)

    # What an agency reads in place of the name, where that alone says what the care was.
    neutral_name = models.CharField(_("neutral name for agencies"), max_length=120, blank=True)

    # Refunds of credit, in euros; without an amount the house rule counts.
    refund_automatically_up_to = EuroField(_("refunds without approval up to"), null=True, blank=True)
    refund_second_person_above = EuroField(_("refunds by two people above"), null=True, blank=True)

    # What patients should know before they call, in the words of the practice.
    contact_text = models.CharField(_("what patients should know before they call"), max_length=200, blank=True)
    logo = models.CharField(max_length=32, blank=True, default="", editable=False)  # the token of the one that counts
    # What the practice chose in place of a house rule, by name; read it with `billing.house_rules`.
    chosen = models.JSONField(_("house rules of its own"), default=dict, blank=True, editable=False)
    # Null: entered by one person, and no letter leaves before a second one has looked at AGB code and details.
    approved_at = models.DateTimeField(_("approved"), default=timezone.now, null=True, blank=True, editable=False)
    # When everything of the first day was done or skipped; null: the start page leads on.
    set_up_at = models.DateTimeField(_("set up"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("provider"), _("providers")

    def __str__(self) -> str:
        return self.name


class ChangeByTwo(models.Model):
    """A change that one person asks for and another approves or refuses; until then it waits."""

    asked_by = models.CharField(_("asked by"), max_length=60)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.CharField(_("decided by"), max_length=60, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    approved = models.BooleanField(_("approved"), null=True, blank=True)

    class Meta:
        abstract = True


class IbanChange(ChangeByTwo):
    """Another IBAN for a practice, which receives its payments: it counts once a second person has approved it."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="iban_changes", verbose_name=_("provider"))
    iban = models.CharField(_("IBAN"), max_length=34)

    class Meta:
        verbose_name, verbose_name_plural = _("change of IBAN"), _("changes of IBAN")
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(decided_at=None), name="one_iban_change_waits_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} …{self.iban[-4:]}"


class Language(models.TextChoices):
    DUTCH = "nl", "Nederlands"
    ENGLISH = "en", "English"
    # Read the core of our pages, and letters in Dutch with an explanation in their own language.
    TURKISH = "tr", "Türkçe"
    ARABIC = "ar", "العربية"
    POLISH = "pl", "Polski"
    UKRAINIAN = "uk", "Українська"


class Patient(models.Model):
    """A person as one provider knows them. Date of birth and insurance are sealed."""

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="patients", verbose_name=_("provider"))
    number = models.CharField(_("patient number"), max_length=40)
    initials = models.CharField(_("initials"), max_length=20, blank=True)
    infix = models.CharField(_("infix"), max_length=20, blank=True)
    surname = models.CharField(_("surname"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True, validators=[validate_address])
    mobile = PhoneNumberField(_("mobile number"), blank=True)
    language = models.CharField(_("language"), max_length=3, choices=Language, default=Language.DUTCH)
    street = models.CharField(_("street"), max_length=80, blank=True)
    house_number = models.CharField(_("house number"), max_length=10, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    country = models.CharField(_("country"), max_length=2, default="NL")
    sealed_identity = models.BinaryField(editable=False)
    # For a day after it no code is sent to the new number, and what rests on the old one has ended.
    mobile_changed_at = models.DateTimeField(_("mobile number changed"), null=True, blank=True, editable=False)

    # Two people have established who this is: what invoices before then say of the person counts no longer.
    identity_settled_at = models.DateTimeField(_("identity corrected"), null=True, blank=True, editable=False)

    search_text = SearchText()
    birth_key = BirthKey()

    # What is frozen with each invoice besides the identity.
    PERSON = ("number", "initials", "infix", "surname", "street", "house_number", "postcode", "city", "country")

    class Meta:
        verbose_name, verbose_name_plural = _("patient"), _("patients")
        constraints = [models.UniqueConstraint(fields=["provider", "number"], name="patient_number_per_provider")]
        indexes = [
            models.Index(Lower("email"), "provider", name="patient_by_mailbox"),
            models.Index(fields=["birth_key"], name="patient_by_birth_key"),
        ]

    def __str__(self) -> str:
        return _("patient %(number)s") % {"number": self.number}

    @property
    def full_name(self) -> str:
        """Return initials, infix and surname, or the patient number of one without a name."""
        return " ".join(part for part in (self.initials, self.infix, self.surname) if part) or str(self)

    @staticmethod
    def _bound_to(provider_id: int, number: str) -> str:
        return f"patient.identity:{provider_id}:{number}"

    def sealed_bindings(self) -> dict[str, str]:
        return {"sealed_identity": self._bound_to(self.provider_id, self.number)}

    @classmethod
    def sealed(cls, identity: dict[str, Any], *, provider_id: int, number: str) -> bytes:
        """Return the identity of the patient with this number, sealed for that row only."""
        return seal_facts(identity, bound_to=cls._bound_to(provider_id, number))

    @property
    def identity(self) -> dict[str, Any]:
        """Return date_of_birth (ISO), insurer_uzovi and insured_number from the sealed column."""
        return unseal_facts(self.sealed_identity, bound_to=self._bound_to(self.provider_id, self.number))

    @identity.setter
    def identity(self, value: dict[str, Any]) -> None:
        self.sealed_identity = self.sealed(value, provider_id=self.provider_id, number=self.number)

    SEARCHED = ("number", "initials", "infix", "surname", "email", "mobile", "postcode", "house_number")

    @staticmethod
    def words_of(facts: Mapping[str, Any]) -> list[str]:
        """Return what a patient with these facts (the columns SEARCHED) is found by."""
        text = {name: str(facts[name]) for name in Patient.SEARCHED}
        return [
            *folding.words(f"{text['initials']} {text['infix']} {text['surname']}"),
            folding.compact(text["initials"]),
            folding.compact(text["infix"] + text["surname"]),
            folding.compact(text["number"]),
            text["email"].casefold(),
            folding.national(text["mobile"]),
            folding.compact(text["postcode"] + text["house_number"]) if text["postcode"] else "",
        ]

    @classmethod
    def search_text_of(cls, facts: Mapping[str, Any]) -> str:
        """Return the column `search_text` of a patient with these facts."""
        return joined(cls.words_of(facts))

    def search_words(self) -> list[str]:
        """Return what this patient is found by."""
        return self.words_of({name: getattr(self, name) for name in self.SEARCHED})


class BirthDateChange(SealedFacts, ChangeByTwo):
    """Another date of birth for a known patient: it counts once a second person has approved it.

    `facts` are `date_of_birth` (ISO) and `reason`.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="birth_date_changes", verbose_name=_("patient"))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    sealed_facts = models.BinaryField(editable=False, default=b"")

    class Meta:
        verbose_name, verbose_name_plural = _("correction of a date of birth"), _("corrections of a date of birth")
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(decided_at=None), name="one_birth_date_change_waits_per_patient"
            )
        ]

    def __str__(self) -> str:
        return str(self.patient)

    def bound_to(self) -> str:
        """Return what date and reason are bound to."""
        return f"birth_date_change:{self.token}"


class Payer(models.Model):
    """Somebody else who pays for a patient, and gets all messages: a parent, a guardian, an administrator."""

    class Relation(models.TextChoices):
        PARENT = "parent", _("parent")
        GUARDIAN = "guardian", _("guardian")
        ADMINISTRATOR = "administrator", _("administrator (bewindvoerder)")
        OTHER = "other", _("somebody else")
        ESTATE = "estate", _("heirs")
        CURATOR = "curator", _("guardian of an adult (curator)")

    # Who pays out of means that are the patient's own, or were: each such patient is a debtor apart (1:441, 1:386 and
    # 4:182 BW).
    APART = (Relation.ADMINISTRATOR, Relation.ESTATE, Relation.CURATOR)

    patient = models.OneToOneField(
        Patient, models.PROTECT, primary_key=True, related_name="payer", verbose_name=_("patient")
    )
    relation = models.CharField(_("relation"), max_length=16, choices=Relation)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True, validators=[validate_address])
    language = models.CharField(_("language"), max_length=3, choices=Language, default=Language.DUTCH)
    street = models.CharField(_("street"), max_length=80, blank=True)
    house_number = models.CharField(_("house number"), max_length=10, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    country = models.CharField(_("country"), max_length=2, default="NL")
    # By the law, as staff were told: what a practice hands in changes it no more.
    by_law = models.BooleanField(_("by law"), default=False)
    # Whom the practice named, by FIELDS, while somebody else counts by the law: they come back when that ends.
    given = models.JSONField(_("named by the practice"), null=True, blank=True, editable=False)

    search_text = SearchText()

    FIELDS = ("relation", "name", "email", "language", "street", "house_number", "postcode", "city", "country")

    class Meta:
        verbose_name, verbose_name_plural = _("payer"), _("payers")
        indexes = [models.Index(Lower("email"), name="payer_by_mailbox")]

    def __str__(self) -> str:
        return self.name

    def search_words(self) -> list[str]:
        """Return what this payer is found by."""
        address = folding.compact(self.postcode + self.house_number) if self.postcode else ""
        return [*folding.words(self.name), self.email.casefold(), address]


class Staff(AbstractUser):
    """Somebody who logs in at /beheer/, for one provider or for operations (no provider)."""

    class Role(models.TextChoices):
        CLERK = "clerk", _("provider clerk")
        APPROVER = "approver", _("provider approver")
        OPERATIONS = "operations", _("operations")

    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("provider")
    )
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.CLERK)
    email = models.EmailField(_("e-mail"), blank=True, validators=[validate_address])
    # Who let them in, made them an approver, or took away their code app, until somebody else has agreed: meanwhile
    # they count as no pair of eyes, for they may be the same person.
    introduced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", editable=False)
    # Until they have chosen their own, only the page to do so opens.
    password_given = models.BooleanField(_("has a password that somebody else made"), default=False, editable=False)
    # Part of every session: a new one ends all of them, so that an account that is active again revives no old cookie.
    blocked_by_practice = models.BooleanField(default=False, editable=False)  # else by operations, who alone unblock
    looks_like = models.CharField(max_length=150, unique=True, blank=True, editable=False)  # of the user name
    session_salt = models.CharField(max_length=32, default=new_token, editable=False)

    class Meta(AbstractUser.Meta):
        # The stubs of AbstractUser know no lazy names here.
        verbose_name, verbose_name_plural = _("staff member"), _("staff members")  # type: ignore[assignment]
        constraints = [
            # Default deny: staff without a provider are operations on purpose, never by a missing field.
            models.CheckConstraint(
                condition=Q(role="operations", provider__isnull=True)
                | (~Q(role="operations") & Q(provider__isnull=False)),
                name="staff_operations_or_of_a_provider",
            )
        ]

    _was_active: bool | None = None  # as it stands in the database
    _home: tuple[int | None, str, int | None] | None = None  # provider, role, introduced_by of the row
    rights_read: tuple[int | None, dict[str, bool]] | None = None  # by `billing.rights`, once a request

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> "Staff":
        row = super().from_db(*args, **kwargs)
        row._was_active = row.__dict__.get("is_active")
        return row

    @property
    def begins_at(self) -> int | None:
        """Return the key of the practice for which this person works after signing in."""
        return self._home[0] if self._home else self.provider_id

    def work_elsewhere(self, provider_id: int, role: str, introduced_by_id: int | None) -> None:
        """Let this object belong to another practice; the row stays as it is. See `billing.tenancy.work_for`."""
        self._home = self._home or (self.provider_id, self.role, self.introduced_by_id)
        self.provider_id, self.role, self.introduced_by_id = provider_id, role, introduced_by_id

    def work_at_home(self) -> None:
        """Let this object belong to the practice that the row names."""
        if self._home:
            (self.provider_id, self.role, self.introduced_by_id), self._home = self._home, None

    def clean(self) -> None:
        """Raise ValidationError for a new user name that is not plain, or that people read as somebody else's."""
        super().clean()
        if not self._state.adding:
            return
        try:
            user_names.validate_new(self.username)
        except ValidationError as error:
            raise ValidationError({"username": error}) from error
        if Staff.objects.filter(looks_like=user_names.looks_like(self.username)).exists():
            taken = _("This user name is taken, or looks like one that is. Choose another one.")
            raise ValidationError({"username": taken})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; blocking an account and allowing it again both end its sessions."""
        if self._state.adding:
            self.looks_like = user_names.looks_like(self.username)
        if self._home and not self._state.adding:
            columns = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            of_practice = {"provider", "role", "introduced_by"}
            kwargs["update_fields"] = {*(kwargs.get("update_fields") or columns)} - of_practice
        if getattr(self, "_was_active", None) not in (None, self.is_active):
            self.session_salt = new_token()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "session_salt"}
        super().save(*args, **kwargs)
        self._was_active = self.is_active

    def end_sessions(self) -> None:
        """End all sessions of this account, once it is saved."""
        self.session_salt = new_token()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        content = f"{self.password}{self.session_salt}"
        return salted_hmac("billing.staff.session", content, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_operations(self) -> bool:
        return self.role == self.Role.OPERATIONS
