"""Invented practices, patients and invoices for the demo, with real codes; prices: see demo/README.md."""

import re
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from billing import rooms
from billing.models import Invoice, Provider
from billing.practices import providers
from billing.rooms import Demo
from portal.ops import demo_past, demo_states

AGB_CODE = "11012345"
PHYSIO_AGB_CODE = "04012345"
DENTIST, HYGIENIST, PHYSIO = "11054321", "87054321", "04054321"  # who gave the care

# Code: description and price of 2026.
LONG = 128
BY_INSURER = 118  # the end of the number of the invoice that the insurer paid
_OUR_NUMBER = re.compile(r"\d{4}-(\d{5})")
CARE = {
    "C001": ("Consult voor een intake", "57.01"),
    "C002": ("Periodieke controle", "28.51"),
    "C003": ("Probleemgericht consult", "28.51"),
    "M01": ("Preventieve voorlichting en instructie, per vijf minuten", "16.82"),
    "M03": ("Gebitsreiniging, per vijf minuten", "16.82"),
    "X10": ("Kleine röntgenfoto", "21.00"),
    "X21": ("Kaakoverzichtsfoto", "90.02"),
    "A10": ("Plaatselijke verdoving", "18.75"),
    "V91": ("Vulling in één vlak, composiet", "60.01"),
    "V92": ("Vulling in twee vlakken, composiet", "78.77"),
    "V93": ("Vulling in drie vlakken, composiet", "93.77"),
    "V94": ("Vulling in meer dan drie vlakken, composiet", "120.02"),
    "1864": ("Screening, intake en onderzoek", "57.75"),
    "1000": ("Zitting fysiotherapie", "38.50"),
}


class DemoBatch(NamedTuple):
    """A practice's file and the day of its import: an invoice is only overdue when it was imported earlier."""

    filename: str
    received_on: date
    content: dict[str, Any]


_PRACTICES = {
    AGB_CODE: {
        "name": "Tandartspraktijk De Lindeboom",
        "email": "praktijk@delindeboom.example",
        "phone": "+31302345678",
        "website": "https://delindeboom.example",
        "street": "Lindelaan",
        "house_number": "12",
        "postcode": "3512 AB",
        "city": "Utrecht",
        "iban": "NL91ABNA0417164300",
        "kvk_number": "30123456",
        "phone_hours": "ma-vr 9-12 uur",
    },
    PHYSIO_AGB_CODE: {
        "name": "Fysiotherapie Het Plein",
        "email": "balie@hetplein.example",
        "phone": "+31302345679",
        "website": "https://hetplein.example",
        "street": "Stadsplein",
        "house_number": "3",
        "postcode": "3521 CD",
        "city": "Utrecht",
        "iban": "NL20INGB0001234567",
        "kvk_number": "30654321",
    },
}


def seed_providers() -> None:
    """Add the two practices of the demo, unless they are there."""
    there = set(Provider.objects.values_list("agb_code", flat=True))
    for agb_code, details in _PRACTICES.items():
        if agb_code not in there:
            providers.register(agb_code, details)


def demos() -> list[Demo]:
    """Return what the installed rooms show in the demo."""
    return [room.demo for room in rooms.announcements() if room.demo]


