"""A whole message that somebody pasted: the accounts, senders, links and numbers in it, each judged apart.

A link or a sender is judged with all that is attached to it: nothing is cut out of a longer one, because then a
look-alike that begins with our name would be ours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.invoices.references import reference_is_valid
from billing.text.characters import DASHES, is_control, is_invisible
from helpdesk.genuine import messages, ours
from helpdesk.genuine.ours import Kind, Verdict, Whose

MOST_THINGS = 40
_SHOWN = 60  # characters
# The worst comes first: a swindler puts one account of his own among much that is ours.
_ORDER = (Whose.NOBODY, Whose.GATEWAY, Whose.AGENCY, Whose.NAMED, Whose.PRACTICE, Whose.OURS)

# Around a link in a text or in HTML, or in our own letters in a language from right to left. What follows one of them
# within a word is looked at as well.
_EDGES = re.compile("[<>\"'()\\[\\]{},;|`“”„‘’«»\u2066-\u2069]+")
_LABEL = re.compile(r"[^\W\d_]{2,20}[:=]")
_SCHEME = re.compile(r"(?:https?|ftp|javascript|data):", re.IGNORECASE)
_BEFORE = ".@/\\"  # a link may leave its scheme out: //host/
_HOST_ENDS = re.compile(r"[/?#:]")
_DOTS = re.compile("[.\u3002\uff0e\uff61\u2024]")
_TOP = re.compile(r"[^\W\d_]{2,24}|xn--[a-z0-9-]+", re.IGNORECASE)
_FILES = frozenset(("pdf", "doc", "docx", "jpg", "jpeg", "png", "ics", "vcf", "csv", "xlsx", "txt"))
# Written with a capital these are still a link. Any other is the begin of a sentence, where a space was forgotten.
_TOPS = re.compile(
    r"(?i:nl|be|eu|io|co|me|ai|cc|ly|ru|su|tk|tv|ws|fr|uk|com|net|org|info|biz|app|dev|pro|vip|shop|online|site|website"
    r"|web|store|top|xyz|club|life|live|care|health|clinic|dental|bank|cash|credit|creditcard|finance|financial|fund|loan"
    r"|loans|money|pay|tax|legal|help|click|link|links|support|services|service|digital|email|mobi|cloud|host|page|pages"
    r"|icu|cyou|sbs|bond|cfd|rest|buzz|monster|quest|world|today|center|centre|agency|group|company|business|expert"
    r"|solutions|systems|network|tech|zone|space|work|works|news|media|one|win|bid|trade|date|review|stream|download"
    r"|party|science|racing|gdn|men|mom|lol|fun|art|amsterdam|frl|vlaanderen|brussels|gent)"
)

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s./_-]{1,3}")  # groups of an account, however somebody writes them
_COUNTRY, _CHECK = re.compile(r"NL|nl|Nl|[A-Z]{2}"), re.compile(r"[\doO]{2}")
_ACCOUNT_BEGINS = re.compile(r"[^\W\d_]{2}[\doO]{2}[^\W_]*")
_COUNTRY_AND_CHECK = 4
_ACCOUNT_LEAST, _ACCOUNT_DIGITS, _ACCOUNT_MOST = 15, 8, 34
_LENGTH_OF = {"NL": 18, "BE": 16, "DE": 22}  # of others: as far as it goes
_REFERENCE = re.compile(r"(?<!\d)\d{4}(?:[ .-]?\d{4}){3}(?!\d)")
# Digits beside a date make it a number in groups of two, unless they are the hour.
_BESIDE = r"(?![-/.]?\d)"
_DATE = re.compile(
    r"(?<!\d)(?<!\d[-/. ])(?:"
    rf"\d{{1,2}}([-/.])\d{{1,2}}\1(?:(?:19|20)\d\d{_BESIDE}|\d\d{_BESIDE}(?! \d(?!\d?[:.]\d\d(?![.:]?\d))))"
    rf"|(?:19|20)\d\d-\d{{1,2}}-\d{{1,2}}{_BESIDE})"
)
# Digits to the end of a line, and those with which the next one begins.
_OVER_LINES = re.compile(r"(?<![\w|+(])(?=([+(]{0,2}\d[\d ()./-]{0,20}\n{1,2} ?[-(]?\d[\d ()./-]{0,20}))")
# Behind these words stands the number of an invoice or of a file, unless the line is about calling.
_NUMBERED = re.compile(
    r"(?:factuur|rekening|dossier|kenmerk|invoice|reference|file)(?:\s?(?:nummer|number|nr|no)\b)?\.?\s?[:#]?\s*",
    re.IGNORECASE,
)
_CALLING = re.compile(
    r"\b(?:bel|belt|bellen|tel|telefoon\w*|call|phone|telephone|app|whatsapp|sms|mobiel|mobile)\b", re.IGNORECASE
)
_LOOKED_BACK = 60  # characters
_AMOUNT = re.compile(r"(?<![^\s€(])\d{1,3}(?:(?:\.\d{3})*,\d\d|(?:,\d{3})+\.\d\d)(?=[\s.;)]|$)")
_OWED = re.compile(r":\s*(?:€|EUR|\|)")  # behind the number of an invoice in a list: its amount, or its link
_CODE = re.compile(r"(?<![\w-])[A-Z][A-Z0-9]{3}[-–][A-Z0-9]{4}(?![\w-])")
_GAP = " | "  # where something was taken out, so that what stands around it does not become one number


@dataclass(frozen=True, slots=True)
class Judged:
    """One thing of a message as it stands there, shortened for the page, and whose it is."""

    text: str
    verdict: Verdict


def judge(text: str) -> list[Judged]:
    """Return whose each thing in a message is, the worst first; nothing for a text without any.

    Raises Refused for a text with so many that nobody would read them all.
    """
    things = list(dict.fromkeys(_things(text)))
    if len(things) > MOST_THINGS:
        raise Refused(_("There are too many links and numbers in this text. Enter only one of them."))
    judged = [Judged(_shown(one.text), _verdict(one)) for one in things]
    return sorted(judged, key=lambda one: (_ORDER.index(one.verdict.whose), not one.verdict.alike))


def code_in(text: str) -> str:
    """Return the code that stands in a message as our mails write it; empty without one."""
    return next(filter(None, map(messages.as_code, _CODE.findall(text))), "")


def reference_in(text: str) -> str:
    """Return the payment reference that stands in a message; empty without one, or with several."""
    found = {digits for one in _REFERENCE.findall(text) if reference_is_valid(digits := re.sub("[ .-]", "", one))}
    return found.pop() if len(found) == 1 else ""


class _Thing(NamedTuple):
    """A thing as it stands in the message, and as it is compared; `hidden`: something that nobody sees is within."""

    kind: Kind
    text: str
    plain: str
    hidden: bool = False


def _verdict(thing: _Thing) -> Verdict:
    verdict = ours.judge(thing.plain) or Verdict(thing.kind, Whose.NOBODY)
    if thing.hidden and verdict.whose != Whose.NOBODY:
        return replace(verdict, whose=Whose.NOBODY, alike=True)
    return verdict


def _things(text: str) -> Iterator[_Thing]:
    lines = []
    for line in text.splitlines():
        rest = []
        for piece in (piece for word in _AMOUNT.sub(_GAP, line).split() for piece in _EDGES.split(word)):
            if found := _link_or_sender(piece):
                yield found
                rest.append(_GAP)
            else:
                rest.append(piece)
        lines.append(" ".join(" ".join(rest).split()))
    written = "\n".join(lines).translate(DASHES)
    left = _seen(written)
    for account in list(_accounts(left)):
        yield _Thing(Kind.ACCOUNT, account, re.sub(r"[\s./_-]", "", account), account not in written)
        left = left.replace(account, _GAP)
    left = _DATE.sub(_GAP, _REFERENCE.sub(_GAP, left))
    for raw in _numbers(left):
        yield _Thing(Kind.NUMBER, raw, " ".join(raw.replace("/", " ").split()), raw not in written)


def _numbers(text: str) -> Iterator[str]:
    """Yield what somebody can call, line by line first, and then where a number goes on in the next line."""
    for start, end in _called(text):
        yield text[start:end]
    whole = _taken_out(text)
    for run in _OVER_LINES.finditer(whole):
        for start, end in _called(whole, run.start(1), run[1].replace("\n", " ")):
            if "\n" in whole[start:end]:
                yield whole[start:end]


def _taken_out(text: str) -> str:
    """Return a text of the same length without the numbers that stand whole in a line, whatever they are of."""
    for one in phonenumbers.PhoneNumberMatcher(text, settings.PHONENUMBER_DEFAULT_REGION):
        text = text[: one.start] + "|" * (one.end - one.start) + text[one.end :]
    return text


def _called(text: str, at: int = 0, part: str = "") -> Iterator[tuple[int, int]]:
    """Yield where numbers stand in a text, or in a part of it that begins `at`, but for those of invoices and files."""
    for one in phonenumbers.PhoneNumberMatcher(part or text, settings.PHONENUMBER_DEFAULT_REGION):
        start, end = at + one.start, at + one.end
        if not _is_of_a_file(text[max(0, start - _LOOKED_BACK) : start], text[end:]):
            yield start, end


def _is_of_a_file(before: str, behind: str) -> bool:
    """Tell by the words around a number that it is one of an invoice or a file, which nobody calls."""
    label = next((one.start() for one in _NUMBERED.finditer(before) if one.end() == len(before)), None)
    if label is None and not _OWED.match(behind):
        return False
    line = before[before.rfind("\n", 0, label) + 1 :]
    return not _CALLING.search(line)


def _bare(piece: str) -> str:
    """Return a piece without the marks of a sentence around it, and without a label such as “website:”."""
    piece = piece.strip("*_").lstrip(_BEFORE).rstrip(".:!?…")
    while not _SCHEME.match(piece) and (label := _LABEL.match(piece)):
        piece = piece[label.end() :].lstrip(_BEFORE)
    return piece


def _link_or_sender(piece: str) -> _Thing | None:
    """Return what a mail program would make a link of, with all that nobody sees in it: so it is compared."""
    seen, whole = _bare(_seen(piece)), _bare(piece)
    if "://" in seen or _SCHEME.match(seen):
        return _Thing(Kind.LINK, whole, whole)
    if "@" in seen:
        return _Thing(Kind.SENDER, whole, whole)
    return _Thing(Kind.LINK, whole, whole) if _is_host(seen) else None


def _is_host(piece: str) -> bool:
    """Tell whether a mail program would make a link of it: a name with dots whose last part is letters."""
    host, *path = _HOST_ENDS.split(piece, maxsplit=1)
    *names, top = _DOTS.split(host)
    if not names or not all(names) or not (_TOP.fullmatch(top) or (path and all(map(str.isdecimal, [*names, top])))):
        return False
    if path:
        return True
    is_sentence = top[0].isupper() and top[1:].islower() and not _TOPS.fullmatch(top)
    is_abbreviation = max(map(len, names)) <= 2 and not _TOPS.fullmatch(top)
    return not (is_sentence or is_abbreviation or top.lower() in _FILES)


def _accounts(text: str) -> Iterator[str]:
    """Yield what looks like an IBAN, also when a letter or a digit of it is wrong, or it goes on in the next line."""
    words = list(_WORD.finditer(text))
    after = 0
    for at, first in enumerate(words):
        if at < after:
            continue
        after = at + 1
        number = first[0]
        if after < len(words) and _COUNTRY.fullmatch(number) and _CHECK.fullmatch(words[after][0]):
            number, after = number + words[after][0], after + 1
        most = _LENGTH_OF.get(number[:2].upper(), _ACCOUNT_MOST)
        begins = _ACCOUNT_BEGINS.fullmatch(number)
        while begins and len(number) < most and after < len(words):
            between, group = text[words[after - 1].end() : words[after].start()], words[after][0]
            is_bank = len(number) == _COUNTRY_AND_CHECK == len(group)
            if not _BETWEEN.fullmatch(between) or not (is_bank or any(map(str.isdigit, group))):
                break
            number, after = number + group, after + 1
        if _is_account(number):
            yield text[first.start() : words[after - 1].end()]


def _is_account(number: str) -> bool:
    begins = _ACCOUNT_BEGINS.match(number) or number[:2].upper() == "NL"
    enough = len(number) >= _ACCOUNT_LEAST and sum(map(str.isdigit, number)) >= _ACCOUNT_DIGITS
    return bool(begins) and enough and number[:2].upper() != "RF"  # that begins a European payment reference


def _seen(text: str) -> str:
    """Return a text without what nobody sees; the ends of its lines stay."""
    return "".join(one for one in text if one == "\n" or not (is_control(one) or is_invisible(one)))


def _shown(text: str) -> str:
    seen = " ".join(_seen(text).split())
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"
