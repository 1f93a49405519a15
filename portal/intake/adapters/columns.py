"""What the columns of a practice's spreadsheet mean: our fields, and the names by which programs call them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing import rooms
from billing.rooms import Text
from billing.text.folding import compact


class Column(NamedTuple):
    """A field that a column can hold: its label, and the names that are recognised."""

    label: Text
    names: str


COLUMNS = {
    "number": Column(
        _("invoice number"),
        "factuurnummer, factuurnr, nota, notanummer, notanr, rekeningnummer, declaratienummer, invoice number",
    ),
    "issued_on": Column(
        _("date of the invoice"),
        "factuurdatum, notadatum, datum factuur, datum nota, invoice date",
    ),
    "due_on": Column(_("last day to pay"), "vervaldatum, betalen voor, uiterste betaaldatum, due date"),
    "insurer_paid": Column(
        _("paid by the insurer"),
        "vergoed, vergoeding, vergoed bedrag, betaald door verzekeraar, verzekeraar betaald, toegekend",
    ),
    "goods": Column(_("something sold (yes or no)"), "verkoop, artikel, goederen"),
    "patient.number": Column(
        _("patient number"),
        "patientnummer, patientnr, clientnummer, clientnr, relatienummer, relatienr, debiteurnummer, patient "
        "number, patient id, patientid",
    ),
    "patient.initials": Column(_("initials"), "voorletters, initialen, initials, voorletter"),
    "patient.infix": Column(_("infix"), "tussenvoegsel, voorvoegsel, voorvoegsels, tussenvoegsels, infix"),
    "patient.surname": Column(
        _("surname"),
        "achternaam, naam, familienaam, geslachtsnaam, eigennaam, surname, last name",
    ),
    "patient.date_of_birth": Column(
        _("date of birth"),
        "geboortedatum, geb datum, gebdat, geboren, date of birth, birth date",
    ),
    "patient.email": Column(_("e-mail"), "email, e-mail, emailadres, mailadres, mail"),
    "patient.mobile": Column(
        _("mobile number"),
        "mobiel, mobiele nummer, mobielnummer, telefoon mobiel, gsm, mobile, 06-nummer",
    ),
    "phone": Column(
        _("telephone, taken when it is a mobile one"),
        "telefoon, telefoonnummer, tel, telefoon prive, phone",
    ),
    "patient.language": Column(_("language (nl, en, tr, ar, pl or uk)"), "taal, language, voorkeurstaal"),
    "street": Column(_("street"), "straat, straatnaam, street"),
    "house_number": Column(_("house number"), "huisnummer, huisnr, nummer, house number"),
    "house_addition": Column(
        _("addition to the house number"),
        "toevoeging, huisnummertoevoeging, huisnr toevoeging, huisletter",
    ),
    "street_and_number": Column(
        _("street and house number in one"),
        "adres, straat en huisnummer, adresregel, address",
    ),
    "postcode": Column(_("postcode"), "postcode, zip, postal code"),
    "city": Column(_("city"), "plaats, woonplaats, plaatsnaam, stad, city"),
    "country": Column(_("country (two capitals)"), "land, landcode, country"),
    "patient.insurer_uzovi": Column(_("UZOVI code of the insurer"), "uzovi, uzovicode, uzovinummer, verzekeraar"),
    "patient.insured_number": Column(
        _("insured number"),
        "verzekerdennummer, verzekerdenr, polisnummer, verzekerdnummer, relatienummer verzekeraar",
    ),
    "line.performed_on": Column(
        _("day of the treatment"),
        "behandeldatum, datum behandeling, datum verrichting, verrichtingdatum, prestatiedatum, datum, "
        "zittingsdatum",
    ),
    "line.code": Column(
        _("code of the treatment"),
        "code, verrichtingcode, verrichting, prestatiecode, prestatie, behandelcode, tariefcode, "
        "declaratiecode",
    ),
    "line.description": Column(
        _("description of the treatment"),
        "omschrijving, verrichtingomschrijving, omschrijving verrichting, omschrijving prestatie, "
        "behandeling, description",
    ),
    "line.tooth": Column(_("tooth"), "element, tand, gebitselement, elementnummer, tooth"),
    "line.quantity": Column(pgettext_lazy("of treatments", "how many"), "aantal, quantity"),
    "line.unit_price": Column(
        _("price of one"),
        "tarief, prijs, stukprijs, eenheidsprijs, prijs per stuk, unit price",
    ),
    "line_amount": Column(
        _("amount of the line, how many times the price"),
        "bedrag, regelbedrag, totaal regel, bedrag regel, declaratiebedrag, amount",
    ),
    "line.practitioner_agb": Column(
        _("AGB code of who treated"),
        "agb, agbcode, agb behandelaar, agbcode behandelaar, behandelaar agb, agb zorgverlener, agbcode "
        "zorgverlener",
    ),
}  # fmt: skip
NEEDED = (
    ("number",), ("issued_on",), ("patient.number",), ("patient.surname",), ("patient.date_of_birth",), ("city",),
    ("street", "street_and_number"), ("house_number", "street_and_number"), ("line.performed_on",), ("line.code",),
    ("line.unit_price", "line_amount"),
)  # fmt: skip


def columns() -> dict[str, Column]:
    """Return the fields that a column can hold, with those that rooms add to an invoice."""
    of_rooms = {
        name: Column(label, f"{name},{label}") for room in rooms.intakes() for name, label in room.labels.items()
    }
    return COLUMNS | of_rooms


def recognise(header: Iterable[str], remembered: Mapping[str, str]) -> list[str]:
    """Return the field of each column: as this practice said before, else by its name; empty for none of ours."""
    ours = columns()
    by_name = {compact(name): field for field, column in ours.items() for name in column.names.split(",")}
    fields: list[str] = []
    for name in map(compact, header):
        field = remembered.get(name, by_name.get(name, ""))
        fields.append(field if field in ours and field not in fields else "")
    return fields


def missing(fields: Iterable[str]) -> list[str]:
    """Return the labels of what an invoice can't do without and no column holds."""
    chosen = set(fields)
    return [str(COLUMNS[ways[0]].label) for ways in NEEDED if not chosen & set(ways)]
