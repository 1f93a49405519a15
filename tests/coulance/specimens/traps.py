"""Papers from which nothing may be proposed, and why. They look like those of worked_on.py where it hurts."""

from dataclasses import replace

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens import worked_on as good
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page


def _table(case: Case, rows: str, *, more: str = "", title: str = "Declaratieoverzicht") -> str:
    heads = good.cells(
        "Datum", "Code", "Omschrijving", "Gedeclareerd", "Vergoed", "Eigen risico", "Uitbetaald", right=3, tag="th"
    )
    sums = [euro(case.total(what)) for what in ("declared", "granted", "deductible", "paid_out")]
    return page(
        good.head(case, title)
        + f"<p>Verzekerde: {case.person}, geboren {day(case.born)}<br>Factuurnummer: {case.number}</p>"
        f"<table>{heads}{rows}{good.cells('Totaal', '', '', *sums, right=3)}</table>{more}"
    )


def _rows(case: Case) -> str:
    return "".join(
        good.cells(
            day(x.day), x.code, x.care, *(euro(v) for v in (x.declared, x.granted, x.deductible, x.paid_out)), right=3
        )
        for x in case.lines
    )


@layout("a correction of an earlier paper", trap="correction")
def correction(case: Case) -> str:
    more = f"<p>Correctie op eerdere uitbetaling: {euro(-1_250)}</p>"
    return _table(case, _rows(case), more=more)


@layout("each line twice", trap="lines_twice")
def twice(case: Case) -> str:
    return _table(case, _rows(case) + _rows(case))


@layout("of somebody else", trap="another_person")
def somebody_else(case: Case) -> str:
    other = replace(case, name=("K.", "", "Oosterhuis"), born=case.born.replace(year=case.born.year - 27))
    return good.treatments(other)


@layout("of the child of somebody", trap="another_person")
def other_birth(case: Case) -> str:
    return good.broken(replace(case, born=case.born.replace(year=case.born.year - 30)))


@layout("about another invoice", trap="another_invoice")
def other_invoice(case: Case) -> str:
    return good.pairs(case.others[0])


@layout("an own contribution", trap="own_contribution")
def contribution(case: Case) -> str:
    own = min(case.total("paid_out"), 1_575) or 500
    return page(
        good.head(case, "Afrekening")
        + f"<p>Factuurnummer {case.number}</p><table>"
        + good.cells("Gedeclareerd", euro(case.total("declared")), right=1)
        + good.cells("Vergoed", euro(case.total("granted")), right=1)
        + good.cells("Eigen risico", euro(case.total("deductible")), right=1)
        + good.cells("Eigen bijdrage", euro(own), right=1)
        + good.cells("Uitbetaald", euro(case.total("granted") - case.total("deductible")), right=1)
        + "</table>"
    )


@layout("own contribution in a column", trap="own_contribution")
def contribution_column(case: Case) -> str:
    heads = good.cells("Datum", "Gedeclareerd", "Eigen bijdrage", "Eigen risico", "Vergoed", right=1, tag="th")
    rows = "".join(
        good.cells(
            day(x.day), *(euro(v) for v in (x.declared, x.not_reimbursed or 500, x.deductible, x.paid_out)), right=1
        )
        for x in case.lines
    )
    return page(good.head(case, "Specificatie") + f"<p>Nota {case.number}</p><table>{heads}{rows}</table>")


@layout("the year's deductible", trap="no decision on it")
def year(case: Case) -> str:
    heads = good.cells("Behandeldatum", "Zorgverlener", "Kosten", "Eigen risico", right=2, tag="th")
    rows = "".join(
        good.cells(day(x.day), case.practice, euro(x.declared), euro(x.deductible), right=2) for x in case.lines
    )
    return page(
        good.head(case, "Overzicht eigen risico 2026") + f"<table>{heads}{rows}</table>"
        f"<p>Nota {case.number}</p><p>U heeft al betaald: {euro(10_000, 'sign')}</p>"
    )


@layout("another total", trap="total_differs")
def other_total(case: Case) -> str:
    first, *rest = case.lines
    more = replace(first, declared=first.declared + 1_000, granted=first.granted + 1_000)
    return good.treatments(replace(case, lines=(more, *rest)))


@layout("two bills of a family", trap="which of two")
def family(case: Case) -> str:
    one = case.others[0]
    heads = good.cells("Naam", "Gedeclareerd", "Vergoed", "Eigen risico", "Uitbetaald", right=1, tag="th")
    rows = "".join(
        good.cells(name, *(euro(c.total(w)) for w in ("declared", "granted", "deductible", "paid_out")), right=1)
        for c, name in ((case, case.person), (one, "K. Oosterhuis"))
    )
    return page(
        good.head(case, "Zorgkosten van uw gezin")
        + f"<p>Nota {case.number} en {one.number}</p><table>{heads}{rows}</table>"
    )


@layout("not decided yet", trap="not_final")
def pending(case: Case) -> str:
    return _table(case, _rows(case), more="<p>Deze declaratie is nog in behandeling.</p>", title="Voorlopig overzicht")


@layout("one word for two things", trap="two_answers")
def ambiguous(case: Case) -> str:
    return page(
        good.head(case, "Vergoeding")
        + f"<p>Factuurnummer {case.number}</p><table>"
        + good.cells("Nota", euro(case.total("declared")), right=1)
        + good.cells("Vergoed", euro(case.total("granted")), right=1)
        + good.cells("Eigen risico", euro(max(100, case.total("deductible"))), right=1)
        + "</table>"
    )


@layout("a digit was changed", trap="sums_do_not_close")
def changed(case: Case) -> str:
    paid = f"Aan u uit te betalen</td><td class=r>{euro(case.total('paid_out'), 'sign')}"
    assert paid in good.pairs(case)
    return good.pairs(case).replace(
        paid, paid.replace(euro(case.total("paid_out")), euro(case.total("paid_out") + 100))
    )


@layout("nothing granted", trap="nothing_granted")
def nothing(case: Case) -> str:
    return good.treatments(replace(case, lines=tuple(replace(x, granted=0, deductible=0) for x in case.lines)))


@layout("an estimate", trap="not_final")
def estimate(case: Case) -> str:
    return good.sentences(case).replace("Uw declaratie", "Begroting van uw vergoeding")
