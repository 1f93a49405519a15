"""Which format a file has, by what is in it: its name says nothing."""

import re

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.models import SubmittedFile
from portal.intake.adapters import citizen, gds801, mz301
from portal.intake.adapters.converted import Converted

Kind = SubmittedFile.Kind
_CITIZEN = re.compile(rb'"[^"\n]{0,40}(bsn|burgerservice|sofinummer)[^"\n]{0,40}"\s*:', re.IGNORECASE)
_DELIMITED = re.compile(rb"[^\n\0]*[;,\t|][^\n\0]*\r?\n")


def kind_of(content: bytes) -> SubmittedFile.Kind:
    """Return the format of a file. Raises Refused, before anything is stored, for what we can't take."""
    begin = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"PK\x03\x04"):
        raise Refused(_("This is a zip file or a workbook of Excel. Save the sheet as CSV, or unpack it."))
    if begin.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").lstrip(b"\0 \t\r\n").startswith((b"{", b"[")):
        if b"\0" in begin:
            raise Refused(_("This file is in UTF-16. Save it as UTF-8, and hand it in again."))
        if _CITIZEN.search(content):
            raise Refused(_("There are citizen numbers (BSN) in this file. We may not have those: leave them out."))
        citizen.refuse_in(citizen.patients_of(content))
        return Kind.JSON
    if mz301.is_one(begin):
        return Kind.MZ301
    if gds801.is_one(begin):
        return Kind.GDS801
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")) or (_DELIMITED.match(begin) and not begin.startswith((b"<", b"%"))):
        return Kind.CSV
    raise Refused(
        _("We don't know this kind of file. Possible are: a batch in JSON, a spreadsheet saved as CSV, MZ301, GDS801.")
    )


def convert(kind: SubmittedFile.Kind, content: bytes, *, agb_code: str) -> Converted:
    """Return a file of one of Vektis' standards as a batch. Raises Refused."""
    made = mz301.convert(content) if kind == Kind.MZ301 else gds801.convert(content, agb_code=agb_code)
    citizen.refuse_in(invoice["patient"] for invoice in made.invoices)
    return made
