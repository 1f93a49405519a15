"""Whether patients can reach us, and at no more than what a call costs anyway."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.translation import get_language_info

from helpdesk.contact.numbers import is_dear


@register(Tags.compatibility)
def check_contact(**kwargs: Any) -> list[CheckMessage]:
    """Check that our number costs no more than the basic rate (6:230k BW), and that our languages exist."""
    found: list[CheckMessage] = []
    if settings.OPERATOR["phone"] and is_dear(settings.OPERATOR["phone"]):
        sentence = "OPERATOR_PHONE costs callers more than the basic rate: customers may not be asked for more."
        found.append(Error(sentence, hint="Take an ordinary number or 0800 (6:230k BW).", id="helpdesk.E001"))
    if unknown := [code for code in settings.OFFICE_LANGUAGES if not _is_known(code)]:
        sentence = f"OPERATOR_LANGUAGES has codes of no language: {', '.join(unknown)}."
        found.append(Error(sentence, hint="See .env.example.", id="helpdesk.E002"))
    return found


@register(Tags.compatibility, deploy=True)
def check_hours(**kwargs: Any) -> list[CheckMessage]:
    """Warn when nobody said when the telephone is answered."""
    if settings.OFFICE_WEEK or not settings.OPERATOR["phone"]:
        return []
    sentence = "OPERATOR_HOURS is empty: patients can't see when somebody answers, and can't ask to be called."
    return [Warning(sentence, hint="See .env.example.", id="helpdesk.W001")]


def _is_known(code: str) -> bool:
    try:
        get_language_info(code)
    except KeyError:
        return False
    return True
