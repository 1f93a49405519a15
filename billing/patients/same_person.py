"""Whether a practice, by the same patient number, means the same person as before."""

from collections.abc import Mapping
from enum import StrEnum

from billing.submission import birth_dates


class Difference(StrEnum):
    """What says that the data handed in can't be about the person that we know by this number."""

    BIRTH_DATE = "date of birth"
    INITIALS = "initials"
    SURNAME = "surname"

    @property
    def code(self) -> str:
        """Return the code of the error."""
        return "patient-another-birth-date" if self == Difference.BIRTH_DATE else "patient-another-person"


def difference(known: Mapping[str, str], given: Mapping[str, str]) -> Difference | None:
    """Return why `given` is somebody else than `known` (initials, date_of_birth); None when it is a correction.

    A date of birth never changes, so another one is another person. One that is known in part agrees with every day in
    it. With the same date of birth another surname alone is a marriage, and other initials alone are a correction when
    they share a letter ("J." became "J.P."); else it is a twin, or a stranger who was born on the same day. Where the
    date is known in part, or initials are missing on a side, another surname is somebody else.
    """
    if not birth_dates.agree(known["date_of_birth"], given["date_of_birth"]):
        return Difference.BIRTH_DATE
    initials, new_initials = _letters(known["initials"]), _letters(given["initials"])
    if initials and new_initials and not initials & new_initials:
        return Difference.INITIALS
    is_sure = known["date_of_birth"] == given["date_of_birth"] and initials and new_initials
    if not is_sure and known["surname"].casefold() != given["surname"].casefold():
        return Difference.SURNAME
    return None


def drift(first: Mapping[str, str], given: Mapping[str, str]) -> Difference | None:
    """Return why `given` can't be the person of the first invoice any more, however small each step since was.

    The surname is left out: it changes for good by a marriage, which `difference` has looked at.
    """
    if not birth_dates.agree(first["date_of_birth"], given["date_of_birth"]):
        return Difference.BIRTH_DATE
    initials, new_initials = _letters(first["initials"]), _letters(given["initials"])
    return Difference.INITIALS if initials and new_initials and not initials & new_initials else None


def _letters(initials: str) -> set[str]:
    return {letter for letter in initials.casefold() if letter.isalpha()}
