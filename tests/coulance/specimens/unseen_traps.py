"""Papers from which nothing may be proposed, by somebody who never saw the reader. See `unseen`."""

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.unseen import rows_of, table


@layout("a contribution said in a sentence", trap="own contribution")
def a_contribution_said_in_a_sentence(case: Case) -> str:
    """Draw a decision of which a part is a statutory contribution, named only below the sums."""
    part = max(case.total("declared") // 4, 1)
    granted = case.total("declared") - part
    return page(
        f"<p>{case.insurer}</p><h1>Vergoeding hulpmiddel</h1><p>Voor {case.person}, geboren {day(case.born)}<br>Nota "
        f"{case.number}, {case.practice}</p><table style='width:60%'><tr><td>Bedrag nota</td><td class=r>"
        f"{euro(case.total('declared'))}</td></tr><tr><td>Vergoed</td><td class=r>{euro(granted)}</td></tr><tr><td>"
        "Uitbetaald"
        f"</td><td class=r>{euro(granted)}</td></tr></table><p>De wet zegt dat u een kwart zelf bijdraagt. Deze "
        "eigen bijdrage "
        f"van {euro(part, 'sign')} krijgt u niet vergoed.</p>"
    )


@layout("an estimate before the care", trap="an estimate, not a decision on the invoice")
def an_estimate_before_the_care(case: Case) -> str:
    """Draw what an insurer answers to an estimate that was sent before the treatment."""
    heads = ["Behandeling", "Begroot bedrag", "Verwachte vergoeding", "Eigen risico"]
    rows = [[line.care, euro(line.declared), euro(line.granted), euro(line.deductible)] for line in case.lines]
    sums = [euro(case.total(what)) for what in ("declared", "granted", "deductible")]
    return page(
        f"<p>{case.insurer}</p><h1>Antwoord op uw begroting</h1><p>{case.person}, {day(case.born)}<br>{case.practice}, "
        f"begroting {case.number}</p>{table(heads, *rows, ['Totaal', *sums])}<p>Aan deze "
        "berekening kunt u geen rechten ontlenen. Stuur na de behandeling de nota op.</p>"
    )


@layout("a decision made anew", trap="a correction")
def a_decision_made_anew(case: Case) -> str:
    """Draw a bill that was looked at again: what was paid before, what is paid now, and the difference."""
    before = case.total("paid_out") // 2
    rows = [
        ["Nota", euro(case.total("declared"))],
        ["Vergoeding na herbeoordeling", euro(case.total("granted"))],
        ["Eigen risico", euro(case.total("deductible"))],
        ["Eerder aan u betaald", euro(before)],
        ["U krijgt nog", euro(case.total("paid_out") - before)],
    ]
    return page(
        f"<p>{case.insurer}</p><h1>Nieuwe berekening</h1><p>{case.person}, {day(case.born)}</p><p>U vroeg ons "
        "opnieuw te "
        f"kijken naar nota {case.number} van {case.practice}.</p><table style='width:60%'>{rows_of(rows)}</table>"
    )


@layout("one treatment is still looked at", trap="not decided in full")
def one_treatment_is_still_looked_at(case: Case) -> str:
    """Draw a bill of which the last treatment waits for a decision."""
    *done, last = case.lines
    rows = [[day(line.day), line.care, euro(line.declared), euro(line.granted), euro(line.deductible)] for line in done]
    rows.append([day(last.day), last.care, euro(last.declared), "volgt later", "volgt later"])
    heads = ["Datum", "Zorg", "Ingediend", "Vergoed", "Eigen risico"]
    return page(
        f"<h1>{case.insurer}: uw declaratie</h1><p>{case.person}, {day(case.born)}<br>Factuur {case.number}, "
        f"{case.practice}</p>"
        f"{table(heads, *rows)}<p>Uitbetaald: {euro(sum(line.paid_out for line in done), 'sign')}"
        "</p><p>Voor 1 behandeling vragen wij eerst informatie bij uw zorgverlener.</p>"
    )
