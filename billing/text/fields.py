"""Fields of the forms that patients fill in."""

import unicodedata
from typing import Any

from django import forms


class WholeText(forms.CharField):
    """A text of at most `max_length` characters. What is too long is refused with a count, and nothing is lost.

    Django's own field tells the browser the limit, which then cuts what is pasted without a word.
    """

    def to_python(self, value: Any) -> Any:
        """Count a new line as one character, whatever the browser sends for it."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if text else text

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave the limit out of the attributes of the widget."""
        attributes = super().widget_attrs(widget)
        attributes.pop("maxlength", None)
        return attributes


class PastedField(WholeText):
    """Text that may be pasted: control characters in it are spaces, not a reason for Django's own sentence."""

    def to_python(self, value: Any) -> str:
        text = "" if value is None else str(value)
        return str(super().to_python("".join(" " if unicodedata.category(c) == "Cc" else c for c in text)))
