"""Citizen numbers (BSN) where another number belongs: seen by their test, and refused before anything is kept.

A service bureau may not have them (art. 10 and 11 Wabb, 46 UAVG).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from io import BytesIO
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from billing.errors import Refused
from portal.intake.adapters import values
from portal.intake.reader import Broken, parts

_BESIDE = re.compile(r"bsn|[\s.:/-]", re.IGNORECASE)  # what people write in or before one
_DIGITS = re.compile("[0-9]{8,9}", re.ASCII)
_LOOKED_AT = 2000  # items of a long batch
_YEARS = range(1900, 2100)


def is_citizen_number(text: str) -> bool:
    """Tell whether a text is a number that passes the test of the citizen number, and is no day."""
    plain = _BESIDE.sub("", text)
    if not _DIGITS.fullmatch(plain) or not plain.strip("0") or _is_day(text):
        return False
    weighed = zip(plain.zfill(9), (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)
    return sum(int(digit) * weight for digit, weight in weighed) % 11 == 0


def share(texts: Iterable[str]) -> tuple[int, int]:
    """Return how many different texts with a digit in them are citizen numbers, and of how many."""
    found = {_BESIDE.sub("", text): text for text in texts if any(map(str.isdecimal, text))}
    return sum(map(is_citizen_number, found.values())), len(found)


def refuse_most(numbers: Iterable[str], *, of: str) -> None:
    """Raise Refused when most of the different numbers are citizen numbers; one in eleven passes by chance."""
    passing, count = share(numbers)
    if passing * 2 > count:
        sentence = _(
            "There seem to be citizen numbers (BSN) in this file, as %(field)s. We may not have those, so nothing was"
            " kept. Use the numbers of your own administration."
        )
        raise Refused(sentence % {"field": of})


def refuse_in(patients: Iterable[Mapping[str, Any]]) -> None:
    """Raise Refused when most patients have a citizen number as the number of the patient or of the insured person."""
    given = list(patients)
    for name, label in (("number", _("patient number")), ("insured_number", _("insured number"))):
        refuse_most((str(patient.get(name) or "") for patient in given), of=label)


def patients_of(content: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the patients of a batch in our own format, as far as it can be read."""
    try:
        for key, index, value in islice(parts(BytesIO(content), lambda path, code, sentence: None), _LOOKED_AT):
            person = value.get("patient") if index is not None and key == "invoices" and type(value) is dict else value
            if index is not None and type(person) is dict:
                yield person
    except Broken:
        return


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(values.iso_date(text)).year in _YEARS
    except ValueError:
        return False
