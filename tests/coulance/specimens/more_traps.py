"""More papers from which nothing may be proposed: what looks like a decision on our invoice and is none."""

from dataclasses import replace

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.unseen import rows_of, table


def _rows(case: Case, **words: str) -> str:
    return rows_of([[words[what], euro(case.total(what), "sign")] for what in words])


def _top(case: Case) -> str:
    return f"<p>{case.insurer}</p><p>{case.person}, {day(case.born)}<br>Nota {case.number} van {case.practice}</p>"


USUAL = {"declared": "Gedeclareerd", "granted": "Vergoed", "deductible": "Eigen risico", "paid_out": "Uitbetaald"}


@layout("paid to the practice", trap="the insurer paid the practice")
def to_practice(case: Case) -> str:
    return page(
        f"{_top(case)}<table>{_rows(case, **USUAL)}</table><p>Dit bedrag is uitbetaald aan uw zorgverlener.</p>"
    )


@layout("an advance", trap="paid before")
def advance(case: Case) -> str:
    return page(f"{_top(case)}<table>{_rows(case, **USUAL)}</table><p>U heeft al € 20,00 als voorschot ontvangen.</p>")


@layout("the own part under the word for the deductible", trap="the deductible is not told")
def own_as_deductible(case: Case) -> str:
    part = max(case.total("declared") - case.total("paid_out"), 100)
    rows = [["Kosten", euro(case.total("declared"))], ["Eigen risico en niet vergoed", euro(part)],
            ["Uitbetaald", euro(case.total("declared") - part)]]  # fmt: skip
    return page(f"{_top(case)}<table>{rows_of(rows)}</table>")


@layout("a column without its heading", trap="which amount is which")
def no_heading(case: Case) -> str:
    heads = ["Datum", "Zorg", "Kosten", "", "Eigen risico", "Uitbetaald"]
    rows = [[day(x.day), x.care, *map(euro, (x.declared, x.not_reimbursed or 100, x.deductible, x.paid_out))]
            for x in case.lines]  # fmt: skip
    return page(f"{_top(case)}{table(heads, *rows)}")


@layout("an empty column", trap="which amount is which")
def empty_column(case: Case) -> str:
    """The last column has no amounts: what is borne stands left of the heading of the deductible."""
    heads = ["Datum", "Zorg", "Ingediend", "Uitgekeerd", "Voor eigen rekening", "w.v. eigen risico"]
    rows = [[day(x.day), x.care, euro(x.declared), euro(x.paid_out), euro(x.declared - x.paid_out), ""]
            for x in case.lines]  # fmt: skip
    return page(f"{_top(case)}{table(heads, *rows)}")


@layout("the bill of another practice under the same number", trap="another total")
def other_practice(case: Case) -> str:
    one = replace(case.others[0], number=case.number, practice="Apotheek Centrum")
    return page(f"{_top(one)}<table>{_rows(one, **USUAL)}</table>")


@layout("half of a bill", trap="another total")
def half(case: Case) -> str:
    one = replace(case, lines=(*case.lines[:1], replace(case.lines[0], declared=case.lines[0].declared + 100)))
    return page(f"{_top(one)}<table>{_rows(one, **USUAL)}</table>")


@layout("asked beforehand", trap="not final")
def asked(case: Case) -> str:
    words = {"declared": "Kosten", "granted": "Vergoeding", "deductible": "Eigen risico", "paid_out": "U ontvangt"}
    return page(
        f"{_top(case)}<p>U vroeg wat u vergoed krijgt. U kunt verwachten:</p><table>{_rows(case, **words)}</table>"
    )


@layout("of two persons on one page", trap="another person")
def two_persons(case: Case) -> str:
    other = case.others[0]
    return page(
        f"<p>{case.insurer}</p><h2>{case.person}, geboren {day(case.born)}</h2><p>Geen nota's</p>"
        f"<h2>K. Oosterhuis, geboren {day(other.born.replace(year=other.born.year - 1))}</h2><p>Nota {case.number}</p>"
        f"<table>{_rows(case, **USUAL)}</table>"
    )


@layout("a payment in parts", trap="paid in parts")
def parts(case: Case) -> str:
    half = case.total("paid_out") // 2
    rows = [["Nota", euro(case.total("declared"))], ["Vergoeding", euro(case.total("granted"))],
            ["Eigen risico", euro(case.total("deductible"))], ["Reeds aan u uitgekeerd", euro(half)],
            ["Nog te ontvangen", euro(case.total("paid_out") - half)]]  # fmt: skip
    return page(f"{_top(case)}<table>{rows_of(rows)}</table>")


@layout("the deductible charged apart", trap="not taken off")
def apart(case: Case) -> str:
    rows = [["Nota", euro(case.total("declared"))], ["Vergoed", euro(case.total("granted"))],
            ["Uitbetaald", euro(case.total("granted"))],
            ["Eigen risico (hiervoor krijgt u een rekening)", euro(case.total("deductible") or 500)]]  # fmt: skip
    return page(f"{_top(case)}<table>{rows_of(rows)}</table>")


@layout("a statutory part", trap="own contribution")
def statutory(case: Case) -> str:
    rows = [["Nota", euro(case.total("declared"))], ["Wettelijke bijdrage", euro(case.total("not_reimbursed") or 500)],
            ["Eigen risico", euro(case.total("deductible"))], ["Uitbetaald", euro(case.total("paid_out"))]]  # fmt: skip
    return page(f"{_top(case)}<table>{rows_of(rows)}</table>")


@layout("the deductible of an earlier bill", trap="set off of another bill")
def of_earlier_bill(case: Case) -> str:
    own = max(case.total("declared") // 3, 100)
    rows = [["Nota", euro(case.total("declared"))], ["Vergoed", euro(case.total("declared"))],
            ["Eigen risico vorige nota", euro(own)], ["Uitbetaald", euro(case.total("declared") - own)]]  # fmt: skip
    return page(f"{_top(case)}<table>{rows_of(rows)}</table>")
