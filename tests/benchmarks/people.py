"""Patients by the million, in practices of their own, each with an invoice, for searches: `fill(patients)`.

`python -m tests.benchmarks.people FOLDER [PATIENTS]` fills a PostgreSQL that stays in a folder, for `bench_search`.

Rows go in by COPY, past the rules, and are what the rules would have left: names as often as they are in the
Netherlands (a few hundred that many people have, and many that few have), every column that is searched made by the
product's own functions, each identity sealed for its own row. The index of trigrams is built when the rows are in.
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks import volume
from tests.benchmarks.ground import ground

COMMON = (
    "Jong Jansen Vries Berg Bakker Dijk Visser Janssen Smit Meijer Boer Mulder Groot Bos Vos Peters Hendriks Leeuwen "
    "Dekker Brouwer Wit Dijkstra Smits Graaf Meer Linden Kok Jacobs Haan Vermeulen Heuvel Veen Broek Bruijn Heijden "
    "Schouten Beek Bruin Willems Vliet Ven Hoekstra Maas Verhoeven Koster Dam Prins Blom Huisman Peeters Post Kuipers"
)
BEGIN = "Aal Beer Bol Dron Eik Fel Gel Hart Hul Kamp Koop Laar Lem Mol Noor Olden Poel Rijk Roos Scho Sten Tim Uit Wal"
MIDDLE = "den er en ing el der ken men sen ten"
END = "aar berg broek burg dam hof horst huis kamp laan man meer stra veld voort waard wijk zand"
RARE = [b + m + e for b in BEGIN.split() for m in MIDDLE.split() for e in END.split()]
PATIENTS = 1_000_000
LARGE, SMALL = 100_000, 5_000  # patients of the first practice, and of each other one
CHUNK = 50_000
PATIENT = (
    "id", "provider_id", "number", "initials", "infix", "surname", "email", "mobile", "language", "street",
    "house_number", "postcode", "city", "country", "sealed_identity", "search_text", "birth_key",
)  # fmt: skip


def fill(patients: int, *, invoices: bool = True) -> list[int]:
    """Make so many patients in an empty database, each with an invoice; returns the keys of their practices."""
    from django.db import connection, transaction

    from tests import factories

    sizes = _sizes(patients)
    practices = [factories.provider().pk for _ in sizes]
    chances = random.Random(1)
    index = "SELECT indexdef FROM pg_indexes WHERE indexname = %s"
    with connection.cursor() as cursor:
        made_anew = []
        for name in ("billing_patient_search", "billing_invoice_search"):
            cursor.execute(index, [name])
            made_anew.append(cursor.fetchone()[0])
            cursor.execute(f"DROP INDEX {name}")
    first = 1
    for practice, size in zip(practices, sizes, strict=True):
        for begin in range(first, first + size, CHUNK):
            numbers = range(begin, min(begin + CHUNK, first + size))
            with transaction.atomic():
                volume.write("billing_patient", PATIENT, _rows(numbers, practice, chances))
                if not invoices:
                    continue
                volume.write("billing_invoice", volume.INVOICE, _invoices(numbers, practice))
                volume.write("billing_ledgertransaction", volume.TRANSACTION, volume.transactions(numbers))
                volume.write("billing_posting", volume.POSTING, volume.postings(numbers, practice))
        first += size
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for statement in made_anew:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # nothing is left to write while somebody measures
    return practices


def _sizes(patients: int) -> list[int]:
    large = min(LARGE, patients // 10)
    return [large, *(min(SMALL, patients - begin) for begin in range(large, patients, SMALL))]


def _rows(numbers: range, practice: int, chances: random.Random) -> Iterator[tuple[Any, ...]]:
    from billing.models import Patient
    from billing.models.search import birth_key

    keys: dict[str, str] = {}
    common_names = COMMON.split()
    for number in numbers:
        common = chances.random() < 0.4
        surname = common_names[int(len(common_names) * chances.random() ** 2)] if common else chances.choice(RARE)
        born = (date(1930, 1, 1) + timedelta(days=chances.randrange(33_000))).isoformat()
        facts = {
            "number": f"P{number:08d}",
            "initials": ".".join(chances.choices("ABCDEFGHJKLMNPRSTWY", k=chances.randint(1, 3))) + ".",
            "infix": chances.choice(("", "", "", "de", "van", "van der")),
            "surname": surname,
            "email": f"{surname.lower()}{number}@post.example",
            "mobile": f"+316{chances.randrange(10**8):08d}",
            "postcode": f"{chances.randint(1000, 9999)} {''.join(chances.choices('ABCDEGHJKLNPRSTVWXZ', k=2))}",
            "house_number": str(chances.randint(1, 250)),
        }
        identity = {"date_of_birth": born, "insurer_uzovi": "3311", "insured_number": "123456789"}
        if born not in keys:
            keys[born] = birth_key(practice, born)
        yield (
            number, practice, facts["number"], facts["initials"], facts["infix"], surname, facts["email"],
            facts["mobile"], "nl", "Dorpsstraat", facts["house_number"], facts["postcode"], "Ons Dorp", "NL",
            Patient.sealed(identity, provider_id=practice, number=facts["number"]),
            Patient.search_text_of(facts), keys[born],
        )  # fmt: skip


def _invoices(numbers: range, practice: int) -> Iterator[tuple[Any, ...]]:
    """Yield one invoice for each patient, who has the same number."""
    return volume.invoices(numbers, range(numbers.stop), practice)


def main(folder: Path, patients: int) -> None:
    began = time.perf_counter()
    with ground(postgresql=True, kept_in=folder):
        fill(patients)
    print(f"{patients:,} patients in {time.perf_counter() - began:.0f} s, in {folder}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else PATIENTS)
