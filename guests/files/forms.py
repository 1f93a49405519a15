"""The form of the files that a guest sends."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

ACCEPT = "application/pdf,.pdf,image/*,.heic,.heif"


class MultipleFileInput(forms.ClearableFileInput):
    """A file input for more than one file."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files. Their kind is not derived from their names: the rule that receives them looks inside."""

    widget = MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the uploaded files as a list."""
        found = data if isinstance(data, list | tuple) else [data] if data else []
        if not found and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return list(found)


class FilesForm(forms.Form):
    """The files that somebody sends."""

    files = FilesField(  # type: ignore[assignment] # the stubs see the name of what a form was sent, not a field
        label=_("Your files"),
        help_text=_("PDF or photo, also one of your phone. At most 10 files of 25 MB each, and 100 MB at once."),
        error_messages={"required": _("Choose at least one file.")},
        widget=MultipleFileInput(attrs={"accept": ACCEPT}),
    )
