"""A whole message that somebody pasted: the accounts, senders, links and numbers in it, each judged apart.

A link or a sender is judged with all that is attached to it: nothing is cut out of a longer one, because then a
look-alike that begins with our name would be ours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.invoices.references import reference_is_valid
from billing.text.characters import is_control, is_invisible
from helpdesk.genuine import messages, ours
from helpdesk.genuine.ours import Kind, Verdict, Whose

MOST_THINGS = 40
_SHOWN = 60  # characters
# The worst comes first: a swindler puts one account of his own among much that is ours.
_ORDER = (Whose.NOBODY, Whose.GATEWAY, Whose.NAMED, Whose.PRACTICE, Whose.OURS)

# Around a link in a text or in HTML. What follows one of them within a word is looked at as well.
_EDGES = re.compile(r"[<>\"'()\[\]{},;|`“”„‘’«»]+")
_LABEL = re.compile(r"[^\W\d_]{2,20}[:=]")
_SCHEME = re.compile(r"(?:https?|ftp|javascript|data):", re.IGNORECASE)
_HOST_ENDS = re.compile(r"[/?#:]")
_DOTS = re.compile("[.\u3002\uff0e\uff61\u2024]")
_TOP = re.compile(r"[^\W\d_]{2,24}|xn--[a-z0-9-]+", re.IGNORECASE)
_FILES = frozenset(("pdf", "doc", "docx", "jpg", "jpeg", "png", "ics", "vcf", "csv", "xlsx", "txt"))
# Written with a capital these are still a link. Any other is the begin of a sentence, where a space was forgotten.
_TOPS = re.compile(
    r"(?i:nl|be|eu|io|co|me|com|net|org|info|biz|app|shop|online|site|store|top|xyz|club|life|care|bank|help|click|link"
    r"|support)"
)

_WORD = re.compile(r"[^\W_]+")
_ACCOUNT_BEGINS = re.compile(r"[^\W\d_]{2}[\doO]{2}[^\W_]*")
_COUNTRY_AND_CHECK = 4
_ACCOUNT_LEAST, _ACCOUNT_DIGITS, _ACCOUNT_MOST = 15, 8, 34
_LENGTH_OF = {"NL": 18, "BE": 16, "DE": 22}  # of others: as far as it goes
_REFERENCE = re.compile(r"(?<!\d)\d{4}(?:[ .-]?\d{4}){3}(?!\d)")
_DATE = re.compile(r"\b(?:\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}-\d{1,2}-\d{1,2})\b")
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
    judged = [Judged(_shown(one), ours.judge(one) or Verdict(kind, Whose.NOBODY)) for kind, one in things]
    return sorted(judged, key=lambda one: (_ORDER.index(one.verdict.whose), not one.verdict.alike))


def code_in(text: str) -> str:
    """Return the code that stands in a message as our mails write it; empty without one."""
    return next(filter(None, map(messages.as_code, _CODE.findall(text))), "")


def reference_in(text: str) -> str:
    """Return the payment reference that stands in a message; empty without one, or with several."""
    found = {digits for one in _REFERENCE.findall(text) if reference_is_valid(digits := re.sub("[ .-]", "", one))}
    return found.pop() if len(found) == 1 else ""


def _things(text: str) -> Iterator[tuple[Kind, str]]:
    rest = []
    for word in text.split():
        for piece in _EDGES.split(word):
            if found := _link_or_sender(_bare(piece)):
                yield found
                rest.append(_GAP)
            else:
                rest.append(piece)
    left = " ".join(" ".join(rest).split())
    for account in list(_accounts(left)):
        yield Kind.ACCOUNT, account
        left = left.replace(account, _GAP)
    left = _DATE.sub(_GAP, _REFERENCE.sub(_GAP, left))
    for number in phonenumbers.PhoneNumberMatcher(left, settings.PHONENUMBER_DEFAULT_REGION):
        yield Kind.NUMBER, number.raw_string


def _bare(piece: str) -> str:
    """Return a piece without the marks of a sentence around it, and without a label such as “website:”."""
    piece = piece.strip("*_").lstrip(".@").rstrip(".:!?…")
    while not _SCHEME.match(piece) and (label := _LABEL.match(piece)):
        piece = piece[label.end() :]
    return piece


def _link_or_sender(piece: str) -> tuple[Kind, str] | None:
    if "://" in piece or _SCHEME.match(piece):
        return Kind.LINK, piece
    if "@" in piece:
        return Kind.SENDER, piece
    return (Kind.LINK, piece) if _is_host(piece) else None


def _is_host(piece: str) -> bool:
    """Tell whether a mail program would make a link of it: a name with dots whose last part is letters."""
    host, *path = _HOST_ENDS.split(piece, maxsplit=1)
    *names, top = _DOTS.split(host)
    if not names or not all(names) or not (_TOP.fullmatch(top) or (path and all(map(str.isdecimal, [*names, top])))):
        return False
    if path:
        return True
    is_sentence = top[0].isupper() and top[1:].islower() and not _TOPS.fullmatch(top)
    is_abbreviation = max(map(len, names)) <= 2
    return not (is_sentence or is_abbreviation or top.lower() in _FILES)


def _accounts(text: str) -> Iterator[str]:
    """Yield what looks like an IBAN, also when a letter or a digit of it is wrong."""
    words = list(_WORD.finditer(text))
    after = 0
    for at, first in enumerate(words):
        if at < after:
            continue
        after = at + 1
        number = first[0]
        most = _LENGTH_OF.get(number[:2].upper(), _ACCOUNT_MOST)
        while _ACCOUNT_BEGINS.fullmatch(first[0]) and len(number) < most and after < len(words):
            between, group = text[words[after - 1].end() : words[after].start()], words[after][0]
            is_bank = len(number) == _COUNTRY_AND_CHECK == len(group)
            if between not in (" ", ".", "-") or not (is_bank or any(map(str.isdigit, group))):
                break
            number, after = number + group, after + 1
        if _is_account(number):
            yield text[first.start() : words[after - 1].end()]


def _is_account(number: str) -> bool:
    begins = _ACCOUNT_BEGINS.match(number) or number[:2].upper() == "NL"
    enough = len(number) >= _ACCOUNT_LEAST and sum(map(str.isdigit, number)) >= _ACCOUNT_DIGITS
    return bool(begins) and enough and number[:2].upper() != "RF"  # that begins a European payment reference


def _shown(text: str) -> str:
    seen = "".join(letter for letter in text if not is_control(letter) and not is_invisible(letter))
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"
