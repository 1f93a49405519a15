"""Whether the paper is about the patient or a housemate: the surname behind their own initials, or behind others."""

import re
from collections.abc import Iterator, Sequence

from coulance.reading.language.notation import is_near, plain
from coulance.reading.language.persons import INFIXES, NO_NAMES
from coulance.reading.ours import Ours, pattern_of
from coulance.reading.sheet import Row

_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]?\.?|[A-Z]{1,4}")
_AFTER = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+")  # "Vries, K. de"; "De Vries, U ontvangt" are no initials
_APART = 2.0  # heights of the letters between words that do not belong together
_SURE_OF = 5  # letters of a surname of which one may be read wrong
_FIRST_NAME = re.compile(r"[^\W\d_a-z]\w*(?:-\w+)*")

# In a cell of their own
_LABELLED = re.compile(r"\b(?i:voorletters?|initialen|voornaam|roepnaam)(?:\(s\))? ?:? (?P<given>[A-Z][\w.\-]*)")


def are_of_another(rows: Sequence[Row], ours: Ours) -> bool:
    """Tell whether the paper names only others of the surname, or one of them last above our number.

    The rows must have their single letters still.
    """
    wanted = _letters(ours.initials)
    if not wanted or not plain(ours.surname):
        return False
    named = [(number, _is_same(found, wanted)) for number, row in enumerate(rows) for found in _before(row, ours)]
    if not named or all(same for _, same in named):
        return False
    if not any(same for _, same in named):
        return True
    number = pattern_of(ours.number)
    marked = [at for at, row in enumerate(rows) if number.search(row.text)]
    return not marked or any(not _is_ours(at, named) for at in marked)


def has_patient(rows: Sequence[Row], ours: Ours) -> bool:
    """Tell whether the patient is named with a first name or initials. The rows need their single letters."""
    wanted = _letters(ours.initials)
    if not wanted or not plain(ours.surname):
        return False
    return any(_is_same(found, wanted) for row in rows for found in _before(row, ours))


def _is_ours(at: int, named: Sequence[tuple[int, bool]]) -> bool:
    """Tell whether the last person that is named at or above a row is ours; more on one row may be either."""
    above = [number for number, _ in named if number <= at]
    return not above or any(same for number, same in named if number == above[-1])


def _is_same(found: str, wanted: str) -> bool:
    """Tell whether initials can be those of one person: a paper may print fewer of them."""
    return found.startswith(wanted) or wanted.startswith(found)


def _letters(text: str) -> str:
    """Return the initials in a text; of a first name its first letter, of "Th." its first too."""
    return "".join(plain(part)[:1] for part in re.split(r"[\s.\-]+", _spread(text)) if plain(part))


def _spread(text: str) -> str:
    """Return initials without points with a space between them: "KM" is K. M., and "Kim" one name."""
    return " ".join(text) if text.isupper() and text.isalpha() and len(text) <= 4 else text


def _before(row: Row, ours: Ours) -> Iterator[str]:
    """Yield the initials beside each place of the surname on a row: before it, or behind it."""
    labelled = _LABELLED.search(row.text)
    if labelled and plain(labelled["given"]) not in NO_NAMES:
        yield _letters(labelled["given"])
    is_of_practice = plain(ours.provider) in plain(row.text)
    for words in _runs(row):
        for begin, end in _surnames(words, ours.surname):
            while begin and plain(words[begin - 1]) in INFIXES and "." not in words[begin - 1]:
                begin -= 1
            given = _given(words[:begin], only_initials=is_of_practice)
            if not given and end < len(words) and _AFTER.fullmatch(words[end].strip(",;()")):
                given = words[end].strip(",;()")
            if letters := _letters(given):
                yield letters


def _runs(row: Row) -> Iterator[list[str]]:
    """Yield the words that stand close together; in letters of one width a space is wider than in others."""
    found: list[str] = []
    last = None
    for word in (word for piece in row.texts for word in piece.words):
        if last is not None and word.left - last.right > _APART * (last.bottom - last.top):
            yield found
            found = []
        found.append(word.text)
        last = word
    yield found


def _surnames(words: Sequence[str], surname: str) -> Iterator[tuple[int, int]]:
    """Yield where the surname stands among words, by itself or as the first part of a double one."""
    wanted, longest = plain(surname), len(surname.split()) + 1
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + longest, len(words)) + 1):
            text = "".join(words[begin:end])
            parts = {plain(text), plain(re.split(r"[-–/]", text)[0])}
            if wanted in parts or (len(wanted) >= _SURE_OF and any(is_near(part, wanted) for part in parts)):
                yield begin, end
                break


def _given(words: Sequence[str], *, only_initials: bool) -> str:
    """Return the initials or first names that end a row of words."""
    found: list[str] = []
    for word in reversed(words):
        bare = word.strip(",;()")
        is_initials = _INITIALS.fullmatch(bare) and plain(bare) not in NO_NAMES
        is_name = _FIRST_NAME.fullmatch(bare) and plain(bare) not in NO_NAMES and not only_initials
        if not (is_initials or is_name) or word.endswith(":"):
            break
        found.insert(0, _spread(bare))
    return " ".join(found)
