"""Providers, changes that two people make, and staff."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit
from billing.colleagues import accounts
from billing.desk.base import OPERATIONS, TenantAdmin, desk_action
from billing.desk.detail import badge
from billing.desk.lists.ranges import days
from billing.errors import Refused, Stale
from billing.models import AgbChange, BirthDateChange, DetailsChange, IbanChange, Provider, Staff
from billing.patients import birth_date
from billing.practices import identity, providers
from billing.submission import birth_dates

Role = Staff.Role


@admin.register(Provider)
class ProviderAdmin(TenantAdmin):
    provider_path = "pk"
    about_patients = False
    list_display = ("name", "agb_code", "city")
    ordering = ("name",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "agb_code"),
                    ("email", "phone"),
                    "website",
                    ("street", "house_number"),
                    ("postcode", "city"),
                    ("iban", "kvk_number"),
                    ("phone_hours", "term_agreed_in"),
                    ("vat_on_costs", "creditor"),
                    ("transfers_to", "receipts_confirmed_above"),
                    "neutral_name",
                )
            },
        ),
    )

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Lead to the settings of the practice, where everything is changed."""
        return [
            (reverse("admin:practice_of", args=[obj.pk]), gettext("Settings and changes")),
            (reverse("admin:first_day_of", args=[obj.pk]), gettext("The first day")),
        ]


class ByTwoAdmin(TenantAdmin):
    """A change of a practice that one person asked for, approved or refused by another one of operations."""

    provider_path = "provider"
    readers = OPERATIONS
    actions = ("approve", "refuse")
    about_patients = False
    list_filter = ("approved", days("created_at", _("asked")))
    list_select_related = ("provider",)
    ordering = ("-pk",)
    decide: Callable[..., None]
    sentences: tuple[Any, Any]  # what is said after an approval, and after a refusal

    @desk_action("second_person", _("Approve"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._decide(request, queryset, approved=True)

    @desk_action("second_person", _("Refuse"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._decide(request, queryset, approved=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Any], *, approved: bool) -> None:
        for asked in queryset:
            try:
                type(self).decide(asked, approved=approved, by=audit.name_of(request.user))
            except (Refused, Stale) as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, str(self.sentences[0 if approved else 1]), messages.SUCCESS)

    def acts(self, obj: Any) -> tuple[str, ...]:
        return () if obj.decided_at else ("approve", "refuse")


@admin.register(IbanChange)
class IbanChangeAdmin(ByTwoAdmin):
    """Another IBAN of a practice."""

    decide = staticmethod(providers.decide_iban)
    sentences = (_("The new IBAN counts from now on."), _("The IBAN stays as it was."))
    list_display = ("provider", "iban", "asked_by", "created_at", "approved")
    fieldsets = (
        (
            None,
            {"fields": (("provider", "iban_now"), ("iban", "asked_by"), "created_at", ("decided_by", "decided_at"))},
        ),
    )
    readonly_fields = ("iban_now",)

    @admin.display(description=_("IBAN until now"))
    def iban_now(self, obj: IbanChange) -> str:
        return "" if obj.decided_at else obj.provider.iban


@admin.register(AgbChange)
class AgbChangeAdmin(ByTwoAdmin):
    """Another AGB code of a practice, or the first one of a practice that somebody added."""

    decide = staticmethod(identity.decide_agb)
    sentences = (_("The practice and its AGB code are approved."), _("The AGB code is refused."))
    list_display = ("provider", "agb_code", "asked_by", "created_at", "approved")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("provider", "code_now"),
                    ("agb_code", "asked_by"),
                    "created_at",
                    ("decided_by", "decided_at"),
                )
            },
        ),
        (_("practice"), {"fields": ("kvk_now", "address_now")}),
    )
    readonly_fields = ("code_now", "kvk_now", "address_now")

    @admin.display(description=_("AGB code until now"))
    def code_now(self, obj: AgbChange) -> str:
        return obj.provider.agb_code if obj.provider.approved_at else ""

    @admin.display(description=_("KvK number"))
    def kvk_now(self, obj: AgbChange) -> str:
        return obj.provider.kvk_number

    @admin.display(description=_("address"))
    def address_now(self, obj: AgbChange) -> str:
        place = obj.provider
        return f"{place.street} {place.house_number}, {place.postcode} {place.city}"


