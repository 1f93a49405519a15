"""What an insurer decided about an invoice: drawn by lot, with amounts as they occur, and exact to the cent."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

CARE = {
    "mondzorg": [("C002", "Periodieke controle", 2750), ("V92", "Tweevlaksvulling", 6411), ("X10", "Röntgenfoto", 2230),
                 ("M03", "Gebitsreiniging", 1710), ("R24", "Kroon", 31298), ("E03", "Kanaalbehandeling", 18522)],
    "fysiotherapie": [("1000", "Zitting fysiotherapie", 4350), ("1864", "Intake en onderzoek", 6120),
                      ("1500", "Zitting manuele therapie", 5640)],
    "ggz": [("CO0497", "Consult 45 minuten", 15873), ("CO0627", "Consult 60 minuten", 18822),
            ("CO0107", "Intake 60 minuten", 19740)],
    "huidtherapie": [("7302", "Huidtherapie lang", 7125), ("7301", "Huidtherapie kort", 4275)],
    "medisch": [("15A204", "Polikliniekbezoek", 11950), ("190228", "Spatader behandeling", 87540),
                ("079989", "Echo onderzoek", 14260)],
}  # fmt: skip
NAMES = [("J.", "de", "Vries"), ("M.A.", "", "Jansen"), ("P.", "van den", "Berg"), ("F.", "", "Yılmaz"),
         ("S.", "el", "Idrissi"), ("C.H.", "", "Bakker-Smit"), ("T.", "", "Ngo-Li"), ("A.", "", "Horst")]  # fmt: skip
PRACTICES = ["Tandartspraktijk De Linde", "Fysiotherapie Oosterpark", "Kliniek Zuiderzee", "Praktijk Van Dalen",
             "Mondzorg Westerkade", "Huidtherapie Het Zand"]  # fmt: skip
INSURERS = ["Zorgverzekeraar Voorbeeld", "De Hoop Zorg", "Polder & Plas Verzekeringen", "Noordster Zorgverzekeringen",
            "Onderlinge Kade", "Maas en Waal Zorg"]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A treatment, in cents."""

    day: date
    code: str
    care: str
    declared: int
    granted: int
    deductible: int

    @property
    def not_reimbursed(self) -> int:
        """Return what the insurer does not reimburse."""
        return self.declared - self.granted

    @property
    def paid_out(self) -> int:
        """Return what the insured gets."""
        return self.granted - self.deductible


@dataclass(frozen=True)
class Case:
    """One invoice and what the insurer decided; `others` are more of them on the same paper."""

    seed: int
    number: str
    name: tuple[str, str, str]
    born: date
    practice: str
    insurer: str
    issued_on: date
    handled_on: date
    lines: tuple[Line, ...]
    policy: str
    others: tuple["Case", ...] = field(default=())

    def total(self, what: str) -> int:
        """Return the sum of what the lines say of `what`."""
        return sum(getattr(line, what) for line in self.lines)

    @property
    def person(self) -> str:
        """Return the name as it is printed."""
        return " ".join(part for part in self.name if part)


def case_of(seed: int, *, others: int = 2) -> Case:
    """Return the case of a seed; its others are of the same practice, and in part about other persons."""
    lot = random.Random(seed)
    kind = lot.choice(list(CARE))
    first = date(2026, 1, 5) + timedelta(days=lot.randrange(280))
    issued = first + timedelta(days=lot.randrange(3, 20))
    lines = _lines(lot, kind, first, issued)
    return Case(
        seed,
        _number(lot),
        lot.choice(NAMES),
        date(1938, 1, 1) + timedelta(days=lot.randrange(24_000)),
        lot.choice(PRACTICES),
        lot.choice(INSURERS),
        issued,
        issued + timedelta(days=lot.randrange(4, 30)),
        lines,
        str(lot.randrange(10**8, 10**9)),
        tuple(case_of(seed + 1_000_003 * number, others=0) for number in range(1, others + 1)),
    )


def _number(lot: random.Random) -> str:
    digits = lot.randrange(10_000, 99_999)
    return lot.choice(
        [f"2026-{digits}", f"F26{digits}", f"26{digits}1", f"ZL-{digits}", f"2026/{digits}", f"{digits}.7"]
    )


def _lines(lot: random.Random, kind: str, first: date, issued: date) -> tuple[Line, ...]:
    part = lot.choice([0.5, 0.65, 0.7, 0.75, 0.8, 1.0])
    left = lot.choice([0, 0, 0, 10_000, 38_500, 2_345, 88_500])
    lines = []
    for number in range(lot.choice([1, 1, 2, 3, 3, 4, 6])):
        code, care, price = lot.choice(CARE[kind])
        declared = price + lot.choice([0, 0, 0, 150, 333, 1_207])
        refused = lot.random() < 0.08 and number
        granted = 0 if refused else round(declared * part)
        deductible = min(left, granted)
        left -= deductible
        day = min(first + timedelta(days=7 * number), issued)
        lines.append(Line(day, code, care, declared, granted, deductible))
    return tuple(lines)


def euro(cents: int, style: str = "plain") -> str:
    """Return an amount as Dutch papers print it."""
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    whole, rest = divmod(cents, 100)
    text = f"{whole:,}".replace(",", ".") + f",{rest:02d}"
    if style == "sign":
        return f"€ {sign}{text}"
    if style == "eur":
        return f"EUR {sign}{text}"
    if style == "tight":
        return f"{sign}€{text}"
    if style == "dash" and not rest:
        return f"{sign}€ {whole:,},-".replace(",", ".", whole > 999)
    if style == "behind":
        return f"{text}{sign}"
    return sign + text


MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli")
MONTHS += ("augustus", "september", "oktober", "november", "december")


def day(value: date, style: str = "digits") -> str:
    """Return a day as Dutch papers print it."""
    if style == "words":
        return f"{value.day} {MONTHS[value.month - 1]} {value.year}"
    if style == "short":
        return f"{value.day}-{value.month}-{value:%y}"
    if style == "slash":
        return f"{value:%d/%m/%Y}"
    if style == "dots":
        return f"{value:%d.%m.%Y}"
    if style == "iso":
        return value.isoformat()
    return f"{value:%d-%m-%Y}"
