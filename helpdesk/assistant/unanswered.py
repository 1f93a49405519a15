"""Questions without an answer: kept for a while without names and health, so that the FAQ learns of them."""

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
from helpdesk.assistant import boundaries
from helpdesk.assistant.asking import is_known
from helpdesk.models import UnansweredQuestion

GONE = "…"
LONGEST = 300
_ADDRESS = re.compile(r"\S*@\S*|\b(?:https?://|www\.)\S+|\b\S+\.(?:nl|com|be|eu|org|example)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\S*\d\S*")
_TITLES = r"mijn naam is|ik heet|dhr|mevr|mw|mevrouw|meneer|de heer|familie|groet\w*|my name is|mr|mrs|ms|miss|regards"
_NAME = re.compile(rf"\b(?P<before>{_TITLES})[.:,]?\s+[^\s,.;!?]+(?:\s+[^\s,.;!?]+){{0,2}}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def stripped(question: str, language: str) -> str:
    """Return the question without what may say who asks: digits, addresses, and words that may be a name.

    What stays is a word of the FAQ or one that everybody uses, unless it follows “my name is” and the like, or has a
    capital where no sentence begins.
    """
    text = " ".join((question.lower() if question.isupper() else question).split())
    text = _DIGITS.sub(GONE, _ADDRESS.sub(GONE, text))
    text = _NAME.sub(rf"\g<before> {GONE}", text)
    words = text.split(" ")
    told = [_unless_capital(word, first=at == 0 or words[at - 1][-1:] in ".!?") for at, word in enumerate(words)]
    known = _WORD.sub(lambda word: word[0] if is_known(word[0], language) else GONE, " ".join(told))
    return re.sub(rf"{GONE}(?:\W*{GONE})+", GONE, known)


def _unless_capital(word: str, *, first: bool) -> str:
    return GONE if word[:1].isupper() and len(word) > 1 and not first else word


def keep(question: str, language: str) -> None:
    """Keep a question that got no answer, as far as it says nothing of who asked; nothing of one about health."""
    text = stripped(question, language)[:LONGEST]
    if boundaries.says_health(question) or not _WORD.search(text):
        return
    row = UnansweredQuestion(language=language)
    row.text = text
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
