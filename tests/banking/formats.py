"""The days of an account as one file, in each format in which a bank gives them."""

import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO

from tests.banking import mt940_files
from tests.banking.camt_files import IBAN, Pay, Shape, document, statement

FORMATS = ["02", "08", "mt940", "zip"]


def file_of(pays: list[Pay], opening: Decimal, first: date, until: date, *, format: str, iban: str = IBAN) -> bytes:
    """A statement from `first` to `until` that begins with `opening` euros and holds `pays`."""
    if format == "mt940":
        text = mt940_files.statement(pays, str(opening), first, iban=iban)
        if not pays:
            text = text.replace(f":62F:C{first:%y%m%d}", f":62F:C{until:%y%m%d}")
        return text.encode()
    shape = Shape("02" if format == "zip" else format)
    written = document(statement(pays, str(opening), first, until=until, shape=shape, iban=iban), shape=shape)
    if format != "zip":
        return written
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", written)
    return packed.getvalue()
