"""Questions without an answer: kept for a while without digits, addresses and names, so that the FAQ learns of them."""

import re
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from helpdesk.assistant.asking import is_known
from helpdesk.models import UnansweredQuestion

GONE = "…"
LONGEST = 300
_ADDRESS = re.compile(r"\S*@\S*|\b(?:https?://|www\.)\S+|\b\S+\.(?:nl|com|be|eu|org|example)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\S*\d\S*")
_NAMED = re.compile(
    r"\b(?P<before>mijn naam is|ik heet|ik ben|naam|dhr|mevr|mw|mevrouw|meneer|de heer|dokter|dr|drs|familie|groet\w*|"
    r"my name is|i am|i'm|name|mr|mrs|ms|miss|doctor|regards)[.:,]?\s+(?P<name>\S+(?:\s+\S+){0,3})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def stripped(question: str, language: str) -> str:
    """Return the question without what may say who asks: digits, addresses, and words that may be a name.

    A capital that begins no sentence, and what follows “my name is” and the like, counts as a name unless the FAQ knows
    the word.
    """
    text = _ADDRESS.sub(GONE, " ".join(question.split()))
    text = _DIGITS.sub(GONE, text)
    text = _NAMED.sub(lambda found: f"{found['before']} {_unnamed(found['name'], language)}", text)
    words = text.split(" ")
    told = [
        _unless_capital(word, language, first=at == 0 or words[at - 1][-1:] in ".!?") for at, word in enumerate(words)
    ]
    return re.sub(rf"{GONE}(?:\W*{GONE})+", GONE, " ".join(told))


def _unnamed(text: str, language: str) -> str:
    return _WORD.sub(lambda word: word[0] if is_known(word[0], language) else GONE, text)


def _unless_capital(word: str, language: str, *, first: bool) -> str:
    return GONE if word[:1].isupper() and not first and not is_known(word, language) else word


def keep(question: str, language: str) -> None:
    """Keep a question that got no answer, as far as it says nothing of who asked."""
    row = UnansweredQuestion(language=language)
    row.text = stripped(question, language)[:LONGEST]
    row.save(force_insert=True)


def unread() -> QuerySet[UnansweredQuestion]:
    """Return the questions that nobody has looked at yet, the oldest first."""
    return UnansweredQuestion.objects.filter(read_at=None)


def read(question_id: int, *, staff: Any) -> None:
    """Note that somebody looked at a question. Raises Refused when somebody did, or it is not there."""
    with transaction.atomic():
        by = audit.name_of(staff)
        if not unread().filter(pk=question_id).update(read_at=timezone.now(), read_by=by):
            raise Refused(_("Somebody else read this one already."))
        audit.record("unanswered_question_read", by=by)


def erase(today: date) -> int:
    """Delete the questions that are older than they may become; return how many there were."""
    over = today - timedelta(days=settings.UNANSWERED_KEPT_DAYS)
    return UnansweredQuestion.objects.filter(asked_on__lt=over).delete()[0]
