"""From a question to what is said: an answer that is sure enough, a few titles to choose from, or a person.

What the FAQ asks word for word is answered. Otherwise an answer needs a score of SURE, and a lead of APART before the
next subject: by the one question of the FAQ that is closest, and by all questions of a subject together, which have to
agree. A question with a word that the FAQ does not know gets titles to choose from: it may be about something else. So
does one of which a single word says something, such as “DigiD”, unless the FAQ asks just that; one of which too much
stands nowhere in the subject; one that names a party, such as the insurer, whom the subject never names: it
may be about what they do; and one that asks for this “and not that”, when “this” alone is nearer to another one.
The numbers were chosen on `tests/helpdesk/assistant/questions_tuning.tsv`, SAID_THERE on `questions_fourth.tsv`;
`questions_test.tsv` is what they are held to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from billing import rooms
from billing.invoices.state import InvoiceView
from billing.rooms import Answer
from helpdesk.assistant import boundaries, faq, words
from helpdesk.assistant.boundaries import Boundary
from helpdesk.assistant.faq import Entry
from helpdesk.assistant.ranking import Found, Ranking, lead
from helpdesk.assistant.vocabulary import COMMON, PARTIES, SAME

SURE, APART = 0.45, 0.2
SAID_THERE = 0.6  # the share of the question that the subject's own questions have, by weight
SAME_WORDS, SAME_WORDS_APART = 0.95, 0.15  # nearly all words are those of one question, and of no other subject's
TO_CHOOSE, CHOSEN_FROM = 3, 0.2  # titles, and the least score of one


@dataclass(frozen=True, slots=True)
class Match:
    """The subjects that a question may be about, the likeliest first: by the closest question, and by all together.

    `is_known`: the FAQ has all words of the question. `is_one_term`: no more than one of them says something. `share`:
    how much of the question is said in the questions of the first subject. `names_another`: the question names a party
    that those do not.
    """

    closest: Sequence[Found]
    together: Sequence[Found]
    is_known: bool
    is_one_term: bool
    share: float
    names_another: bool

    @property
    def is_sure(self) -> bool:
        """Tell whether the first subject is the one that was meant."""
        if not self.closest or not self.is_known or self.closest[0].score < SURE:
            return False
        if self.closest[0].subject != self.together[0].subject or self.share < SAID_THERE:
            return False
        if self.names_another:
            return False
        if self.is_one_term and self.closest[0].score < SAME_WORDS:
            return False
        if self.closest[0].score >= SAME_WORDS and lead(self.closest) >= SAME_WORDS_APART:
            return True
        return min(lead(self.closest), lead(self.together)) >= APART


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said: an `entry` (with `answer` where the invoice tells more), `choices`, a `boundary`, or nothing.

    `secret`: the question held digits that nobody needs here.
    """

    entry: Entry | None = None
    answer: Answer | None = None
    choices: Sequence[Entry] = ()
    boundary: Boundary | None = None
    secret: bool = False

    @property
    def is_answered(self) -> bool:
        """Tell whether the question got an answer, or the words that stand in for one."""
        return self.entry is not None or self.boundary is not None


def reply_to(question: str, language: str, view: InvoiceView | None, today: date) -> Reply:
    """Return what is said to a question; with the invoice in view its state comes before the FAQ."""
    if beyond := beyond_us(question):
        return beyond
    secret = boundaries.has_secret(question)
    entries, found = faq.entries(), find(question, language)
    subject = subject_of(question, language, found)
    if subject:
        return Reply(entries[subject], state_of(entries[subject], view, today), secret=secret)
    near = [entries[one.subject] for one in found.closest[:TO_CHOOSE] if one.score >= CHOSEN_FROM]
    return Reply(choices=near, secret=secret)


def beyond_us(question: str) -> Reply | None:
    """Return what is said where no machine answers; None for a question that may be looked up."""
    boundary = boundaries.crossed(question)
    return Reply(boundary=boundary, secret=boundaries.has_secret(question)) if boundary else None


def chosen(entry_id: str, view: InvoiceView | None, today: date) -> Reply:
    """Return the answer to a question that was chosen from a list; nothing for one that does not exist."""
    entry = faq.entries().get(entry_id)
    return Reply(entry, state_of(entry, view, today)) if entry else Reply()


def state_of(entry: Entry, view: InvoiceView | None, today: date) -> Answer | None:
    """Return what the state of the invoice answers in place of the entry; None when it has nothing to say."""
    answer = rooms.answers().get(entry.id)
    return answer(view, today) if answer and view else None


def subject_of(question: str, language: str, found: Match) -> str:
    """Return the subject to answer: what is asked word for word, or surely meant; empty when neither."""
    word_for_word = _asked(language).get(tuple(words.plain(question)), "")
    if word_for_word or not found.is_sure:
        return word_for_word
    subject, meant = found.closest[0].subject, words.without_what_is_not_meant(question)
    if meant == question:
        return subject
    wanted = find(meant, language).closest
    return subject if wanted and wanted[0].subject == subject else ""


def find(question: str, language: str) -> Match:
    """Return the subjects that a question may be about."""
    asked, ranking = words.terms(question, language, _known(language)), _ranking(language)
    closest = ranking.closest(asked)
    first = closest[0].subject if closest else ""
    return Match(
        closest=closest,
        together=ranking.together(asked),
        is_known=ranking.knows(asked),
        is_one_term=len(set(asked)) == 1,
        share=ranking.share(first, asked),
        names_another=bool(PARTIES[language].intersection(asked).difference(ranking.terms_of(first))),
    )


@cache
def _ranking(language: str) -> Ranking:
    asked = {entry.id: entry.wordings[language].asked for entry in faq.entries().values()}
    return Ranking({subject: [words.terms(text, language) for text in texts] for subject, texts in asked.items()})


@cache
def _asked(language: str) -> dict[tuple[str, ...], str]:
    """Return the subject of each question of the FAQ, by its words as they stand."""
    entries = faq.entries().values()
    return {tuple(words.plain(text)): entry.id for entry in entries for text in entry.wordings[language].asked}


@cache
def _known(language: str) -> frozenset[str]:
    """Return the words that some question of the FAQ has, or a word that means the same."""
    asked = (text for entry in faq.entries().values() for text in entry.wordings[language].asked)
    return frozenset(word for text in asked for word in words.split(text, language)) | frozenset(SAME[language])


def is_known(word: str, language: str) -> bool:
    """Tell whether a word is one of the FAQ, one that says nothing, or one that everybody uses."""
    if not words.without_accents(word.replace("’", "'")).isascii():
        return False
    return all(one in _known(language) or one in COMMON[language] for one in words.split(word, language))
