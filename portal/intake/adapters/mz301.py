"""Files of Vektis' standard MZ301 version 1.3 (oral care), as practices make them for a service bureau.

Records of 310 places. What is at the places of the citizen number (15 to 23) is read by nothing here.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.text.folding import compact
from portal.intake.adapters import citizen, values
from portal.intake.adapters.converted import Converted

WIDTH = 310
MESSAGE = "01176"
_NO_INSURER = ("", "0000")
# Name: first and last place, counted from 1.
_HEAD = {
    "version": (6, 9), "test": (10, 10), "caregiver": (39, 46), "practice": (47, 54), "batch": (81, 92),
    "issued_on": (93, 100), "currency": (115, 117),
}  # fmt: skip
_INSURED = {
    "uzovi": (24, 27), "insured_number": (28, 42), "patient": (43, 53), "born": (54, 61), "surname": (64, 88),
    "infix": (89, 98), "initials": (135, 140), "postcode": (142, 147), "foreign": (148, 156),
    "house_number": (157, 161), "addition": (162, 167), "debtor": (170, 180), "deceased": (181, 181),
}  # fmt: skip
_DEBTOR = {
    "debtor": (15, 25), "born": (26, 33), "surname": (36, 60), "infix": (61, 70), "initials": (107, 112),
    "street": (116, 139), "house_number": (140, 144), "addition": (145, 150), "postcode": (151, 156),
    "foreign": (157, 165), "city": (166, 189), "phone": (192, 206), "email": (210, 279),
}  # fmt: skip
_TREATMENT = {
    "performed_on": (59, 66), "code": (76, 81), "tooth": (83, 84), "practitioner": (99, 106), "tariff": (123, 130),
    "number": (131, 134), "declared": (156, 163), "sign": (164, 164),
}  # fmt: skip
_END = {
    "insured": (3, 8), "debtors": (9, 14), "treatments": (15, 20), "comments": (21, 26), "all": (27, 33),
    "total": (34, 44), "sign": (45, 45),
}  # fmt: skip
_LINE = re.compile(r"(?!\Z)([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_NEVER = re.compile("(?!)")
# By kind of record: what stands in places of which the standard fixes the form.
_SHAPES = {
    "01": re.compile(r"01"),
    "02": re.compile(r"02.{12}([0-9]{9}| {9})([0-9]{4}| {4}).{26}[0-9]{8}.{95}([0-9]{5}| {5}).{19}[01 ]"),
    "03": re.compile(r"03.{23}([0-9]{8}| {8}).{106}([0-9]{5}| {5})"),
    "04": re.compile(r"04.{12}([0-9]{9}| {9}).{35}[0-9]{8}.{56}[0-9]{12}.{21}[0-9]{8}[DC]"),
    "98": re.compile(r"98"),
    "99": re.compile(r"99[0-9]{42}[DC]"),
}
_VERSIONS = ("0103", "01")  # 1.3, also without its second part
_NUMBER = re.compile("[0-9]{1,11}", re.ASCII)
Cells = dict[str, str]


def is_one(content: bytes) -> bool:
    """Tell whether a file begins as one of these does."""
    return content.startswith(MESSAGE.encode())


def convert(content: bytes) -> Converted:
    """Return the invoices of a file: one for each insured person, or for each debtor and insured person.

    Raises Refused with a sentence for what is no whole file of this standard, or does not add up.
    """
    records = list(_records(content))
    head = _cells(records[0][1], _HEAD)
    if head["test"] != "P":
        raise Refused(_("This is a test file: it has a T at place 10. Make it for production, with a P."))
    if head["version"] not in _VERSIONS or head["currency"] not in ("EUR", ""):
        raise Refused(_("This file is not one of MZ301 version 1.3 in euros."))
    total = _checked_total(records)
    debtors = {one["debtor"]: one for one in (_cells(line, _DEBTOR) for _n, line in records if line[:2] == "03")}
    citizen.refuse_most(debtors, of=_("debtor number"))  # it becomes a part of the number of the invoice
    agb_code = next((head[name] for name in ("practice", "caregiver") if head[name].strip("0")), "")
    made = Converted(agb_code)
    for place, line in records:
        if line[:2] == "02":
            _begin(made, head, _cells(line, _INSURED), debtors, place)
        elif line[:2] == "04":
            if not made.invoices:
                raise Refused(_("Record %d is a treatment before any insured person.") % place)
            _add(made, _cells(line, _TREATMENT), place)
    if made.total() != Decimal(total).scaleb(-2):
        raise _adds_up_to_another()
    return made


def _records(content: bytes) -> Iterator[tuple[int, str]]:
    last = ""
    for place, found in enumerate(_LINE.finditer(values.uploaded_text(content)), 1):
        last = line = found[1]
        # Of a record that is shifted a name would stand where the number of a patient belongs. Many programs cut the
        # blanks at its end: then no blank is left there, and its fixed fields still stand in their places.
        whole = line.ljust(WIDTH)
        is_cut = len(line) < WIDTH and line.endswith(" ")
        if is_cut or len(whole) > WIDTH or not _SHAPES.get(whole[:2], _NEVER).match(whole):
            raise Refused(_("Record %d of this file is not one of MZ301 version 1.3.") % place)
        yield place, whole
    if last[:2] != "99":
        raise Refused(_("This file is not complete: the last record, with the totals, is missing."))


def _cells(line: str, layout: dict[str, tuple[int, int]]) -> Cells:
    return {name: line[first - 1 : last].strip() for name, (first, last) in layout.items()}


def _checked_total(records: list[tuple[int, str]]) -> int:
    """Return the total of a file in cents. Raises Refused when its last record counts or adds up to something else."""
    kinds = [line[:2] for _place, line in records]
    end = _cells(records[-1][1], _END)
    counted = {"insured": "02", "debtors": "03", "treatments": "04", "comments": "98"}
    right = {name: kinds.count(kind) for name, kind in counted.items()}
    right["all"] = sum(right.values())
    for name, count in right.items():
        if int(end[name]) != count:
            raise Refused(_("This file is not whole: its last record counts other records than there are."))
    total = sum(_signed(line[155:163], line[163]) for _place, line in records if line[:2] == "04")
    if _signed(end["total"], end["sign"]) != total:
        raise _adds_up_to_another()
    return total


def _adds_up_to_another() -> Refused:
    return Refused(_("This file does not add up: the total in its last record is another one than its treatments."))


def _signed(cents: str, sign: str) -> int:
    return -int(cents) if sign == "C" else int(cents)


def _begin(made: Converted, head: Cells, insured: Cells, debtors: dict[str, Cells], place: int) -> None:
    debtor = debtors.get(insured["debtor"], {})
    issued_on = values.iso_date(head["issued_on"])
    patient: dict[str, Any] = {
        "number": insured["patient"] or insured["debtor"],
        "initials": insured["initials"],
        "infix": insured["infix"],
        "surname": insured["surname"],
        "date_of_birth": values.iso_date(insured["born"]),
        "address": _address(insured, debtor),
        "insured_number": insured["insured_number"],
    }
    if insured["uzovi"] not in _NO_INSURER:
        patient["insurer_uzovi"] = insured["uzovi"]
    if debtor and _is_somebody_else(insured, debtor):
        patient["payer"] = _payer(debtor, patient["date_of_birth"], issued_on)
    elif debtor:
        patient |= _contact(debtor)
    whom = "-".join(dict.fromkeys(filter(None, (insured["debtor"], insured["patient"]))))
    index = made.begin({"number": f"{head['batch']}-{whom}", "issued_on": issued_on, "patient": patient}, place)
    if debtor and not _lives_with(insured, debtor):
        made.problems.append((f"invoices[{index}].patient.address", *_lives_elsewhere()))
    if insured["deceased"] == "1":
        made.problems.append((f"invoices[{index}].patient", *values.deceased()))


def _is_somebody_else(insured: Cells, debtor: Cells) -> bool:
    born = debtor["born"].strip("0")
    return debtor["surname"] != insured["surname"] or bool(born and debtor["born"] != insured["born"])


def _address(insured: Cells, debtor: Cells) -> dict[str, str]:
    """Return the address of the patient: of the debtor when both live there; else without a street and city."""
    if _lives_with(insured, debtor):
        return _own_address(debtor)
    return _house(insured)


def _lives_elsewhere() -> tuple[str, str]:
    return "address-elsewhere", _(
        "The file has the address of the debtor, who lives elsewhere, and no street and city of this patient. Hand this"
        " invoice in as a spreadsheet or in JSON."
    )


def _lives_with(insured: Cells, debtor: Cells) -> bool:
    """Tell whether the debtor's address is that of the patient, whose street and city a file does not have."""
    if not debtor:
        return False
    if not insured["postcode"] and not insured["foreign"]:
        return not _is_somebody_else(insured, debtor)
    return all(compact(_house(insured)[part]) == compact(_house(debtor)[part]) for part in ("postcode", "house_number"))


