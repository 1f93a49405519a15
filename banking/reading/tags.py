"""What the text of one movement says, in the dialects of Dutch banks: of :86: of MT940, and of AddtlNtryInf of CAMT.

Banks cut a text anywhere after 65 characters, so its lines are joined without anything between them, and only then the
tags are looked for: a tag may be cut too. What stands between slashes is a tag only when it is known.
"""

import re
from collections.abc import Iterator, Sequence

from banking.details import Details

_TAGS = (
    "TRTP|IBAN|BIC|NAME|REMI|EREF|PREF|MARF|CSID|RTRN|CNTP|ORDP|BENM|ADDR|ISDT|PURP|TRCD"
    "|ULTD|ULTC|ULTB|SUM|OCMT|EXCH|CHGS|IREF|NRTX|SVCL"
)
_TAG = re.compile(rf"/({_TAGS})/")
# Who paid, from where, and whether it came back: nobody but the bank says that.
_NOT_IN_TEXT = ("TRTP", "IBAN", "BIC", "NAME", "REMI", "PREF", "RTRN", "CNTP", "ORDP", "BENM")
_COLUMNS = 64  # in which ABN AMRO sets labels; a line that is shorter ends a word
_IBAN = r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}"
_BEGINS_WITH_IBAN = re.compile(rf"({_IBAN})(?:\s+(.*))?")
_LABELS = (
    ("BETALINGSKENM.", "structured"), ("OMSCHRIJVING", "text"), ("KENMERK", "end_to_end"), ("MACHTIGING", "mandate"),
    ("INCASSANT", "creditor_id"), ("NAAM", "name"), ("IBAN", "iban"), ("BIC", "bic"),
)  # fmt: skip
_LABEL = re.compile(rf"(?<![A-Z])({'|'.join(re.escape(label) for label, _name in _LABELS)}) *:", re.ASCII)
# REMI with a reference in the place made for it: ING, Rabobank, ABN AMRO.
_STRUCTURED = (
    re.compile(r"STRD/(?P<issuer>[A-Z]{3})/(?P<reference>[^/]{1,35})"),
    re.compile(r"/?CDTRREFTP//?CD/SCOR/ISSR/(?P<issuer>[A-Z]{3})/CDTRREF/(?P<reference>[^/]{1,35})"),
    re.compile(r"ISSUER: *(?P<issuer>[A-Z]{3}) +REF: *(?P<reference>[A-Z0-9 ]{1,35})"),
)
_FIELD = re.compile(r"([>?])(\d\d)")  # Triodos and German banks: numbered fields


def read(lines: Sequence[str]) -> Details:
    """Return what the lines of a text say; all of it is kept in `extra` as the bank cut it."""
    raw = "\n".join(lines).strip("\n")
    joined = "".join(lines)
    if _TAG.match(joined.lstrip()):  # a tag that comes later may be one that the payer typed
        found = _tagged(joined)
    elif re.match(r"\d{3}[>?]\d\d", joined):
        found = _numbered(joined)
    elif len(_LABEL.findall(joined)) > 1 or "BETALINGSKENM.:" in joined:
        found = _labelled("".join(line.ljust(_COLUMNS) for line in lines))
    elif begins := _BEGINS_WITH_IBAN.match(joined.split("\n")[0]) and _BEGINS_WITH_IBAN.fullmatch(lines[0].strip()):
        rest = "\n".join(line.strip() for line in lines[1:] if line.strip())
        found = {"iban": begins[1], "name": (begins[2] or "").strip(), "text": rest}
    else:
        found = {"text": "\n".join(line.strip() for line in lines if line.strip())}
    return Details(**{name: value for name, value in found.items() if value}, extra=raw)


