"""Files of GDS801 version 2.0 for a service bureau, for tests; no real file was ever near."""

from typing import Any

BSN = "123456782"
NAMESPACE = "http://ei.vektis.nl/declaratiebericht573"


def element(name: str, *children: Any) -> str:
    return f"<{name}>{''.join(map(str, children))}</{name}>"


def address() -> str:
    return element(
        "Adresgegevens",
        element("Straat", "Dorpsstraat"),
        element("Huisnummer", "12"),
        element("Huisnummerletter", "a"),
        element("Postcode", "1234AB"),
        element("Woonplaats", "Ons Dorp"),
        element("Land", "NL"),
    )


def name(surname: str, initials: str = "J.") -> str:
    own = element("Geslachtsnaam", element("Voorvoegsels", "de"), element("Achternaam", surname))
    return element("Naamgegevens", element("Initialen", initials), own)


def treatment(
    code: str = "1000", euros: str = "41.50", times: str = "1", kind: str = "DebetPrestatie", information: str = "01"
) -> str:
    return element("Prestatie", element(
        kind, element("Referentienummer", "REF-1"), element("PrestatieCodelijstCode", "073"),
        element("Prestatiecode", code), element("Begindatum", "2026-10-28"), element("Aantal", times),
        element("DeclaratieBedragInclBtw", euros), element("InformatieCode", information),
        element("Zorgaanbieder", element("Zorgaanbiedercode", "04001234"), element("Rol", "01")),
    ))  # fmt: skip


def insured(
    *treatments: str,
    patient: str = "P-1001",
    born: str = "1980-02-29",
    debtor: str = "Vries",
    dead: str = "",
    more: bool = True,
) -> str:
    about_debtor = element(
        "Debiteur", name(debtor, "M."), address(),
        element("Contactgegevens",
                element("Telefoonnummers", element("Telefoonnummer", "06-12345678")),
                element("EmailAdressen", element("EmailAdres", "j.devries@post.example"))),
    )  # fmt: skip
    dying = element("OverlijdensIndicator", dead) if dead else ""
    about = element("AanvullendeVerzekerdegegevens", name("Vries"), address(), dying, about_debtor) if more else ""
    return element(
        "Verzekerde", element("BSN", BSN), element("UzoviNummer", "3311"),
        element("PatientIdentificatienummer", patient), element("Geboortedatum", born), about,
        *(treatments or (treatment(),)),
    )  # fmt: skip


def file(*persons: str, total: str = "41.50", sign: str = "D", agb: str = "11012345", kind: str = "P") -> bytes:
    header = element("Header", element("Berichtcode", "573"), element("Berichtsoort", kind))
    declarant = element("Declarant", element("Zorgaanbiedercode", agb))
    context = element(
        "DeclaratieContext", element("Factuurnummer", "F2026-9"), element("Factuurdatum", "2026-11-02"), declarant
    )
    amount = element("TotaalDeclaratiebedragInclBtw", element("Bedrag", total), element("DebetCreditCode", sign))
    inner = header + context + element("Overzicht", amount) + "".join(persons or (insured(),))
    return f'<?xml version="1.0" encoding="UTF-8"?><Bericht xmlns="{NAMESPACE}">{inner}</Bericht>'.encode()
