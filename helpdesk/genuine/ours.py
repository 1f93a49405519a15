"""One thing that somebody got and pasted, compared with our own short list. Only what is exactly the same is ours.

Nothing here guesses what a text may have meant: a letter of another alphabet, a host that only begins with ours, or a
port makes it somebody else's. What looks like ours and is not is told as such.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

import phonenumbers
from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.models import Provider
from billing.outbox import return_path
from billing.text.characters import is_control, is_invisible
from billing.text.folding import fold

_IBAN = re.compile(r"(?:IBAN\s*:?\s*)?([A-Za-z]{2}[0-9]{2}(?:[ .-]?[A-Za-z0-9]){11,30})")
_MAILBOX = re.compile(r"(?:[^<>@:/]{0,100}<)?(?:mailto:)?([^\s<>@:/]+@[^\s<>@:/]+?)>?", re.IGNORECASE)
_NUMBER = re.compile(r"(?:tel:)?(\+?[0-9][0-9 ().\-]{5,24})", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#@]+\.[^\s/?#@.]+(?:[/?#]\S*)?")
_LIKE = 0.75  # of the letters, in their order
_NAME_MOST = 300  # letters that are compared: a host has at most 253
_LEAST = 5  # letters of a name that may stand in another one
_PAYMENT_PAGES = ("www.mollie.com", "/checkout/")  # host and path, as `checkout_url` of Mollie's payments


class Kind(StrEnum):
    """What was pasted."""

    ACCOUNT = "account"
    SENDER = "sender"
    LINK = "link"
    NUMBER = "number"
    SMS = "sms"


class Whose(StrEnum):
    """Who uses it: we, a practice for which we send invoices, a body that our messages name, or nobody whom we know.

    `AGENCY`: a collection agency that has claims of ours, or may get them. It has other claims as well.
    `GATEWAY`: the company at which patients pay us. Anybody may have a payment page there.
    """

    OURS = "ours"
    PRACTICE = "practice"
    AGENCY = "agency"
    NAMED = "named"
    GATEWAY = "gateway"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was pasted and whose it is; `alike`: it only looks like ours."""

    kind: Kind
    whose: Whose
    alike: bool = False

    @property
    def label(self) -> Promise:
        """Return in words what was pasted."""
        return _LABELS[self.kind]


_LABELS = {
    Kind.ACCOUNT: _("this account number"),
    Kind.SENDER: _("this e-mail address"),
    Kind.LINK: _("this link"),
    Kind.NUMBER: _("this telephone number"),
    Kind.SMS: _("this sender of text messages"),
}


def judge(pasted: str) -> Verdict | None:
    """Return whose one pasted thing is; None for what is no account, sender, link or number, or more than one."""
    text = " ".join(pasted.split()).strip("\"'(),;!").rstrip(".:")
    if text == settings.SMS_SENDER:
        return Verdict(Kind.SMS, Whose.OURS)
    hidden = any(is_control(letter) or is_invisible(letter) for letter in text)
    if found := _IBAN.fullmatch(text):
        return _account(re.sub(r"[ .-]", "", found[1]).upper())
    if _NUMBER.fullmatch(text):
        return _number(text)
    if found := _MAILBOX.fullmatch(text):
        return _sender(found[1], hidden=hidden)
    if " " not in text and (_SCHEME.match(text) or _HOST.fullmatch(text)):
        return _link(text, hidden=hidden)
    if " " not in text and fold(text) == fold(settings.SMS_SENDER):
        return Verdict(Kind.SMS, Whose.NOBODY, alike=True)
    return None


def _account(number: str) -> Verdict:
    if number == settings.OPERATOR["iban"]:
        return Verdict(Kind.ACCOUNT, Whose.OURS)
    if Provider.objects.filter(iban=number).exists():
        return Verdict(Kind.ACCOUNT, Whose.PRACTICE)
    if number in {one.iban for one in rooms.collectors()}:
        return Verdict(Kind.ACCOUNT, Whose.AGENCY)
    return Verdict(Kind.ACCOUNT, Whose.NOBODY, alike=_is_like(number, settings.OPERATOR["iban"]))


def _number(text: str) -> Verdict:
    dialled = _dialled(text)
    if dialled and dialled == _dialled(settings.OPERATOR["phone"]):
        return Verdict(Kind.NUMBER, Whose.OURS)
    if dialled and Provider.objects.filter(phone=dialled).exists():
        return Verdict(Kind.NUMBER, Whose.PRACTICE)
    if dialled and dialled in {_dialled(phone) for _url, phone in rooms.bodies()}:
        return Verdict(Kind.NUMBER, Whose.NAMED)
    if dialled and dialled in {one.phone for one in rooms.collectors()}:
        return Verdict(Kind.NUMBER, Whose.AGENCY)
    return Verdict(Kind.NUMBER, Whose.NOBODY)


