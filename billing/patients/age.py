"""How old a patient is, where the law asks for it."""

from datetime import date

from billing.law.calendar import anniversary
from billing.models import Patient
from billing.submission import birth_dates

OF_AGE = 18  # 1:233 BW


def came_of_age(patient: Patient) -> date:
    """Return the day on which a patient came of age. Raises ValueError when no date of birth is known."""
    return anniversary(birth_dates.span(patient.identity.get("date_of_birth", ""))[1], OF_AGE)


def is_minor(patient: Patient, *, today: date) -> bool:
    """Tell whether a patient may be a minor on `today`: of a date known in part the last possible day counts."""
    born = patient.identity.get("date_of_birth", "")
    return bool(born) and today < anniversary(birth_dates.span(born)[1], OF_AGE)
