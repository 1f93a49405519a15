"""Files of Vektis' standard GDS801 version 2.0 (XML), as practices make them for a service bureau.

Only this variant of the standard has names, addresses and a debtor. Those parts follow the building blocks of Nictiz.
The citizen number in a file is read by nothing here.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.text.xml import Node, Reader
from portal.intake.adapters import values
from portal.intake.adapters.converted import Converted

NAMESPACE = "http://ei.vektis.nl/declaratiebericht573"
_AMOUNT = re.compile(r"([0-9]{1,9})\.([0-9]{2})", re.ASCII)  # of the standard: without a sign, with both cents
_PART = 64 * 1024
_CLAIM = "01"  # what is for information only counts for nothing
_DEAD = ("1", "J", "JA", "TRUE", "OVERLEDEN")


def is_one(content: bytes) -> bool:
    """Tell whether a file begins as one of these does."""
    return NAMESPACE.encode() in content[:2000]


def convert(content: bytes, *, agb_code: str) -> Converted:
    """Return the invoices of a file: one for each insured person. `agb_code` is the practice's own.

    Raises Refused with a sentence for what is no whole file of this standard, or does not add up.
    """
    reader = _Insured()
    for _part in reader.feed(content[start : start + _PART] for start in range(0, len(content), _PART)):
        pass
    return reader.finished(agb_code)


class _Insured(Reader):
    """Collects the head of a file, and each insured person with what was done for them."""

    wanted = frozenset(("Header", "DeclaratieContext", "Overzicht", "Verzekerde"))

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[str, Node] = {}
        self._made = Converted("")
        self._cents = 0

    def take(self, path: list[Node], node: Node) -> None:
        """Take a part that has ended. Raises Refused."""
        if node.name != "Verzekerde":
            self._parts[node.name] = node
            return
        if "DeclaratieContext" not in self._parts:
            raise Refused(_("This file is not one of GDS801 version 2.0 for a service bureau."))
        if node.first("AanvullendeVerzekerdegegevens") is None:
            raise Refused(
                _(
                    "This file was made for an insurer: it has no names and addresses. Choose a service bureau as the"
                    " receiver in your software, and make it again."
                )
            )
        self._add(self._parts["DeclaratieContext"], node)

    def finished(self, agb_code: str) -> Converted:
        """Return what was read, once the whole file is. Raises Refused."""
        head, context, total = (self._parts.get(name) for name in ("Header", "DeclaratieContext", "Overzicht"))
        if head is None or context is None or total is None:
            raise Refused(_("This file is not one of GDS801 version 2.0 for a service bureau."))
        if head.read("Berichtsoort") != "P":
            raise Refused(_("This is a test file. Make it for production."))
        sign = {"D": 1, "": 1, "C": -1}.get(total.read("TotaalDeclaratiebedragInclBtw/DebetCreditCode"), 0)
        cents = sign * _cents(total.read("TotaalDeclaratiebedragInclBtw/Bedrag"))
        if not sign or cents != self._cents or self._made.total() != Decimal(cents).scaleb(-2):
            raise Refused(_("This file does not add up: the total in it is another one than its treatments."))
        named = context.read("Declarant/Zorgaanbiedercode", "Zorgaanbieder/Zorgaanbiedercode")
        self._made.agb_code = named or agb_code
        for invoice in self._made.invoices:
            for line in invoice["lines"]:
                line["practitioner_agb"] = line["practitioner_agb"] or self._made.agb_code
        return self._made

    def _add(self, context: Node, insured: Node) -> None:
        """Add the invoice of one insured person, unless nothing is claimed for them."""
        made = self._made
        claims = list(_claims(insured))
        self._cents += sum(_amount(node) for node in claims)
        if not claims:
            return
        issued_on = context.read("Factuurdatum")
        patient = _patient(insured, issued_on)
        number = f"{context.read('Factuurnummer')}-{patient['number']}"
        index = made.begin({"number": number, "issued_on": issued_on, "patient": patient})
        if insured.read("AanvullendeVerzekerdegegevens/OverlijdensIndicator").upper() in _DEAD:
            made.problems.append((f"invoices[{index}].patient", *values.deceased()))
        for node in claims:
            made.add_line(index, _line(node), taken_back=node.name == "CreditPrestatie")


def _claims(insured: Node) -> Iterator[Node]:
    for kind in ("DebetPrestatie", "CreditPrestatie"):
        for node in insured.all(f"Prestatie/{kind}"):
            if node.read("InformatieCode") in ("", _CLAIM):
                yield node


def _amount(node: Node) -> int:
    cents = _cents(node.read("DeclaratieBedragInclBtw", "DeclaratiebedragInclBtw"))
    return -cents if node.name == "CreditPrestatie" else cents


def _cents(text: str) -> int:
    if not (found := _AMOUNT.fullmatch(text)):
        raise Refused(_("There is an amount in this file that is not written as 12.50, without a sign."))
    return int(found[1] + found[2])


def _patient(insured: Node, issued_on: str) -> dict[str, Any]:
    more = insured.all("AanvullendeVerzekerdegegevens")[0]
    debtor = more.first("Debiteur")
    patient: dict[str, Any] = {
        "number": insured.read("PatientIdentificatienummer"),
        **_name(more),
        "date_of_birth": insured.read("Geboortedatum"),
        "address": _address(more),
        "insured_number": insured.read("Verzekerdennummer"),
    }
    if uzovi := insured.read("UzoviNummer").strip("0") and insured.read("UzoviNummer"):
        patient["insurer_uzovi"] = uzovi
    if debtor is None:
        return patient
    if _is_somebody_else(patient, debtor):
        relation = "other" if values.is_adult(patient["date_of_birth"], on=issued_on) else "parent"
        named = _name(debtor)
        name = " ".join(filter(None, (named["initials"], named["infix"], named["surname"])))
        payer = {"relation": relation, "name": name, "address": _address(debtor)}
        patient["payer"] = payer | {"email": _email(debtor)}
        return patient
    return patient | {"email": _email(debtor)} | _mobile(debtor)


def _name(person: Node) -> dict[str, str]:
    own = "Naamgegevens/Geslachtsnaam"
    return {
        "initials": person.read("Naamgegevens/Initialen", "Naamgegevens/Voorletters"),
        "infix": person.read(f"{own}/Voorvoegsels", f"{own}/Voorvoegsel"),
        "surname": person.read(f"{own}/Achternaam"),
    }


def _address(person: Node) -> dict[str, str]:
    number = [
        person.read(f"Adresgegevens/{name}") for name in ("Huisnummer", "Huisnummerletter", "Huisnummertoevoeging")
    ]
    return {
        "street": person.read("Adresgegevens/Straat", "Adresgegevens/Straatnaam"),
        "house_number": " ".join(filter(None, number)),
        "postcode": person.read("Adresgegevens/Postcode"),
        "city": person.read("Adresgegevens/Woonplaats"),
        "country": person.read("Adresgegevens/Land"),
    }


def _is_somebody_else(patient: dict[str, Any], debtor: Node) -> bool:
    born, name = debtor.read("Geboortedatum"), _name(debtor)["surname"]
    return bool(name and name != patient["surname"]) or bool(born and born != patient["date_of_birth"])


def _email(debtor: Node) -> str:
    return debtor.read("Contactgegevens/EmailAdressen/EmailAdres", "Contactgegevens/EmailAdres")


def _mobile(debtor: Node) -> dict[str, str]:
    found = debtor.all("Contactgegevens/Telefoonnummers/Telefoonnummer") + debtor.all("Contactgegevens/Telefoonnummer")
    number = next((node.text.strip() for node in found if values.is_mobile(node.text.strip())), "")
    return {"mobile": number} if number else {}


def _line(node: Node) -> dict[str, Any]:
    code = node.read("Prestatiecode", "PrestatieCode", "prestatiecode")
    amount = str(Decimal(abs(_amount(node))).scaleb(-2))
    times = values.whole(node.read("Aantal"))
    return {
        "performed_on": node.read("Begindatum"),
        "code": code,
        "description": values.described(code),
        "practitioner_agb": next(
            (one.read("Zorgaanbiedercode") for one in node.all("Zorgaanbieder") if one.read("Rol") == "01"), ""
        ),
        "quantity": 1,
        **values.price_of(amount, times if isinstance(times, int) and times else 1),
    }
