"""The fields of what a practice submits: one table per object, and how an object is read by its table."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from billing.submission.values import (
    FieldError,
    key,
    passthrough,
    read_agb,
    read_birth_date,
    read_cents,
    read_country,
    read_date,
    read_email,
    read_flag,
    read_insured_number,
    read_language,
    read_mobile,
    read_quantity,
    read_relation,
    read_tooth,
    read_treatment_code,
    read_uzovi,
    text,
)

Report = Callable[[str, str, str], None]  # takes a path in the submitted data, the code of the error, and a sentence


class Field(NamedTuple):
    read: Callable[[Any], Any]
    required: bool = False
    default: Any = ""


Shape = dict[str, Field]
LEFT_OUT: Any = object()  # the default of a field of which it matters whether it stands there


def printable(key: str) -> str:
    """Return a key in a form that is safe in a path: short, on one line, without control characters."""
    shown = key[:40]
    return shown if shown.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in shown)


def read_object(value: Any, shape: Shape, path: str, report: Report) -> dict[str, Any]:
    """Return the fields of `shape` from a JSON object; a field that is absent or null gets its default.

    Every error goes to `report`; the field is then missing from the result.
    """
    if type(value) is not dict:
        if value is None:
            report(path, "missing", _("This is missing."))
        else:
            report(path, "not-an-object", _("This must be an object, between { and }."))
        return {}
    prefix = f"{path}." if path else ""
    if not value.keys() <= shape.keys():
        for name in value:
            if name not in shape:
                report(prefix + printable(name), "unknown-field", _("This field is not part of the format."))
    fields = {}
    for name, field in shape.items():
        raw = value.get(name)
        if raw is None or (raw == "" and not field.required):
            if field.required:
                report(prefix + name, "missing", _("This is missing."))
            else:
                fields[name] = field.default if field.default is not LEFT_OUT or name not in value else None
            continue
        try:
            fields[name] = field.read(raw)
        except FieldError as error:
            report(prefix + name, error.code, str(error))
    return fields


PROVIDER: Shape = {"agb_code": Field(read_agb, True)}
INVOICE: Shape = {
    "number": Field(key(40), True),
    "issued_on": Field(read_date, True),
    "due_on": Field(read_date, default=None),
    "patient": Field(passthrough, True),
    "insurer_paid": Field(read_cents, default=0),
    "goods": Field(read_flag, default=False),
    "lines": Field(passthrough, True),
}
PATIENT: Shape = {
    "number": Field(key(40), True),
    "initials": Field(text(20)),
    "infix": Field(text(20)),
    "surname": Field(text(80), True),
    "date_of_birth": Field(read_birth_date, True),
    "email": Field(read_email),
    "mobile": Field(read_mobile),
    "language": Field(read_language, default="nl"),
    "address": Field(passthrough, True),
    "insurer_uzovi": Field(read_uzovi),
    "insured_number": Field(read_insured_number),
}
ADDRESS: Shape = {
    "street": Field(text(80), True),
    "house_number": Field(text(10), True),
    "postcode": Field(text(10)),
    "city": Field(text(60), True),
    "country": Field(read_country, default="NL"),
}
LINE: Shape = {
    "performed_on": Field(read_date, True),
    "code": Field(read_treatment_code, True),
    "description": Field(text(200), True),
    "tooth": Field(read_tooth, default=None),
    "quantity": Field(read_quantity, default=1),
    "unit_price": Field(read_cents, True),
    "practitioner_agb": Field(read_agb, True),
}
# Somebody else who pays: the addressee of all messages, in this person's language.
PAYER: Shape = {
    "relation": Field(read_relation, True),
    "name": Field(text(120), True),
    "email": Field(read_email),
    "language": Field(read_language, default="nl"),
    "address": Field(passthrough, True),
}
# What invoice-batch/2 adds: who pays, corrections of a patient without an invoice, and credit notes.
PATIENT_2: Shape = PATIENT | {"payer": Field(passthrough, default=None)}
CORRECTION: Shape = {
    name: field if name == "number" else Field(field.read, default=LEFT_OUT) for name, field in PATIENT_2.items()
}
NOT_REMOVABLE = ("initials", "surname", "date_of_birth", "language", "address")  # of a correction
CREDIT_NOTE: Shape = {
    "number": Field(key(40), True),
    "credits": Field(key(40), True),
    "issued_on": Field(read_date, True),
    "reason": Field(text(200), True),
    "lines": Field(passthrough, default=None),
}
