"""Papers on which a careful person would not fill in an amount; of the writer of `unseen_second`."""

from dataclasses import replace

from tests.coulance.specimens import layout
from tests.coulance.specimens.cases import PRACTICES, Case, day
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.insurers_paper import LETTERHEAD, amounts, app, foot, letterhead, period, rows
from tests.coulance.specimens.unseen_second import one_row_a_bill, overview_by_post


@layout("what you may expect", trap="the insurer only estimates", screen=True)
def estimate(case: Case) -> str:
    """Draw what an app reckons before the claim is sent."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    body = (f"<p class=grey>{case.insurer}</p><h1>Wat krijg ik terug?</h1><div class=card><b>{case.practice}</b>"
            f"<p class=grey>{period(case, 'words')}<br>Voor {case.person}</p>"
            + rows(("Bedrag van de rekening", declared), ("Niet vergoed", refused), ("Vergoed", granted),
                   ("Eigen risico", deductible), ("<b>Verwachte uitbetaling</b>", f"<b>{paid}</b>"))
            + "</div><p class=grey>Dit is een berekening vooraf. Dien de rekening in. Daarna hoor je wat je echt "
            "krijgt.</p><div class=card style='text-align:center'><b>Nu declareren</b></div>")  # fmt: skip
    return app(body)


@layout("objection not yet decided", trap="an objection is pending")
def objection(case: Case) -> str:
    """Draw a letter that repeats the decision the insurer is looking at again."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    bill = rows(("Nota", f"{case.practice}, {case.number}"), ("Behandeldatum", period(case)),
                ("Gedeclareerd bedrag", declared), ("Vergoed", granted), ("Niet vergoed", refused),
                ("Eigen risico", deductible), ("Uitbetaald", paid))  # fmt: skip
    body = (letterhead(case, f"Klantnummer: {case.policy}", f"Geboortedatum: {day(case.born)}",
                       f"Datum: {day(case.handled_on)}")
            + f"<h1>Wij hebben uw bezwaar ontvangen</h1><p>Beste {case.person},</p><p>U bent het niet eens met onze "
            f"vergoeding van de nota hieronder. Wij beoordelen de nota opnieuw. De vergoeding kan daardoor nog "
            f"veranderen. U krijgt binnen 6 weken onze beslissing.</p><h2>Waar gaat het over?</h2>{bill}"
            + foot(case))  # fmt: skip
    return page(body, style=LETTERHEAD)


@layout("a housemate's bill of the same practice", trap="somebody else's paper")
def housemates(case: Case) -> str:
    """Draw a paper about a housemate who had the same care on the same day."""
    initials = "K." if case.name[0] != "K." else "L."
    return one_row_a_bill(replace(case, name=(initials, *case.name[1:]), born=case.others[0].born))


@layout("another practice's bill", trap="another practice's bill")
def other_practice(case: Case) -> str:
    """Draw a paper about the same person, of a practice that sent a bill of its own."""
    practice = PRACTICES[(PRACTICES.index(case.practice) + 1) % len(PRACTICES)]
    return overview_by_post(replace(case.others[1], name=case.name, born=case.born, practice=practice))
