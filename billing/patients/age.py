"""How old a patient is or was, where the law asks for it.

A minor owes nothing for their care: who made the agreement about it does (7:446, 1:245 and 1:404 BW). So what counts
for an invoice is the day of the care, and not how old the patient is when it is collected.
"""

from datetime import date

from billing.law.calendar import anniversary
from billing.models import CareDetail, Invoice, Patient
from billing.submission import birth_dates
from billing.submission.rules import MAX_CARE_YEARS

OF_AGE = 18  # 1:233 BW


def came_of_age(patient: Patient) -> date:
    """Return the day on which a patient came of age. Raises ValueError when no date of birth is known."""
    return day_of_age(patient.identity.get("date_of_birth", ""))


def day_of_age(born: str) -> date:
    """Return the day on which somebody of this birthday comes of age: of one known in part the last possible day."""
    return anniversary(birth_dates.span(born)[1], OF_AGE)


def is_minor(patient: Patient, *, today: date) -> bool:
    """Tell whether a patient may be a minor on `today`: of a date known in part the last possible day counts."""
    born = patient.identity.get("date_of_birth", "")
    return bool(born) and today < day_of_age(born)


def is_adult(born: str, *, today: date) -> bool:
    """Tell whether somebody of this birthday is of age for certain; of an unknown one nothing is."""
    return bool(born) and today >= day_of_age(born)


def was_minor(invoice: Invoice) -> bool:
    """Tell whether the patient may have been a minor when care of this invoice was given, on any of its days."""
    born = invoice.patient.identity.get("date_of_birth", "")
    if not born or day_of_age(born) <= anniversary(invoice.issued_on, -MAX_CARE_YEARS):
        return False  # no care of an invoice is older, so nothing has to be unsealed
    return first_care_on(invoice) < day_of_age(born)


def first_care_on(invoice: Invoice) -> date:
    """Return the first day of care of an invoice, and its own day once that is erased.

    A rule reads the days, and no person sees them.
    """
    care = CareDetail.objects.filter(invoice=invoice).select_related("invoice").first()
    days = [date.fromisoformat(line["performed_on"]) for line in care.lines] if care else []
    return min(days, default=invoice.issued_on)