def build_batches(today: date) -> list[DemoBatch]:
    """Return the files of the demo practices, with dates relative to `today`."""
    before, lately = (today - timedelta(days=days) for days in (45, 3))
    early = [
        _invoice(101, before, PATIENTS["bakker"], _care("C003", "A10", ("V92", "36", 1))),
        _invoice(102, before, PATIENTS["de groot"], _care("C003", "X10", ("V94", "26", 1), ("V93", "27", 1))),
    ]
    teeth = [f"{quadrant}{tooth}" for quadrant in (1, 2, 3, 4) for tooth in range(1, 8)]
    states = [
        _invoice(123, lately, PATIENTS["kaya"], _care("C003", "A10", ("V94", "16", 1), ("V93", "17", 1))),
        _invoice(124, lately, PATIENTS["de jong"], _care("C003", "X10", ("V91", "12", 1))),
        _invoice(125, lately, PATIENTS["hendriks"], _care("C002", "X10", ("M03", None, 2))),
        _invoice(126, lately, PATIENTS["willems"], _care("C002", ("M03", None, 2))),
        _invoice(127, lately, PATIENTS["dekker"], _care("C003", "X10", "X10", ("V91", "44", 1))),
        _invoice(129, lately, PATIENTS["bos"], _care("C003", "X10", ("V92", "35", 1))),
        # Sixty lines: a mouth that is treated in one go.
        _invoice(
            LONG, lately, PATIENTS["van dijk"], _care("C001", "X21", *(("A10", tooth, 1) for tooth in teeth),
            *(("V91", tooth, 1) for tooth in teeth), ("M03", None, 6), ("M01", None, 2)),
        ),
    ]  # fmt: skip
    recent = [
        _invoice(112, lately, PATIENTS["de vries"], _care("C002", ("M03", None, 3))),
        _invoice(
            113, lately, PATIENTS["jansen"], _care("C002", "X10", "X10", "A10", ("V93", "46", 1)), insurer="150.00"
        ),
        _invoice(114, lately, PATIENTS["taylor"], _care("C001", "X21", ("M01", None, 2))),
        _invoice(115, lately, PATIENTS["yilmaz"], _care("A10", ("V94", "16", 1), ("V92", "17", 1))),
        _invoice(116, lately, PATIENTS["visser"], _care("C003")),
        _invoice(117, lately, PATIENTS["visser junior"], _care("C002", ("V91", "74", 1))),
        _invoice(BY_INSURER, lately, PATIENTS["smit"], _care("C002", ("M03", None, 2)), insurer="62.15"),
        _invoice(119, lately, PATIENTS["el amrani"], _care("C003", "X10", "A10", ("V91", "11", 1), ("V91", "21", 1))),
        _invoice(120, lately, PATIENTS["peeters"], _care("C002", "X10")),
        _invoice(121, lately, PATIENTS["van den berg"], _care(("M03", None, 6), by=HYGIENIST)),
        _invoice(122, today - timedelta(days=27), PATIENTS["kowalski"], _care("C001", "X10", "X10")),
    ]
    physio = [
        _invoice(31, lately, PATIENTS["mulder"], _care("1864", ("1000", None, 5), by=PHYSIO)),
        _invoice(32, lately, PATIENTS["de boer"], _care("1000", "1000", by=PHYSIO)),
    ]
    return [
        DemoBatch("tandarts-eerder.json", before, _batch(AGB_CODE, early)),
        DemoBatch("tandarts.json", today, _batch(AGB_CODE, recent)),
        DemoBatch("tandarts-standen.json", today, _batch(AGB_CODE, states)),
        DemoBatch("fysiotherapie.json", today, _batch(PHYSIO_AGB_CODE, physio)),
    ]


def build_unpaid(today: date) -> DemoBatch:
    """Return the file with the invoice that nobody paid: its past runs before any other invoice is there."""
    day = today - timedelta(days=demo_past.DAYS)
    unpaid = _invoice(demo_past.ENDING, day, PATIENTS["van leeuwen"], _care("C003", "X10", ("V93", "36", 1)))
    return DemoBatch("tandarts-onbetaald.json", day, _batch(AGB_CODE, [unpaid]))


def by_ending() -> dict[int, Invoice]:
    """Return the invoices of the dental practice, by the end of their number."""
    stored = Invoice.objects.filter(provider__agb_code=AGB_CODE).order_by("-pk")  # of two the first one counts
    ours = ((_OUR_NUMBER.fullmatch(invoice.number), invoice) for invoice in stored)  # visitors hand in theirs too
    return {int(found[1]): invoice for found, invoice in ours if found}


def references(today: date) -> list[tuple[str, str]]:
    """Return payment references of the demo, each with what it shows."""
    shows = {
        112: _("an ordinary invoice"),
        113: _("the insurer paid a part"),
        114: _("an English-speaking patient"),
        **{number: str(text) for room in demos() for number, text in room.shows.items()},
        **{number: str(state.shows) for number, state in demo_states.STATES.items()},
        LONG: _("sixty lines of care"),
        BY_INSURER: _("paid by the insurer"),
    }
    stored = by_ending()
    return [
        (invoice.payment_reference, _state_now(invoice, text, by_insurer=ending == BY_INSURER))
        for ending, text in shows.items()
        if (invoice := stored.get(ending))
    ]


def _state_now(invoice: Invoice, text: str, *, by_insurer: bool) -> str:
    """Return what the invoice shows: `text`, unless it was paid or withdrawn in an earlier run."""
    if invoice.withdrawn_at:
        return _("withdrawn")
    return _("paid already") if invoice.settled_at and not by_insurer else text


