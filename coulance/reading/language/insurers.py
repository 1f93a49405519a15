"""Which insurer a paper is of, by its name on it: a fact to look at, on which no proposal depends.

The names are those under which care insurance was sold in the Netherlands in November 2026. A UZOVI code stands beside
those that a public source names; it is only used to name the insurer that an invoice knows, and never to refuse.
"""

import re
from collections.abc import Iterable

# The name, what finds it in a text where it is not the name itself, and its UZOVI code.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("Zilveren Kruis", r"(?i:zilveren ?kruis)", "3311"),
    ("Interpolis", r"(?i:interpolis)", "3313"),
    ("OZF", r"OZF", "3314"),
    ("FBTO", r"FBTO", "0211"),
    ("Avéro Achmea", r"(?i:av[eé]ro)", "3329"),
    ("De Friesland", r"(?i:de friesland)(?! bank)", ""),
    ("De Christelijke Zorgverzekeraar", r"(?i:de christelijke zorgverzekeraar)", ""),
    ("VGZ", r"VGZ", "7095"),
    ("Univé", r"(?i:univ[eé])", ""),
    ("IZA", r"IZA", ""),
    ("UMC Zorgverzekering", r"(?i:umc zorgverzekering)", ""),
    ("Zekur", r"(?i:zekur)", ""),
    ("IZZ", r"IZZ", ""),
    ("United Consumers", r"(?i:united ?consumers)", ""),
    ("CZ", r"CZ", "9664"),
    ("CZdirect", r"(?i:cz ?direct)", ""),
    ("Just", r"Just(?: zorg\w*| by CZ)", ""),
    ("OHRA", r"OHRA", ""),
    ("Nationale-Nederlanden", r"(?i:nationale[- ]nederlanden)", ""),
    ("PZP", r"PZP", ""),
    ("Menzis", r"(?i:menzis)", "3332"),
    ("Anderzorg", r"(?i:anderzorg)", ""),
    ("HEMA Zorgverzekering", r"(?i:hema zorg)", ""),
    ("PMA", r"PMA", ""),
    ("VinkVink", r"(?i:vinkvink)", ""),
    ("DSW", r"DSW", "7029"),
    ("Stad Holland", r"(?i:stad holland)", ""),
    ("inTwente", r"(?i:intwente)", ""),
    ("ONVZ", r"ONVZ", ""),
    ("PNOzorg", r"(?i:pno ?zorg)", ""),
    ("VvAA", r"VvAA", ""),
    ("Jaaah", r"(?i:jaaah)", ""),
    ("Zorg en Zekerheid", r"(?i:zorg (?:en|&) zekerheid)", ""),
    ("AZVZ", r"AZVZ", ""),
    ("Salland", r"(?i:salland)(?= ?(?:zorg|verzeker)|$)", ""),
    ("ZorgDirect", r"(?i:zorgdirect)", ""),
    ("HollandZorg", r"(?i:hollandzorg)", ""),
    ("a.s.r.", r"(?:a\.s\.r\.|ASR)", ""),
    ("Ditzo", r"(?i:ditzo)", ""),
    ("Aevitae", r"(?i:aevitae)", ""),
    ("Caresco", r"(?i:caresco)", ""),
    ("ZieZo", r"ZieZo", ""),
    ("Promovendum", r"(?i:promovendum)", ""),
    ("Besured", r"(?i:besured)", ""),
    ("National Academic", r"(?i:national academic)", ""),
    ("Bewuzt", r"(?i:bewuzt)", ""),
    ("ProLife", r"(?i:pro ?life)", ""),
)
_PATTERNS = tuple((name, re.compile(rf"(?<![\w.]){pattern}(?!\w)")) for name, pattern, _ in _KNOWN)
_NAMES = {code: name for name, _, code in _KNOWN if code}


def on_paper(rows: Iterable[str]) -> str:
    """Return the name of the insurer on a paper; nothing when it has none, or more than one.

    A name within a longer one, as CZ in CZdirect, is no second name.
    """
    text = "\n".join(rows)
    spans = [(name, *match.span()) for name, pattern in _PATTERNS for match in pattern.finditer(text)]
    found = {
        name
        for name, begin, end in spans
        if not any(first <= begin and end <= last and last - first > end - begin for _, first, last in spans)
    }
    return found.pop() if len(found) == 1 else ""


def name_of(uzovi: str) -> str:
    """Return the name of an insurer by its code, where it is known."""
    return _NAMES.get(uzovi, "")