def _house(person: Cells) -> dict[str, str]:
    number = " ".join(filter(None, (person["house_number"].lstrip("0"), person["addition"])))
    return {"house_number": number, "postcode": person["postcode"] or person["foreign"]}


def _own_address(debtor: Cells) -> dict[str, str]:
    return {"street": debtor["street"], "city": debtor["city"], **_house(debtor)}


def _payer(debtor: Cells, born: str, issued_on: str) -> dict[str, Any]:
    name = " ".join(filter(None, (debtor["initials"], debtor["infix"], debtor["surname"])))
    relation = "other" if values.is_adult(born, on=issued_on) else "parent"
    return {"relation": relation, "name": name, "email": debtor["email"], "address": _own_address(debtor)}


def _contact(debtor: Cells) -> dict[str, str]:
    contact = {"email": debtor["email"]}
    if values.is_mobile(debtor["phone"]):
        contact["mobile"] = debtor["phone"]
    return contact


def _add(made: Converted, treatment: Cells, place: int) -> None:
    index = len(made.invoices) - 1
    declared, times = int(treatment["declared"]), treatment["number"].lstrip("0")
    line: dict[str, Any] = {
        "performed_on": values.iso_date(treatment["performed_on"]),
        "code": treatment["code"],
        "description": values.described(treatment["code"]),
        "practitioner_agb": treatment["practitioner"],
        "quantity": 1,
        "unit_price": values.from_cents(str(declared)),
    }
    tariff = treatment["tariff"]
    if _NUMBER.fullmatch(times) and _NUMBER.fullmatch(tariff) and int(times) * int(tariff) == declared:
        line |= {"quantity": int(times), "unit_price": values.from_cents(tariff)}
    if treatment["tooth"].strip("0"):
        line["tooth"] = treatment["tooth"]
    made.add_line(index, line, place, taken_back=treatment["sign"] == "C")
