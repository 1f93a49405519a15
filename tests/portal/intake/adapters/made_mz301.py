"""Files of MZ301 version 1.3 for tests, made from the places of its fields; no real file was ever near."""

from dataclasses import dataclass, field, replace

BSN = "123456782"  # passes the test of the citizen number
AGB = "11012345"


def record(which: str, *, width: int = 310, **cells: tuple[int, str]) -> str:
    """A record; each cell is its first place, counted from 1, and its text."""
    letters = list(which.ljust(width))
    for first, text in cells.values():
        letters[first - 1 : first - 1 + len(text)] = text
    return "".join(letters)


@dataclass(frozen=True)
class Treatment:
    """One treatment; amounts in cents."""

    code: str = "V92"
    cents: int = 7877
    times: int = 1
    day: str = "20261028"
    tooth: str = "36"
    sign: str = "D"
    tariff: int | None = None

    def line(self) -> str:
        tariff = self.cents // self.times if self.tariff is None else self.tariff
        return record(
            "04", bsn=(15, BSN), day=(59, self.day), list=(73, "010"), code=(76, self.code.ljust(6)),
            tooth=(83, self.tooth), practitioner=(99, "12001234"), tariff=(123, f"{tariff:08}"),
            number=(131, f"{self.times:04}"), reckoned=(135, f"{self.cents:08}{self.sign}"),
            declared=(156, f"{self.cents:08}{self.sign}"), reference=(165, "REF-1"),
        )  # fmt: skip


@dataclass(frozen=True)
class Insured:
    """One insured person with a debtor, and what was done."""

    patient: str = "P-1001"
    surname: str = "Vries"
    born: str = "19800229"
    debtor: str = "D-1"
    debtor_surname: str = "Vries"
    debtor_born: str = "19800229"
    dead: str = "0"
    treatments: tuple[Treatment, ...] = (Treatment(),)

    def lines(self) -> list[str]:
        insured = record(
            "02", bsn=(15, BSN), uzovi=(24, "3311"), insured=(28, "0123456789"), patient=(43, self.patient),
            born=(54, self.born), surname=(64, self.surname), infix=(89, "de"), initials=(135, "J"),
            postcode=(142, "1234AB"), house=(157, "00012"), addition=(162, "a"), debtor=(170, self.debtor),
            dead=(181, self.dead),
        )  # fmt: skip
        return [insured, *(treatment.line() for treatment in self.treatments)]

    def debtor_line(self) -> str:
        return record(
            "03", debtor=(15, self.debtor), born=(26, self.debtor_born), surname=(36, self.debtor_surname),
            initials=(107, "M"), street=(116, "Dorpsstraat"), house=(140, "00012"), addition=(145, "a"),
            postcode=(151, "1234AB"), city=(166, "Ons Dorp"), phone=(192, "0612345678"),
            email=(210, "j.devries@post.example"),
        )  # fmt: skip


@dataclass(frozen=True)
class File:
    """A whole file. `total` and `count` are those of the last record, right unless a test says otherwise."""

    persons: tuple[Insured, ...] = (Insured(),)
    agb: str = AGB
    kind: str = "P"
    issued_on: str = "20261102"
    total: int | None = None
    missing_records: int = 0
    comments: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def content(self, encoding: str = "latin-1") -> bytes:
        head = record(
            "01", message=(3, "1760103"), kind=(10, self.kind), practice=(47, self.agb), batch=(81, "B2026-7"),
            issued=(93, self.issued_on), currency=(115, "EUR"),
        )  # fmt: skip
        debtors = [one.debtor_line() for one in {person.debtor: person for person in self.persons}.values()]
        details = [line for person in self.persons for line in person.lines()]
        details += debtors + [record("98", text=(19, "opmerking"))] * self.comments
        kinds = [line[:2] for line in details]
        cents = sum(
            -treatment.cents if treatment.sign == "C" else treatment.cents
            for person in self.persons
            for treatment in person.treatments
        )
        total = cents if self.total is None else self.total
        counts = [kinds.count(kind) for kind in ("02", "03", "04", "98")]
        end = record(
            "99", insured=(3, f"{counts[0]:06}"), debtors=(9, f"{counts[1]:06}"),
            treatments=(15, f"{counts[2] + self.missing_records:06}"), comments=(21, f"{counts[3]:06}"),
            all=(27, f"{sum(counts):07}"), total=(34, f"{abs(total):011}{'C' if total < 0 else 'D'}"),
        )  # fmt: skip
        return "\r\n".join([head, *details, end, ""]).encode(encoding)


def many(count: int) -> File:
    """A file of so many persons, each with two treatments."""
    treatments = (Treatment(), Treatment(code="V71", cents=2 * 2851, times=2, tooth=""))
    one = Insured(treatments=treatments)
    return File(tuple(replace(one, patient=f"P-{n}", debtor=f"D-{n}") for n in range(count)))
