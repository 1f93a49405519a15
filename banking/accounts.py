"""Our accounts at banks."""

from datetime import date

from django.db import transaction

from banking.models import BankAccount
from billing import audit


def add(iban: str, *, name: str, by: str, starts_on: date | None = None) -> bool:
    """Add an account of ours, without blanks in its IBAN; return False when it is there already."""
    with transaction.atomic():
        _row, is_new = BankAccount.objects.get_or_create(iban=iban, defaults={"name": name, "starts_on": starts_on})
        if is_new:
            audit.record("bank_account_added", by=by, ends_in=iban[-4:])
    return is_new
