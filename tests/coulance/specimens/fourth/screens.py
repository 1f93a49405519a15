"""Screens of insurers' apps, as a patient sends them from a telephone."""

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day
from tests.coulance.specimens.fourth.bills import earlier_bills, pick
from tests.coulance.specimens.insurers_paper import amounts, app, kind_of_care, period, rows


@layout("amount_on_top", screen=True)
def amount_on_top(case: Case) -> str:
    """Draw an app that shows large what it paid, with the sum below it."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    refused, less = (amount if amount == "€ 0,00" else f"- {amount}" for amount in (refused, deductible))
    sum_ = rows(("Rekening", declared), ("Niet vergoed", refused), ("Vergoeding", granted),
                ("Eigen risico", less), ("<b>Aan u betaald</b>", f"<b>{paid}</b>"))  # fmt: skip
    return app(
        f"<p>‹ Declaraties</p><div class=card><p class=grey>Aan u betaald</p><p class=big>{paid}</p>"
        f"<p>{case.practice}<br><span class=grey>{kind_of_care(case)} · {period(case, 'words')}</span></p></div>"
        f"<div class=card><b>Zo is dit berekend</b>{sum_}</div><div class=card>"
        f"{rows(('Verzekerde', case.person), ('Afgehandeld', day(case.handled_on, 'words')))}</div>"
    )


@layout("steps_of_a_claim", screen=True)
def steps_of_a_claim(case: Case) -> str:
    """Draw an app that shows the steps a claim went through, and its amounts."""
    declared, granted, deductible, _refused, paid, own = amounts(case)
    steps = rows(("✓ Ontvangen", day(case.issued_on, "short")), ("✓ Beoordeeld", day(case.handled_on, "short")),
                 ("✓ Betaald", day(case.handled_on, "short")))  # fmt: skip
    parts = rows(("Gedeclareerd", declared), ("Goedgekeurd", granted), ("Eigen risico", deductible),
                 ("Uitbetaald", paid), ("Zelf te betalen in totaal", own))  # fmt: skip
    return app(
        f"<h1>{case.practice}</h1><p class=grey>Voor {case.person} · zorg van {period(case)}</p>"
        f"<div class=card>{steps}</div><div class=card>{parts}</div>"
        f"<p>{pick(case, 'Vraag over deze declaratie?', 'Klopt er iets niet?')}</p>"
    )


@layout("list_of_claims", screen=True)
def list_of_claims(case: Case) -> str:
    """Draw an app's list of claims, of which the first is opened."""
    declared, granted, deductible, refused, _paid, _own = amounts(case)
    opened = rows(("Kosten", declared), ("Vergoed", granted), ("Daarvan eigen risico", deductible),
                  ("Niet vergoed", refused))  # fmt: skip
    others = "".join(f"<div class=card>{bill.practice}<br><span class=grey>{period(bill, 'short')}</span></div>"
                     for bill in earlier_bills(case))  # fmt: skip
    return app(
        f"<h1>Zorgkosten {case.issued_on.year}</h1><p class=grey>{case.person}</p><div class=card>"
        f"<b>{case.practice}</b><br><span class=grey>{period(case, 'short')} · afgehandeld</span>{opened}</div>{others}"
    )
