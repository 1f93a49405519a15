"""A day that somebody types or a browser sends, in the digits that our pages show."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class TypedDay(forms.DateField):
    """Django's field, without the digits of other scripts: Python reads them, and who agreed to the day may not."""

    def to_python(self, value: Any) -> date | None:
        """Return the day, or None when nothing was typed. Raises ValidationError for what is no day."""
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)