@admin.register(DetailsChange)
class DetailsChangeAdmin(ByTwoAdmin):
    """Another name, KvK number, creditor or account for transfers of a practice."""

    decide = staticmethod(providers.decide_details)
    sentences = (_("The change counts from now on."), _("Nothing is changed."))
    list_display = ("provider", "asked_for", "asked_by", "created_at", "approved")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "provider",
                    ("until_now", "asked_for"),
                    ("asked_by", "created_at"),
                    ("decided_by", "decided_at"),
                )
            },
        ),
    )
    readonly_fields = ("until_now", "asked_for")

    @admin.display(description=_("until now"))
    def until_now(self, obj: DetailsChange) -> str:
        return "" if obj.decided_at else _in_words({name: getattr(obj.provider, name) for name in obj.details})

    @admin.display(description=_("asked for"))
    def asked_for(self, obj: DetailsChange) -> str:
        return _in_words(obj.details)


def _in_words(details: dict[str, str]) -> str:
    """Return details of a practice with their labels."""
    said = []
    for name, value in sorted(details.items()):
        column = cast("Any", Provider._meta.get_field(name))
        said.append(f"{capfirst(column.verbose_name)}: {dict(column.flatchoices).get(value, value)}")
    return "; ".join(said)


@admin.register(BirthDateChange)
class BirthDateChangeAdmin(TenantAdmin):
    """Another date of birth of a patient, approved or refused by somebody else than who asked for it."""

    provider_path = "patient__provider"
    medical = "patient page"
    actions = ("approve", "refuse")
    list_display = ("patient", "asked_by", "created_at", "approved")
    list_filter = ("approved", days("created_at", _("asked")))
    list_select_related = ("patient",)
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("patient", ("until_now", "asked_for"), "why", ("asked_by", "created_at"))}),
        (_("decision"), {"fields": (("decided_by", "decided_at"), "approved")}),
    )
    readonly_fields = ("until_now", "asked_for", "why")

    @admin.display(description=_("date of birth until now"))
    def until_now(self, obj: BirthDateChange) -> str:
        return "" if obj.decided_at else birth_dates.in_words(obj.patient.identity["date_of_birth"])

    @admin.display(description=_("date of birth asked for"))
    def asked_for(self, obj: BirthDateChange) -> str:
        return birth_dates.in_words(obj.facts["date_of_birth"]) if obj.facts else ""

    @admin.display(description=_("reason"))
    def why(self, obj: BirthDateChange) -> str:
        return obj.facts.get("reason", "")

    @desk_action("second_person", _("Approve the date of birth"))
    def approve(self, request: HttpRequest, queryset: QuerySet[BirthDateChange]) -> None:
        self._decide(request, queryset, approved=True)

    @desk_action("second_person", _("Refuse the date of birth"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[BirthDateChange]) -> None:
        self._decide(request, queryset, approved=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet[BirthDateChange], *, approved: bool) -> None:
        done = gettext("The date of birth was corrected. Invoices with the wrong one must be credited and made anew.")
        kept = gettext("The date of birth stays as it was.")
        for asked in queryset:
            try:
                birth_date.decide(asked, approved=approved, by=audit.name_of(request.user))
            except (Refused, Stale) as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, done if approved else kept, messages.SUCCESS)

    def acts(self, obj: BirthDateChange) -> tuple[str, ...]:
        return () if obj.decided_at else ("approve", "refuse")