def _batch(agb_code: str, invoices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": "invoice-batch/1", "provider": {"agb_code": agb_code}, "invoices": invoices}


def _invoice(
    number: int,
    issued_on: date,
    patient: dict[str, Any],
    lines: list[dict[str, Any]],
    *,
    insurer: str = "0.00",
) -> dict[str, Any]:
    performed_on = str(issued_on - timedelta(days=5))
    return {
        "number": f"{issued_on.year}-{number:05d}",
        "issued_on": str(issued_on),
        "due_on": None,
        **{name: value for room in demos() for name, value in room.fields(number).items()},
        "patient": patient,
        "insurer_paid": insurer,
        "lines": [{"performed_on": performed_on, **line} for line in lines],
    }


def _care(*items: str | tuple[str, str | None, int], by: str = DENTIST) -> list[dict[str, Any]]:
    """Return invoice lines for codes, or for (code, tooth, quantity)."""
    lines = []
    for item in items:
        code, tooth, quantity = item if isinstance(item, tuple) else (item, None, 1)
        description, price = CARE[code]
        lines.append(
            {
                "code": code,
                "description": description,
                "tooth": tooth,
                "quantity": quantity,
                "unit_price": price,
                "practitioner_agb": by,
            }
        )
    return lines


def _patient(
    place: int, initials: str, infix: str, surname: str, born: str, address: str, **other: Any
) -> dict[str, Any]:
    street, house_number, postcode, city = address.split(", ")
    return {
        "number": f"P-{1000 + place}",
        "initials": initials,
        "infix": infix,
        "surname": surname,
        "date_of_birth": born,
        "email": other.get("email", f"{surname.lower().replace(' ', '.')}{place}@post.example"),
        "mobile": f"+316123456{place:02d}",
        "language": other.get("language", "nl"),
        "address": {
            "street": street,
            "house_number": house_number,
            "postcode": postcode,
            "city": city,
            "country": other.get("country", "NL"),
        },
        "insurer_uzovi": other.get("uzovi", "3311"),
        "insured_number": f"{314159200 + place}",
    }


PATIENTS = {
    "bakker": _patient(1, "M.J.", "", "Bakker", "1971-05-04", "Kerkstraat, 8, 3581 RA, Utrecht"),
    "de vries": _patient(2, "J.", "de", "Vries", "1980-02-29", "Dorpsstraat, 1a, 3732 HJ, De Bilt"),
    "jansen": _patient(3, "A.C.", "", "Jansen", "1958-11-17", "Molenweg, 22, 3541 BK, Utrecht", uzovi="7095"),
    "taylor": _patient(4, "E.", "", "Taylor", "1992-08-09", "Oudegracht, 140, 3511 AX, Utrecht", language="en"),
    "yilmaz": _patient(5, "S.", "", "Yılmaz", "1987-03-21", "Singel, 30, 3514 AE, Utrecht", email="sy@post.example"),
    "visser": _patient(6, "P.", "", "Visser", "1979-01-30", "Parkweg, 5, 3603 AA, Maarssen"),
    "visser junior": _patient(7, "L.", "", "Visser", "2019-06-12", "Parkweg, 5, 3603 AA, Maarssen"),
    "smit": _patient(8, "G.H.", "", "Smit", "1949-12-02", "Beatrixlaan, 77, 3554 JE, Utrecht", uzovi="3332"),
    "el amrani": _patient(9, "N.", "el", "Amrani", "1995-10-14", "Kanaalstraat, 199, 3531 CH, Utrecht"),
    "peeters": _patient(10, "K.", "", "Peeters", "1990-04-25", "Kerkplein, 2, 2300, Turnhout", country="BE", uzovi=""),
    "van den berg": _patient(11, "T.", "van den", "Berg", "1966-07-07", "Zandpad, 41, 3601 NA, Maarssen", uzovi="7029"),
    "kowalski": _patient(12, "W.", "", "Kowalski", "1983-09-19", "Rijnlaan, 63, 3522 BD, Utrecht", language="en"),
    "mulder": _patient(13, "R.", "", "Mulder", "1975-02-11", "Croeselaan, 12, 3521 BJ, Utrecht"),
    "de groot": _patient(15, "H.", "de", "Groot", "1969-04-18", "Merelstraat, 21, 3514 CM, Utrecht"),
    "kaya": _patient(16, "D.", "", "Kaya", "1985-08-30", "Amsterdamsestraatweg, 310, 3551 CT, Utrecht"),
    "de jong": _patient(17, "I.", "de", "Jong", "1998-01-05", "Springweg, 44, 3511 VS, Utrecht"),
    "hendriks": _patient(18, "B.", "", "Hendriks", "1953-11-11", "Vleutenseweg, 90, 3532 HK, Utrecht"),
    "willems": _patient(19, "C.", "", "Willems", "1976-06-02", "Lange Nieuwstraat, 7, 3512 PA, Utrecht"),
    "dekker": _patient(20, "O.", "", "Dekker", "1991-03-27", "Biltstraat, 160, 3572 BP, Utrecht"),
    "van dijk": _patient(21, "A.", "van", "Dijk", "1961-09-09", "Nachtegaalstraat, 58, 3581 AL, Utrecht"),
    "bos": _patient(22, "Y.", "", "Bos", "1982-05-16", "Adelaarstraat, 33, 3514 CC, Utrecht"),
    "van leeuwen": _patient(23, "E.", "van", "Leeuwen", "1974-10-08", "Draaiweg, 55, 3515 EJ, Utrecht"),
    "de boer": _patient(14, "F.", "de", "Boer", "2001-12-24", "Stationsplein, 9, 3511 ED, Utrecht", uzovi="9664"),
}  # fmt: skip
