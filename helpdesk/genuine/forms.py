"""The forms of the pages that say whether something is ours."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.text.fields import PastedField, WholeText
from helpdesk.models.warnings import WARNING_LENGTH

MAX_CHARACTERS = 20_000  # a mail of a few pages


class CheckForm(forms.Form):
    """What somebody got: one code, reference, account, sender, link or number, or the whole message."""

    what = PastedField(
        label=_("What do you want to check?"),
        help_text=_(
            "The message code of an e-mail, a payment reference, an account number (IBAN), an e-mail address, a link"
            " or a telephone number. Or paste the whole message."
        ),
        max_length=MAX_CHARACTERS,
        error_messages={
            "required": _("Enter what you want to check."),
            "max_length": _("This is too long. Enter only the link, the number or the code."),
        },
        widget=forms.Textarea(
            # What is pasted has a direction of its own, whatever the page's.
            attrs={"rows": 3, "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "dir": "auto"}
        ),
    )

    def add_unclear(self) -> None:
        """Say that we can't tell what this is."""
        sentence = _(
            "We find no link, account number, sender or telephone number in this. Are you not sure? Then do not pay,"
            " and call us."
        )
        self.add_error("what", ValidationError(sentence, code="unclear"))


class WarningForm(forms.Form):
    """What everybody should beware of, in both languages of the patient's pages."""

    text_nl = WholeText(
        label=_("in Dutch"), max_length=WARNING_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "lang": "nl"})
    )
    text_en = WholeText(
        label=_("in English"), max_length=WARNING_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "lang": "en"})
    )