def _dialled(text: str) -> str:
    try:
        number = phonenumbers.parse(text, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _sender(address: str, *, hidden: bool) -> Verdict:
    mine = {one.lower() for one in (return_path.sender(), settings.OPERATOR["email"]) if one}
    if not hidden and address.isascii():
        if address.lower() in mine:
            return Verdict(Kind.SENDER, Whose.OURS)
        if Provider.objects.filter(email__iexact=address).exists():
            return Verdict(Kind.SENDER, Whose.PRACTICE)
        if address.lower() in {one.email.lower() for one in rooms.collectors()}:
            return Verdict(Kind.SENDER, Whose.AGENCY)
    domain = address.rpartition("@")[2]
    own = [_host(settings.PUBLIC_URL), *(one.rpartition("@")[2] for one in mine)]
    return Verdict(Kind.SENDER, Whose.NOBODY, alike=any(_is_like(domain, one) for one in own))


def _link(text: str, *, hidden: bool) -> Verdict:
    """Compare where a browser would go. Whatever is not written as plainly as our own links is not ours."""
    link = _parts_of(text if "://" in text else f"{_own().scheme}://{text}")
    if link is not None and not hidden and _is_own(text, link):
        return Verdict(Kind.LINK, Whose.OURS)
    if link is not None and not hidden and _is_plain(text, link) and (whose := _of_others(link)):
        return Verdict(Kind.LINK, whose)
    host = link.hostname if link else None
    alike = any(_is_like(one, _own().hostname or "") for one in (text, host or ""))
    return Verdict(Kind.LINK, Whose.NOBODY, alike=alike)


def _is_plain(text: str, link: SplitResult) -> bool:
    plain = text.isascii() and "\\" not in text and "@" not in link.netloc and "%" not in link.netloc
    return plain and link.scheme in ("http", "https")


def _is_own(text: str, link: SplitResult) -> bool:
    return _is_plain(text, link) and link.netloc.lower() == _own().netloc.lower()


def _of_others(link: SplitResult) -> Whose | None:
    """Return who else of those that we know has this website; None for nobody. A port makes it somebody else's."""
    host = link.netloc.lower().removesuffix(".")
    gateway, pages = _PAYMENT_PAGES
    if host == gateway and link.path.startswith(pages):
        return Whose.GATEWAY
    name = host.removeprefix("www.")
    if "." not in name:
        return None
    if any(_name_in(url) == name for url, _phone in rooms.bodies()):
        return Whose.NAMED
    written = Provider.objects.filter(Q(website__icontains=name) | Q(dispute_body_url__icontains=name))
    for website, dispute_body in written.values_list("website", "dispute_body_url"):
        if name == _name_in(website) and _is_within(link, urlsplit(website)):
            return Whose.PRACTICE
        if name == _name_in(dispute_body):
            return Whose.NAMED
    if any(name == _name_in(one.dispute_body_url) for one in rooms.collectors()):
        return Whose.NAMED
    return None


def _is_within(link: SplitResult, website: SplitResult) -> bool:
    """Tell whether a link stays within a website: at one host, such as facebook.com, many have theirs."""
    path = website.path.rstrip("/")
    if website.query:
        return (link.path, link.query) == (website.path, website.query)
    if not path:
        return True
    goes_up = {".", ".."} & set(unquote(link.path).split("/"))
    return (link.path == path or link.path.startswith(f"{path}/")) and not goes_up


def _name_in(address: str) -> str:
    """Return the host of an address; whoever has it, has `www.` before it as well."""
    return urlsplit(address).netloc.lower().removeprefix("www.")


def _parts_of(text: str) -> SplitResult | None:
    """Return the parts of a link; None when no browser would open it."""
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _own() -> SplitResult:
    return urlsplit(settings.PUBLIC_URL)


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _is_like(given: str, own: str) -> bool:
    """Tell whether something looks like ours: our name stands in it, or most of its letters are ours."""
    given, own = _as_seen(given[:_NAME_MOST]), _as_seen(own)
    if not given or not own:
        return False
    name = max(own.split("."), key=len)
    if len(name) >= _LEAST and name in given.replace("-", ""):
        return True
    return any(SequenceMatcher(None, one, own).ratio() >= _LIKE for one in _spellings(given))


def _as_seen(text: str) -> str:
    """Return a host as people see it: xn--… is the name that it stands for, and accents count for nothing."""
    with suppress(UnicodeError):  # no name is written so: then it is compared as it is
        text = text.encode("ascii").decode("idna")
    return fold(text)


def _spellings(text: str) -> Iterator[str]:
    yield text
    yield text.translate(str.maketrans("015", "ois"))
