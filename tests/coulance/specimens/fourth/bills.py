"""What the papers of this round share: other bills of the same person, wording that differs, and a good decision."""

from dataclasses import replace
from datetime import date, timedelta

from tests.coulance.specimens.cases import Case, day, euro
from tests.coulance.specimens.insurers_paper import amounts, kind_of_care, period, rows, table

PLAIN_TABLE = "th{font-size:8.5pt;color:#444;border-bottom:.8pt solid #444} td{border-bottom:.3pt solid #ddd}"
PLAIN_TABLE += (
    " .sum td{font-weight:bold;border-top:.8pt solid #444} .note{font-size:8pt;color:#555} td.r{white-space:nowrap}"
)


def pick(case: Case, *choices: str) -> str:
    """Return one of several wordings, by the seed."""
    return choices[case.seed % len(choices)]


def moved(case: Case, days: int) -> Case:
    """Return the case with its care that many days later."""
    lines = tuple(replace(line, day=line.day + timedelta(days=days)) for line in case.lines)
    return replace(case, lines=lines)


def earlier_bills(case: Case) -> list[Case]:
    """Return other bills of the same person, of care before this one, for which no own risk counts."""
    bills = []
    for number, other in enumerate(case.others, start=1):
        bill = moved(other, (case.lines[0].day - other.lines[0].day).days - 35 * number)
        lines = tuple(replace(line, deductible=0) for line in bill.lines)
        bills.append(replace(bill, lines=lines, name=case.name, born=case.born))
    return bills


def dated(case: Case, style: str = "words") -> str:
    """Return the day of the paper as a row of facts under a letterhead."""
    return f"Datum: {day(case.handled_on, style)}"


def born_after(case: Case, years: int) -> date:
    """Return the birthday of somebody that many years younger, or older where that one would be a small child."""
    return case.born.replace(
        day=min(case.born.day, 28), year=case.born.year + (years if case.born.year < 1995 else -years)
    )


def whose(case: Case) -> str:
    """Return the insured as a row of facts under a letterhead."""
    return f"Verzekerde: {case.person}<br>Geboortedatum: {day(case.born)}<br>Relatienummer: {case.policy}"


def sums(case: Case, style: str = "sign") -> str:
    """Return the rows of a decision about a whole bill."""
    declared, granted, deductible, refused, paid, _own = amounts(case, style)
    return rows(("Gedeclareerd", declared), ("Niet vergoed", refused), ("Vergoed", granted),
                ("Verrekend met uw eigen risico", deductible), ("Uitbetaald aan u", paid))  # fmt: skip


def one_row(case: Case) -> str:
    """Return a decision as one row for the bill, without treatments."""
    declared, granted, deductible, refused, paid, _own = amounts(case, "plain")
    heads = "Datum zorg|Zorgverlener|Soort zorg|Nota €|Vergoed €|Niet vergoed €|Eigen risico €|Uitbetaald €"
    days = period(case).replace("t/m", "<span style='white-space:nowrap'>t/m</span>")
    cells = [days, case.practice, kind_of_care(case), declared, granted, refused, deductible, paid]
    return table(heads, [cells], right_from=3)


def treatments(case: Case) -> str:
    """Return a decision with a row for each treatment and the sums below."""
    lines = [[day(line.day), line.care, euro(line.declared), euro(line.granted), euro(line.deductible),
              euro(line.paid_out)] for line in case.lines]  # fmt: skip
    sum_ = [f"<b>{euro(case.total(what))}</b>" for what in ("declared", "granted", "deductible", "paid_out")]
    lines.append(["<b>Totaal</b>", "", *sum_])
    return table("Datum|Behandeling|Gedeclareerd|Vergoed|Eigen risico|Uitbetaald", lines, right_from=2)


def decision(case: Case) -> str:
    """Return a decision in one of three forms, by the seed."""
    of_whom = rows(("Zorgverlener", case.practice), ("Datum zorg", period(case)))
    if case.seed % 3 == 0:
        return one_row(case)
    return of_whom + (treatments(case) if case.seed % 3 == 1 else sums(case))