class _RoleFitsProvider(forms.ModelForm):
    """Checks that role and provider match; the database does so too, but a person deserves a sentence."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "provider" in self.errors:  # an unknown provider: the field says so, and nothing can match it
            return cleaned
        role = cleaned.get("role", self.instance.role)
        provider = cleaned["provider"] if "provider" in self.fields else self.instance.provider
        if (role == Role.OPERATIONS) != (provider is None):
            self.add_error("role", _("Operations belong to no provider; every other role belongs to one."))
        return cleaned


class StaffAddForm(_RoleFitsProvider, BaseUserCreationForm):
    class Meta:
        model = Staff
        fields = ("username", "provider", "role")

    def save(self, commit: bool = True) -> Any:
        self.instance.is_staff = self.instance.password_given = True
        return super().save(commit)


class GivenPasswordForm(AdminPasswordChangeForm):
    """A new password for somebody who forgot theirs; the code app or a recovery code is still required."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)  # nobody signs in without a password
        for field in self.fields.values():
            field.required, field.help_text = True, ""

    def save(self, commit: bool = True) -> Any:
        self.user.password_given = True
        return super().save(commit)


class StaffChangeForm(_RoleFitsProvider):
    class Meta:
        model = Staff
        fields = ("first_name", "last_name", "email", "role", "is_active")


class IsNewFilter(admin.SimpleListFilter):
    """Who waits for somebody else to agree to them."""

    title = _("new")
    parameter_name = "new"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("nobody else has agreed yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Staff]) -> QuerySet[Staff]:
        waits = Q(introduced_by__isnull=False) | Q(memberships__introduced_by__isnull=False)
        return queryset.filter(waits).distinct() if self.value() else queryset


@admin.register(Staff)
class StaffAdmin(TenantAdmin, UserAdmin):
    """Operations add and change staff of any provider; to change provider, a person gets a new account."""

    provider_path = "provider"
    readers = writers = OPERATIONS
    about_patients = False
    form, add_form, change_password_form = StaffChangeForm, StaffAddForm, GivenPasswordForm
    add_form_template = "admin/detail.html"
    change_user_password_template = "admin/practice/given_password.html"  # noqa: S105
    list_display = ("username", "provider", "role", "active", "last_login")
    list_filter = ("role", "is_active", IsNewFilter)
    list_select_related = ("provider",)
    search_fields = ()
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": (("username", "provider"), ("first_name", "last_name"), "email")}),
        (_("Access"), {"fields": (("role", "is_active"), "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "provider", "role", "password1", "password2")}),)
    readonly_fields = ("last_login",)
    actions = ("agree",)
    asks = {
        "agree": _("Agree only when you know this person. From then on they are one of two who decide together."),
    }

    @desk_action("second_person", _("Agree: this new person is one of two who decide together"))
    def agree(self, request: HttpRequest, queryset: QuerySet[Staff]) -> None:
        for member in queryset:
            try:
                accounts.agree(member, by=cast("Staff", request.user))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, gettext("Done."), messages.SUCCESS)

    def acts(self, obj: Staff) -> tuple[str, ...]:
        return ("agree",) if accounts.may_operations_agree(obj) else ()

    @admin.display(description=_("active"))
    def active(self, obj: Staff) -> Any:
        return badge("paid", _("yes")) if obj.is_active else badge("closed", _("no"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None else (*readonly, "username")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save; who is new, has another role, or can be signed in for now waits for somebody else to agree."""
        if not change or "role" in form.changed_data:
            obj.introduced_by = accounts.introducer(cast("Staff", request.user))
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        audit.record("staff_added", by=audit.name_of(request.user), staff=obj.pk, role=str(obj.role))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record the change on the audit trail; Django calls this for the form and for a new password."""
        fields = [name for part in message for name in part.get("changed", {}).get("fields", [])]
        audit.record("staff_changed", by=audit.name_of(request.user), staff=obj.pk, fields=", ".join(fields))
        accounts.new_without_app(obj, by=cast("Staff", request.user))
        return super().log_change(request, obj, message)