def _tagged(joined: str) -> dict[str, str]:
    values: dict[str, str] = {}
    accounts: set[str] = set()
    found = list(_banks_own(joined))
    for tag, following in zip(found, [*found[1:], None], strict=True):
        value = joined[tag.end() : following.start() if following else len(joined)]
        values.setdefault(tag[1], value.strip() if tag[1] == "REMI" else value.strip().strip("/"))
        accounts.add("".join(value.partition("/")[0].split()) if tag[1] in ("IBAN", "CNTP") else "")
    told = {
        "iban": "".join(values.get("IBAN", "").split()),
        "bic": values.get("BIC", ""),
        "name": values.get("NAME", ""),
        "end_to_end": "" if values.get("EREF", "").upper() in ("NOTPROVIDED", "NONREF") else values.get("EREF", ""),
        "batch": values.get("PREF", ""),
        "mandate": values.get("MARF", ""),
        "creditor_id": values.get("CSID", ""),
        "return_code": values.get("RTRN", "")[:35],
        "purpose": values.get("PURP", "").removeprefix("CD/"),
    }
    if counterparty := values.get("CNTP"):  # iban/bic/name/city
        parts = [*counterparty.split("/"), "", "", ""]
        told |= {"iban": "".join(parts[0].split()), "bic": parts[1], "name": parts[2].strip()}
    told["iban"] = _only(accounts)
    return told | _remittance(values.get("REMI", ""))


def _only(accounts: set[str]) -> str:
    """Return the account that a text names; of two, one was typed by the payer, and nothing says which."""
    named = accounts - {""}
    return named.pop() if len(named) == 1 else ""


def _banks_own(joined: str) -> Iterator[re.Match[str]]:
    """Yield the tags that the bank wrote: behind /REMI/ stand the words of the payer, who can type a tag, too.

    Of direct debits, which we order ourselves, some banks name the account behind the words.
    """
    is_text = False
    for tag in _TAG.finditer(joined):
        if is_text and tag[1] in _NOT_IN_TEXT:
            continue
        yield tag
        is_text = is_text or (tag[1] == "REMI" and "/CSID/" not in joined[: tag.start()])


def _remittance(value: str) -> dict[str, str]:
    for shape in _STRUCTURED:
        if found := shape.match(value):
            return {"issuer": found["issuer"], "structured": "".join(found["reference"].split())}
    text = value.removeprefix("USTD//").strip("/").strip()
    return {"text": text}


def _numbered(joined: str) -> dict[str, str]:
    """Read `>20text>21text>31account>32name`, with the separator of the bank."""
    separator = joined[3]
    found = [tag for tag in _FIELD.finditer(joined) if tag[1] == separator]
    text, name, accounts = "", "", set[str]()
    for tag, following in zip(found, [*found[1:], None], strict=True):
        number, value = int(tag[2]), joined[tag.end() : following.start() if following else len(joined)]
        if 20 <= number <= 29 or 60 <= number <= 63:
            text += value
        elif number in (32, 33):
            name += value
        elif number in (10, 31) and re.fullmatch(_IBAN, account := "".join(value.split())):
            accounts.add(account)
    return {"text": text.strip(), "name": name.strip(), "iban": _only(accounts)}


def _labelled(joined: str) -> dict[str, str]:
    """Read `IBAN: …  BIC: …  NAAM: …  OMSCHRIJVING: …`."""
    names = dict(_LABELS)
    found = list(_banks_labels(joined))
    told: dict[str, str] = {}
    for label, following in zip(found, [*found[1:], None], strict=True):
        value = joined[label.end() : following.start() if following else len(joined)].strip()
        told.setdefault(names[label[1]], "".join(value.split()) if names[label[1]] in ("iban", "bic") else value)
    if structured := told.get("structured"):
        number = re.match(r"[\d ]{7,25}", structured)
        told["structured"] = "".join(number[0].split()) if number else ""
    told.setdefault("text", joined[: found[0].start()].strip() if found else joined)
    return told


def _banks_labels(joined: str) -> Iterator[re.Match[str]]:
    """Yield the labels that the bank wrote, as `_banks_own` does: behind OMSCHRIJVING stand the words of the payer."""
    before: set[str] = set()
    for label in _LABEL.finditer(joined):
        is_text = "OMSCHRIJVING" in before and "INCASSANT" not in before
        if is_text and label[1] not in ("KENMERK", "BETALINGSKENM."):
            continue
        yield label
        before.add(label[1])
