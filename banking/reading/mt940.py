"""Reads MT940 in the dialects of Dutch banks, a movement at a time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _

from banking.reading import codes, costs, tags
from banking.reading.days import day_of_mt940, near
from banking.reading.facts import Entry, Format, Kind, Part, Sheet, cents_of
from billing.errors import Refused

MAX_LINES = 400  # of one field; SWIFT allows six, some banks write thirty
_FIELD = re.compile(r":(20|21|13D|25P?|28C?|60[FM]|61|86|62[FM]|64|65|34F|90[CD]|NS):(.*)")
_BALANCE = re.compile(r"([CD]) ?(\d{6}) ?([A-Z]{3}) ?(\d{1,15}(?:,\d{0,5})?)", re.ASCII)
_MOVEMENT = re.compile(
    r"(?P<value>\d{6})(?P<booked>\d{4}| {4})?(?P<mark>R[CD]|E[CD]|[CD])(?P<funds>[A-Z])??"
    r"(?P<amount>\d{1,15}(?:,\d{0,2})?)(?P<code>[NFS][A-Z0-9 ]{3})?(?P<references>.*)",
    re.ASCII,
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", re.ASCII)
_ENDS = ("-", "-}")


def looks_like(begin: str) -> bool:
    """Tell whether a file that begins so is MT940."""
    return re.search(r"^(?:\{4:\s*)?:(?:20|25|28C?|60[FM]):", begin, re.MULTILINE) is not None


def read(lines: Iterable[str]) -> Iterator[Entry | Sheet]:
    """Yield the movements of each statement, and then its sheet. Raises Refused."""
    sheet = _Open()
    for name, content in _fields(lines):
        if (name in ("20", "25", "25P") and sheet.closing) or (name in ("60F", "60M") and sheet.opening):
            yield from sheet.end()
            sheet = _Open()
        yield from sheet.add(name, content)
    yield from sheet.end()


def _fields(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each field with its lines. A line with only a dash ends a message, unless the text goes on after it."""
    name, content, dashes = "", [], []  # type: ignore[var-annotated]
    for line in lines:
        line = line.rstrip("\r\n\x00\x03")
        if line.startswith("{") and ":20:" in line:
            line = line[line.index(":20:") :]
        if line in _ENDS or (dashes and not line.strip()):
            dashes.append(line)
            continue
        field = _FIELD.match(line)
        if field or line.startswith("{"):
            if name:
                yield name, content
            name, content = (field[1], [field[2]]) if field else ("", [])
        elif name:
            if name != "86" and dashes:  # behind the end of a message: what the bank writes around messages
                yield name, content
                name, content = "", []
                dashes = []
                continue
            content += [*(dash for dash in dashes if dash.strip()), line]
            if len(content) > MAX_LINES:
                raise Refused(_("There is a text in it that is longer than a bank writes."))
        dashes = []
    if name:
        yield name, content


class _Open:
    """A statement that is being read."""

    def __init__(self) -> None:
        self.account = self.number = ""
        self.opening: tuple[int, date, str] | None = None
        self.closing: tuple[int, date, str] | None = None
        self.opens_between = self.closes_between = False
        self.movement: tuple[re.Match[str], list[str]] | None = None
        self.text: list[str] = []
        self.seen = False
        self.skipped = 0

    def add(self, name: str, content: list[str]) -> Iterator[Entry]:
        """Take one field; yield the movement that it ends."""
        self.seen = True
        if name == "86":
            if self.movement and not self.closing:
                self.text += content
            return  # behind the closing balance: of the statement
        yield from self._flush()
        if name in ("25", "25P"):
            self.account = _account("".join(content))
        elif name in ("28", "28C"):
            self.number = content[0].strip()[:35]
        elif name in ("60F", "60M"):
            self.opening, self.opens_between = _balance(content[0]), name == "60M"
        elif name in ("62F", "62M"):
            self.closing, self.closes_between = _balance(content[0]), name == "62M"
        elif name == "61":
            found = _MOVEMENT.fullmatch(content[0].rstrip())
            if found is None or self.opening is None or self.closing is not None:
                raise Refused(_("There is a movement (:61:) in it that is not written as MT940 says."))
            self.movement, self.text = (found, content[1:]), []

    def _flush(self) -> Iterator[Entry]:
        if self.movement:
            entry = _entry(*self.movement, self.text)
            if entry is None:
                self.skipped += 1
            else:
                yield entry
            self.movement, self.text = None, []

    def end(self) -> Iterator[Entry | Sheet]:
        """Yield what is left, and the sheet. Raises Refused when there is no closing balance."""
        yield from self._flush()
        if not self.seen:
            return
        if self.closing is None or self.opening is None:
            raise Refused(_("A balance is missing: the file was cut off. Download it again."))
        yield Sheet(
            format=Format.MT940,
            account=self.account,
            number=self.number,
            currency=next((c for c in (self.opening[2], self.closing[2]) if c != "EUR"), "EUR"),
            opening=self.opening[0],
            closing=self.closing[0],
            opening_on=self.opening[1],
            closing_on=self.closing[1],
            opens_between=self.opens_between,
            closes_between=self.closes_between,
            skipped=self.skipped,
        )


def _account(content: str) -> str:
    """Return the IBAN of :25:, or the old account number; the bank may add a currency or put its own code in front."""
    plain = re.sub(r"[\s.]", "", content).upper()
    if plain.endswith("EUR"):
        plain = plain[:-3]
    behind = plain.rpartition("/")[2]
    return (found[0] if (found := _IBAN.search(behind)) else behind)[:35]


def _balance(content: str) -> tuple[int, date, str]:
    found = _BALANCE.fullmatch(content.strip())
    if found is None:
        raise Refused(_("There is a balance in it that is not written as MT940 says."))
    cents = cents_of(found[4])
    return (cents if found[1] == "C" else -cents), day_of_mt940(found[2]), found[3]


def _entry(found: re.Match[str], supplement: list[str], text: list[str]) -> Entry | None:
    """Return a movement; None when it moves nothing or is only expected."""
    cents, mark = cents_of(found["amount"]), found["mark"]
    if not cents or mark.startswith("E"):
        return None
    if mark in ("D", "RC"):  # RC undoes a credit, so it takes money away
        cents = -cents
    value = day_of_mt940(found["value"])
    month_and_day = (found["booked"] or "").strip()
    told = tags.read(text) if text else tags.read(())
    own, _slashes, banks = found["references"].strip().partition("//")
    code = found["code"] or ""
    references = "\n".join(r.strip() for r in (own, banks) if r.strip() and r.strip().upper() != "NONREF")
    counter = _counter(supplement)
    told = replace(
        told,
        iban=counter or told.iban,  # the bank's own line counts before what stands in a text
        entry_reference=references,
        bank_code=code.strip(),
        extra="\n".join([told.extra, *(line for line in supplement if line.strip())]).strip("\n"),
    )
    told = costs.of_mt940(told, cents, supplement, text)
    kind = Kind.RETURNED if told.return_code else codes.of_mt940(code, reversed_entry=len(mark) == 2)
    booked = near(value, month_and_day) if month_and_day else None
    return Entry(cents, booked, value, [Part(cents, kind, told, banks.strip()[:80])])


def _counter(lines: list[str]) -> str:
    """Return the IBAN of the other side when it stands below the movement, on a line of its own."""
    found = (_IBAN.fullmatch("".join(line.split()).upper()) for line in lines)
    return next((match[0] for match in found if match), "")
