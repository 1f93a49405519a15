"""The form for a practice's own rules for coulance."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import Staff
from coulance.desk.decision_form import EuroInput
from coulance.models import PracticeRules

Rule = PracticeRules.Rule
FIELDS = ("wants_specification", "specification_days", "rule", "percentage", "second_person_above", "help_text")


class RulesForm(forms.ModelForm):
    """A practice can make the check by a second person stricter; only operations can relax it."""

    staff: Staff  # who fills it in; set by the subclass that PracticeRulesAdmin.get_form makes

    second_person_above = EuroInput(
        label=capfirst(_("a second person decides too above")),
        required=False,
        help_text=_(
            "A reduction above this amount needs two people. Empty: one approver is enough. "
            "You can lower it. To raise it or take it away, call Zorgrekening."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "help_text" in self.fields:  # not for who only reads
            self.fields["help_text"].widget.attrs.pop("maxlength", None)  # else a browser cuts what is pasted

    class Meta:
        model = PracticeRules
        fields = ("provider", *FIELDS)
        widgets = {"rule": forms.RadioSelect, "help_text": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "wants_specification": _("If not, a new case is on your desk from the first day."),
            "specification_days": _("From 7 to 120 days. Counts for new invoices."),
            "rule": _("The rule that is chosen when you open a case. You can choose another one in each case."),
            "percentage": _("From 1 to 100. Needed for a fixed percentage off."),
            "help_text": _("Every patient with coulance reads this without a code. Write nothing about one patient."),
        }

    def clean_second_person_above(self) -> Decimal | None:
        """Return the amount; refuse a weaker check unless operations set it."""
        wanted: Decimal | None = self.cleaned_data["second_person_above"]
        before = self.instance.second_person_above
        weaker = before is not None and (wanted is None or wanted > before)
        if weaker and self.staff.role != Staff.Role.OPERATIONS:
            raise forms.ValidationError(
                _("Only Zorgrekening can raise this amount or take it away. You can lower it."), code="weaker"
            )
        return wanted

    def clean(self) -> dict[str, Any]:
        """Require a percentage when the rule is one."""
        cleaned = super().clean() or {}
        if cleaned.get("rule") == Rule.PERCENTAGE and not cleaned.get("percentage") and "percentage" in cleaned:
            self.add_error("percentage", _("Fill in the percentage, or choose another rule."))
        return cleaned

    def changes(self) -> dict[str, list[str]]:
        """Return what changes, as recorded in the audit trail: field → before and after; no typed text."""
        before = {name: self.initial.get(name) for name in FIELDS} if self.instance.pk else {}
        pairs = {name: [_as_text(before.get(name)), _as_text(self.cleaned_data[name])] for name in FIELDS}
        changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        return changed | ({"help_text": ["…", "…"]} if "help_text" in changed else {})


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
