"""The texts that a practice often writes to patients: a table that its approvers fill, and everybody chooses from."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing import audit
from billing.desk.base import EVERYBODY, TenantAdmin
from billing.models import Provider
from billing.text.fields import WholeText
from coulance.models import NoteTemplate

FIELDS = ("name", "purpose", "text", "is_default", "in_use")


class NoteForm(forms.ModelForm):
    """One text, what it is for, and whether it goes along by itself."""

    text = WholeText(
        label=_("Text"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Patients read it as it stands here. Write nothing about one patient."),
    )

    class Meta:
        model = NoteTemplate
        fields = ("provider", *FIELDS)
        widgets = {"purpose": forms.RadioSelect}
        help_texts = {
            "is_default": _("Of the texts for lowering the amount one can go along whenever nothing else is written."),
            "in_use": _("Without this, nobody can choose it any more."),
        }

    def _get_validation_exclusions(self) -> set[str]:
        """Leave the one default to `NoteAdmin.save_model`, where the new one takes the place of the former."""
        form: Any = super()  # the stubs of Django leave this method out
        return {*form._get_validation_exclusions(), "is_default"}

    def clean(self) -> dict[str, Any]:
        """Lock the practice, and refuse a default that does not lower an amount, or that is not in use."""
        cleaned = super().clean() or {}
        if practice := cleaned.get("provider"):  # two at once: the second sees the name and the default of the first
            Provider.objects.select_for_update(no_key=True).get(pk=practice.pk)
        if cleaned.get("is_default") and cleaned.get("purpose") not in (None, NoteTemplate.For.ADJUST):
            self.add_error("is_default", _("Only a text for lowering the amount can go along by itself."))
        elif cleaned.get("is_default") and not cleaned.get("in_use"):
            self.add_error("in_use", _("The text that goes along by itself is in use."))
        return cleaned


@admin.register(NoteTemplate)
class NoteAdmin(TenantAdmin):
    """The texts of a practice, which its approvers and operations change; every change is in the audit trail."""

    provider_path = "provider"
    writers, write_act = EVERYBODY, "coulance_rules"
    form = NoteForm
    list_display = ("name", "provider", "purpose", "is_default", "in_use")
    list_select_related = ("provider",)
    ordering = ("provider__name", "purpose", "name")
    fieldsets = ((None, {"fields": ("provider", *FIELDS)}),)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the own practice."""
        member: Any = request.user
        return {"provider": member.provider_id, "in_use": True}

    def save_model(self, request: HttpRequest, obj: NoteTemplate, form: Any, change: bool) -> None:
        """Save the text, as the only default if it is one, and record it in the audit trail."""
        if obj.is_default:
            others = NoteTemplate.objects.filter(provider=obj.provider, is_default=True).exclude(pk=obj.pk)
            others.update(is_default=False)
        super().save_model(request, obj, form, change)
        act = "coulance_text_changed" if change else "coulance_text_added"
        audit.record(act, by=audit.name_of(request.user), written=obj.text, agb_code=obj.provider.agb_code)
