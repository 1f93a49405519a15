"""What a person wrote, before it is kept."""

from django.utils.translation import gettext as _

from billing.errors import Refused


def written(text: str, *, max_length: int) -> str:
    """Return a text as it is kept. Raises Refused when it is empty or too long."""
    text = text.strip()
    if not text:
        raise Refused(_("Write something first."))
    if len(text) > max_length:
        raise Refused(_("This is too long: at most %(max)d characters.") % {"max": max_length})
    return text
