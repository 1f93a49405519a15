"""What a patient sends about coulance: files, and a word to the care provider."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from coulance.cases import LONGEST_MESSAGE

ACCEPT = ".pdf,.jpg,.jpeg,.png,application/pdf,image/jpeg,image/png"


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files. What they are is not asked of their names: the rule that takes them in looks inside."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        found = data if isinstance(data, list | tuple) else [data] if data else []
        if not found and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return list(found)


class FilesForm(forms.Form):
    files = FilesField(  # type: ignore[assignment] # the stubs see the name of what a form was sent, not a field
        label=_("Your files"),
        help_text=_("PDF, JPEG or PNG. A clear photo is fine. At most 10 files of 10 MB each."),
        error_messages={"required": _("Choose at least one file.")},
        widget=SeveralFiles(attrs={"accept": ACCEPT}),
    )


class MessageForm(forms.Form):
    message = forms.CharField(
        label=_("Your message"),
        help_text=_("Your care provider reads it together with your files. Please don't write about your treatment."),
        max_length=LONGEST_MESSAGE,
        error_messages={"required": _("Write your message first.")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
