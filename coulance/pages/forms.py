"""The form of a patient for coulance: a message to the care provider."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.text.fields import WholeText
from coulance.cases import LONGEST_MESSAGE


class MessageForm(forms.Form):
    """A message to the care provider."""

    message = WholeText(
        label=_("Your message"),
        help_text=_("Your care provider reads it together with your files. Please don't write about your treatment."),
        max_length=LONGEST_MESSAGE,
        error_messages={
            "required": _("Write your message first."),
            "max_length": _(
                "Your text has %(show_value)d characters, and may have %(limit_value)d. Make it shorter, or send it"
                " in two parts."
            ),
        },
        widget=forms.Textarea(attrs={"rows": 4}),
    )
