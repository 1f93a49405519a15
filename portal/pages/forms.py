"""The form for a code by SMS, and the renderer that gives every field its label, help and error."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.template import engines
from django.utils.translation import gettext_lazy as _

from billing.invoices.typed_references import MAX_CHARACTERS
from billing.text.characters import as_typed
from billing.text.fields import PastedField


class PortalRenderer(TemplatesSetting):
    field_template_name = "django/forms/field.html"

    def get_template(self, template_name: str) -> Any:
        """Our field is Jinja2. Django's widgets in Jinja2 ask for what they were not given, which ours refuses."""
        return engines["jinja2" if template_name == self.field_template_name else "django"].get_template(template_name)


class CodeField(PastedField):
    """The code out of an SMS: spaces and dashes don't matter, and neither does the rest of a pasted line."""

    def clean(self, value: Any) -> str:
        text = as_typed(str(super().clean(value)))
        found = re.findall(rf"(?<!\d)\d(?:[ -]?\d){{{settings.CODE_DIGITS - 1}}}(?!\d)", text)
        codes = {re.sub(r"\D", "", code) for code in found}
        if len(codes) != 1:
            raise ValidationError(
                _("A code has %(count)d digits. Look at the newest SMS.") % {"count": settings.CODE_DIGITS},
                code="digits",
            )
        return codes.pop()


class CodeForm(forms.Form):
    code = CodeField(
        label=_("Code from the SMS"),
        max_length=MAX_CHARACTERS,
        error_messages={"required": _("Enter the code that is in the SMS.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false", "class": "code"}
        ),
    )

    def add_wrong(self, *, used_up: bool = False) -> None:
        """The one answer for a code that is wrong, too old, used, or somebody else's.

        `used_up`: this browser's code has ended because of too many wrong ones, so that the newest SMS helps nobody.
        """
        sentence = _("This code is not right, or it is no longer valid. Look at the newest SMS, or ask for a new code.")
        if used_up:
            sentence = _("You entered a wrong code too often. The code in the SMS no longer works. Ask for a new code.")
        self.add_error("code", ValidationError(sentence, code="wrong"))
