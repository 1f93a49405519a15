"""Traps by a writer who never saw the reader, its words or the other piles.

Each is a paper that a person who looks well would put back: there is no decision about this invoice on it, or not the
whole of one. What it says of money is what such a paper says; the invoice's own amounts are on it wherever they would
be in life.
"""

from dataclasses import replace
from datetime import date, timedelta

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import PRACTICES, day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.insurers_paper import (
    LETTERHEAD,
    MODERN,
    RULED,
    amounts,
    app,
    foot,
    kind_of_care,
    letterhead,
    own_risk_state,
    period,
    rows,
    table,
)

PAPER = LETTERHEAD + RULED
WEEK = timedelta(weeks=1)


def letter(case: Case, written_on: date, subject: str, body: str, *, reference: str = "ZD/41") -> str:
    """Return a letter of the insurer about somebody's care."""
    facts = f"Datum: {day(written_on, 'words')}", f"Relatienummer: {case.policy}", f"Ons kenmerk: {reference}"
    family = " ".join(filter(None, case.name[1:]))
    opening = f"<h1>{subject}</h1><p>Geachte heer, mevrouw {family[0].upper()}{family[1:]},</p>"
    closing = f"<p>Met vriendelijke groet,<br><br>Team Zorgkosten<br>{case.insurer}</p>"
    return page(letterhead(case, *facts) + opening + body + closing + foot(case), style=PAPER)


def insured(case: Case) -> tuple[tuple[str, str], ...]:
    """Return whose care it is."""
    return ("Verzekerde", case.person), ("Geboortedatum", day(case.born))


def treatments(case: Case) -> str:
    """Return what is declared, granted and left of each treatment, with the sums."""
    parts = "declared", "granted", "deductible", "not_reimbursed", "paid_out"
    lines = [[day(line.day), line.code, line.care, *(euro(getattr(line, part)) for part in parts)]
             for line in case.lines]  # fmt: skip
    lines.append(["Totaal", "", "", *(euro(case.total(part)) for part in parts)])
    heads = "Datum|Code|Behandeling|Nota|Vergoeding|Eigen risico|Niet vergoed|U ontvangt"
    return table(heads, lines, right_from=3)


@layout("approval", trap="agrees to a quote before the treatment; the bill is still to be judged")
def approval(case: Case) -> str:
    """Draw an insurer's agreement with what a practice expects to do."""
    written_on = case.lines[0].day - timedelta(days=11)
    lines = [[line.code, line.care, euro(line.declared), euro(line.granted), euro(line.not_reimbursed)]
             for line in case.lines]  # fmt: skip
    declared, granted, deductible, refused, _, _ = amounts(case, "plain")
    lines.append(["Totaal", "", declared, granted, refused])
    until = written_on.replace(year=written_on.year + 1, day=1)
    return letter(
        case, written_on, "Akkoordverklaring",
        f"<p>{case.practice} heeft ons gevraagd of u onderstaande zorg vergoed krijgt. Wij hebben het behandelplan en "
        "de begroting beoordeeld en gaan akkoord. Hieronder leest u welke vergoeding daarbij hoort.</p>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Begroting van", day(written_on - 2 * WEEK)),
               ("Akkoord geldig tot", day(until)))
        + "<br>" + table("Code|Behandeling|Bedrag|Vergoeding|Eigen betaling", lines, right_from=2)
        + f"<p>Van de vergoeding gaat naar verwachting € {deductible} af voor uw eigen risico.</p>"
        "<p>Heeft u de behandeling gehad? Stuur ons dan de nota. Wij berekenen uw vergoeding met de bedragen op de "
        "nota en met de verzekering die u op de dag van de behandeling heeft.</p>",
        reference=f"AKV {case.policy[:6]}",
    )  # fmt: skip


@layout("family", trap="another person of the family: the letter goes to the holder of the policy")
def family(case: Case) -> str:
    """Draw a specification about the partner of the patient, of a visit together."""
    partner = "L. " + case.person.partition(" ")[2]
    born = case.born + timedelta(days=1_117)
    return letter(
        case, case.handled_on, "Specificatie van uw vergoeding",
        f"<p>U heeft een declaratie bij ons ingediend. U ontvangt {amounts(case)[4]} op uw rekening. Hieronder ziet u "
        "hoe wij dit bedrag hebben berekend.</p>"
        + rows(("Zorgkosten van", f"{partner} ({day(born)})"), ("Zorgverlener", case.practice),
               ("Ontvangen op", day(case.handled_on - timedelta(days=3))))
        + "<br>" + treatments(case)
        + "<p>U bent verzekeringnemer. Daarom ontvangt u ook de specificaties van de andere verzekerden op uw "
        "polis.</p>",
    )  # fmt: skip


@layout("taken_back", trap="takes back what was paid; a new bill follows")
def taken_back(case: Case) -> str:
    """Draw a correction that undoes the decision about the invoice."""
    declared, granted, deductible, _, paid, _ = amounts(case)
    lines = [[day(line.day), line.care, euro(line.declared), euro(line.granted), euro(-line.granted, "behind")]
             for line in case.lines]  # fmt: skip
    heads = "Behandeldatum|Omschrijving|Gedeclareerd|Vergoeding|Correctie"
    return letter(
        case, case.handled_on + 3 * WEEK, "Correctie op uw declaratie",
        f"<p>Op {day(case.handled_on, 'words')} ontving u van ons een vergoeding voor nota {case.number} van "
        f"{case.practice}. Uw zorgverlener heeft ons laten weten dat deze nota niet juist is en heeft de nota "
        "ingetrokken. Daarom draaien wij de vergoeding terug.</p>"
        + rows(*insured(case), ("Notanummer", case.number)) + "<br>" + table(heads, lines, right_from=2)
        + "<br>" + rows(("Totaal gedeclareerd", declared), ("Totaal vergoeding", granted),
                        ("Terug naar uw eigen risico", deductible), ("Door u terug te betalen", paid))
        + "<p>U krijgt van uw zorgverlener een nieuwe nota. Dient u die bij ons in, dan beoordelen wij de kosten "
        "opnieuw.</p>",
        reference=f"CORR-{case.policy[:7]}",
    )  # fmt: skip


@layout("other_practice", trap="a bill of another practice with the same amount")
def other_practice(case: Case) -> str:
    """Draw a specification that names a practice and the day of its bill, as some keep treatments off the paper."""
    practice = PRACTICES[(PRACTICES.index(case.practice) + 1) % len(PRACTICES)]
    declared, granted, deductible, refused, paid, _ = amounts(case)
    body = (
        f"<h1>{case.insurer}</h1><h2>Uitkomst declaratie</h2>"
        + rows(("Naam", case.person), ("Geboren", day(case.born)), ("Relatienummer", case.policy),
               ("Verwerkt op", day(case.handled_on)))
        + f"<h2>{practice}</h2>"
        + rows(("Datum nota", day(case.issued_on + timedelta(days=2))), ("Bedrag nota", declared),
               ("Vergoed", granted), ("Niet vergoed", refused), ("Verrekend met eigen risico", deductible),
               ("Uitbetaald", paid))
        + own_risk_state(case)
        + "<p>Om uw privacy te beschermen staan de behandelingen niet op dit overzicht. U vindt ze na inloggen.</p>"
    )  # fmt: skip
    return page(body, style=MODERN + RULED)


@layout("other_day", trap="the same care of four weeks earlier", screen=True)
def other_day(case: Case) -> str:
    """Draw an app's screen about last month's treatments, which cost the same."""
    before = replace(case, lines=tuple(replace(line, day=line.day - 4 * WEEK) for line in case.lines))
    declared, granted, deductible, refused, paid, own = amounts(case)
    return app(
        f"<div class=card><span class=grey>Uitbetaald op {day(case.handled_on - 4 * WEEK, 'words')}</span><br>"
        f"<span class=big>{paid}</span><br>{case.practice}</div>"
        f"<div class=card>{rows(('Voor', case.person), ('Behandeling', period(before, 'short')))}</div>"
        "<div class=card>" + rows(("Gedeclareerd", declared), ("Vergoeding", granted), ("Eigen risico", deductible))
        + f"</div><div class=card>{rows(('Niet vergoed', refused), ('Zelf te betalen', own))}</div>"
    )  # fmt: skip


@layout("year_for_taxes", trap="sums of a year per practice, of two bills together")
def year_for_taxes(case: Case) -> str:
    """Draw the overview of a year that people keep for their tax return."""
    year, (earlier, elsewhere) = case.issued_on.year, case.others
    parts = "declared", "granted", "not_reimbursed"
    here = [case.total(part) + earlier.total(part) for part in parts]
    there = [elsewhere.total(part) for part in parts]
    pharmacy = [4_870, 4_870, 0]
    sums = [sum(column) for column in zip(here, there, pharmacy, strict=True)]
    lines = [
        [kind_of_care(case), case.practice, "2", *map(euro, here)],
        [kind_of_care(elsewhere), "Overige zorgverleners", "1", *map(euro, there)],
        ["Farmacie", "Apotheek Lindeplein", "3", *map(euro, pharmacy)],
        ["Totaal", "", "6", *map(euro, sums)],
    ]
    return letter(
        case, date(year + 1, 2, 4), f"Uw zorgkosten in {year}",
        f"<p>Doet u aangifte inkomstenbelasting over {year}? Dan kunt u dit overzicht gebruiken. U ziet per "
        "zorgverlener wat er is gedeclareerd en wat wij hebben vergoed.</p>" + rows(*insured(case)) + "<br>"
        + table("Soort zorg|Zorgverlener|Nota's|Gedeclareerd|Vergoed|Niet vergoed", lines, right_from=2)
        + "<p>Kosten die onder uw eigen risico vallen, zijn niet aftrekbaar. Meer leest u op de website van de "
        "Belastingdienst.</p>",
    )  # fmt: skip


@layout("reminder", trap="asks for premium and own risk that are still to be paid")
def reminder(case: Case) -> str:
    """Draw a reminder in which the bill for own risk names the costs of the care."""
    costs = case.total("declared")
    own, premium = min(costs, 38_500), 16_295
    lines = [
        ["Premie", f"Zorgverzekering {case.handled_on:%m-%Y}", "", euro(premium)],
        ["Zorgkosten", f"{kind_of_care(case)}, {period(case)}", euro(costs), euro(own)],
        ["Totaal", "", "", euro(premium + own)],
    ]
    return letter(
        case, case.handled_on + 6 * WEEK, "Herinnering",
        "<p>U heeft van ons een nota gekregen. Wij hebben uw betaling nog niet ontvangen. Misschien bent u het "
        "vergeten, of heeft onze brief uw betaling gekruist.</p>" + rows(*insured(case)) + "<br>"
        + table("Soort|Omschrijving|Kosten zorg|Openstaand", lines, right_from=2)
        + "<br>" + rows(("Waarvan eigen risico", euro(own, "sign")), ("Al betaald", euro(0, "sign")),
                        ("Te betalen", euro(premium + own, "sign")))
        + f"<p>Wilt u dit bedrag vóór {day(case.handled_on + 8 * WEEK, 'words')} betalen? Lukt dat niet, vraag dan "
        "een betalingsregeling aan.</p>",
    )  # fmt: skip


@layout("calculator", trap="a calculator's answer to what the patient filled in", screen=True)
def calculator(case: Case) -> str:
    """Draw the last step of an insurer's calculator, for somebody who is logged in."""
    declared, granted, deductible, refused, paid, own = amounts(case)
    return app(
        "<div class=card><span class=grey>Vergoeding berekenen · stap 3 van 3</span><br>"
        f"<b>{case.practice}</b><br><span class=grey>{kind_of_care(case)} · geen contract</span></div>"
        "<div class=card>" + rows(("Voor", case.person), ("Behandeldatum", day(case.lines[0].day))) + "</div>"
        "<div class=card>" + rows(("Kosten", declared), ("Vergoeding", granted), ("Niet vergoed", refused),
                                  ("Eigen risico", deductible), ("U krijgt", paid))
        + f"<p>U betaalt zelf {own}.</p></div><p class=grey>Dit is een indicatie op basis van wat u heeft ingevuld. U "
        "kunt hieraan geen rechten ontlenen.</p><div class=card><b>Opnieuw berekenen</b></div>"
    )  # fmt: skip


@layout("received", trap="confirms that the claim came in; the amounts granted are an example's")
def received(case: Case) -> str:
    """Draw a confirmation that explains how a reimbursement is worked out."""
    return letter(
        case, case.handled_on, "Wij hebben uw declaratie ontvangen",
        "<p>Bedankt voor uw declaratie. Dit heeft u ingediend:</p>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Notanummer", case.number),
               ("Behandeldatum", period(case)), ("Bedrag nota", amounts(case)[0]))
        + f"<p>Uiterlijk {day(case.handled_on + 2 * WEEK, 'words')} staat de uitkomst voor u klaar.</p>"
        "<h2>Zo berekenen wij uw vergoeding</h2><p>Uw zorgverlener heeft geen contract met ons. Wij vergoeden dan 75% "
        "van het gemiddelde tarief. Stel, uw nota is € 200,00 en het gemiddelde tarief is € 180,00:</p>"
        + rows(("Bedrag nota", "€ 200,00"), ("Vergoeding (75% van € 180,00)", "€ 135,00"),
               ("Niet vergoed", "€ 65,00"), ("Eigen risico", "€ 100,00"), ("Uitbetaling", "€ 35,00"))
        + "<p>Krijgt u vergoeding uit uw aanvullende verzekering? Dan geldt het eigen risico niet.</p>",
    )  # fmt: skip


@layout("first_page", trap="page 1 of 2: what the supplementary insurance adds, and the sums, are missing")
def first_page(case: Case) -> str:
    """Draw the first page of a specification of which the second was not sent along."""
    lines = [[day(line.day), line.code, line.care, euro(line.declared), euro(round(line.granted * 0.6))]
             for line in case.lines]  # fmt: skip
    body = (
        letterhead(case, f"Datum {day(case.handled_on)}", f"Relatienummer {case.policy}", "Pagina 1 van 2")
        + "<h1>Declaratiespecificatie</h1>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Factuurnummer", case.number),
               ("Factuurbedrag", amounts(case)[0]))
        + "<h2>Vergoeding uit uw basisverzekering</h2>"
        + table("Datum|Code|Omschrijving|Gedeclareerd|Vergoed", lines, right_from=3)
        + "<p>Lees verder op pagina 2.</p>" + foot(case)
    )  # fmt: skip
    return page(body, style=PAPER)


@layout("two_amounts", trap="its sum is not that of its treatments: somebody changed the paper")
def two_amounts(case: Case) -> str:
    """Draw a specification of which the sums were changed, and the treatments forgotten."""
    declared, changed = case.total("declared"), round(case.total("granted") * 0.62)
    lines = [[day(line.day), line.code, line.care, euro(line.declared), euro(line.granted), euro(line.not_reimbursed)]
             for line in case.lines]  # fmt: skip
    lines.append(["Totaal", "", "", euro(declared), euro(changed), euro(declared - changed)])
    body = (
        letterhead(case, f"Datum {day(case.handled_on, 'words')}", f"Polisnummer {case.policy}")
        + "<h1>Vergoedingenoverzicht</h1>"
        + rows(*insured(case), ("Zorgaanbieder", case.practice), ("Factuurnummer", case.number))
        + "<br>" + table("Datum|Code|Omschrijving|Gedeclareerd|Vergoed|Niet vergoed", lines, right_from=3)
        + f"<p><b>Wij vergoeden {euro(changed, 'sign')} van deze factuur.</b></p>" + foot(case)
    )  # fmt: skip
    return page(body, style=PAPER + MODERN)


@layout("advance", trap="pays in advance while the insurer still asks the practice for information")
def advance(case: Case) -> str:
    """Draw a letter with an advance, of which the final amount follows."""
    declared, granted, _, refused, _, _ = amounts(case)
    most = euro(round(case.total("granted") * 0.8), "sign")
    return letter(
        case, case.handled_on, "Uw declaratie: wij betalen alvast een deel",
        f"<p>U heeft nota {case.number} bij ons ingediend. Wij hebben {case.practice} om informatie gevraagd en die "
        "nog niet ontvangen. Omdat u hierop niet hoeft te wachten, betalen wij u een voorschot.</p>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Behandeldatum", period(case)))
        + "<br>" + rows(("Gedeclareerd bedrag", declared), ("Vergoeding", granted), ("Niet vergoed", refused),
                        ("Voorschot op uw rekening (80%)", most))
        + f"<p>Uiterlijk {day(case.handled_on + 5 * WEEK, 'words')} sturen wij u de eindafrekening. De vergoeding kan "
        "dan hoger of lager zijn. Hebben wij te veel betaald? Dan vragen wij het verschil terug.</p>",
    )  # fmt: skip


@layout("objection", trap="the insurer looks again at its decision; it repeats the one that is disputed")
def objection(case: Case) -> str:
    """Draw the first answer to somebody who disagrees with a reimbursement."""
    declared = case.total("declared")
    granted = min(case.total("granted"), round(declared * 0.85))
    until = case.handled_on + 8 * WEEK
    return letter(
        case, case.handled_on + 2 * WEEK, "Uw verzoek om heroverweging",
        f"<p>Op {day(case.handled_on + WEEK, 'words')} ontvingen wij uw brief. U bent het niet eens met onze "
        "beslissing over deze declaratie:</p>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Notanummer", case.number),
               ("Behandeldatum", period(case)), ("Datum beslissing", day(case.handled_on)),
               ("Gedeclareerd", euro(declared, "sign")), ("Vergoed", euro(granted, "sign")),
               ("Niet vergoed", euro(declared - granted, "sign")))
        + "<p>U vindt dat wij een te laag tarief hebben gebruikt. Onze medisch adviseur bekijkt uw declaratie nu "
        f"opnieuw. Uiterlijk {day(until, 'words')} hoort u of wij de vergoeding aanpassen.</p><p>Tot die tijd hoeft u "
        "niets te doen. Krijgt u een betalingsherinnering van uw zorgverlener? Laat dan deze brief zien.</p>",
        reference=f"HO-{case.policy[:5]}",
    )  # fmt: skip


@layout("handed_in_twice", trap="handed in twice: nothing is granted, as the first specification already did")
def handed_in_twice(case: Case) -> str:
    """Draw a specification about a bill that was judged before."""
    lines = [[day(line.day), line.code, line.care, euro(line.declared), euro(0), "A12"] for line in case.lines]
    declared = case.total("declared")
    lines.append(["Totaal", "", "", euro(declared), euro(0), ""])
    return letter(
        case, case.handled_on + WEEK, "Specificatie declaratie",
        "<p>Wij hebben uw declaratie beoordeeld. U leest hieronder wat u vergoed krijgt.</p>"
        + rows(*insured(case), ("Zorgverlener", case.practice), ("Notanummer", case.number)) + "<br>"
        + table("Datum|Code|Behandeling|Gedeclareerd|Vergoed|Uitleg", lines, right_from=3)
        + "<br>" + rows(("Niet vergoed", euro(declared, "sign")), ("Wij betalen u", euro(0, "sign")))
        + "<h2>Uitleg</h2><p>A12: Deze kosten zijn al eerder bij ons gedeclareerd. U vindt de vergoeding op de "
        f"specificatie van {day(case.handled_on, 'words')}.</p>",
    )  # fmt: skip


@layout("sent_back", trap="not judged: the bill is incomplete and has to be handed in again")
def sent_back(case: Case) -> str:
    """Draw a specification with nothing granted for want of a fact on the bill."""
    lines = [[day(line.day), line.care, euro(line.declared), euro(0), euro(line.declared)] for line in case.lines]
    declared = euro(case.total("declared"))
    lines.append(["Totaal", "", declared, euro(0), declared])
    return letter(
        case, case.handled_on, "Uitkomst van uw declaratie",
        f"<p>U declareerde een nota van {case.practice}. Op deze nota staat niet welke behandelaar u heeft geholpen. "
        "Daarom kunnen wij uw recht op vergoeding niet vaststellen.</p>"
        + rows(*insured(case), ("Notanummer", case.number), ("Zorgverlener", case.practice)) + "<br>"
        + table("Behandeldatum|Omschrijving|Gedeclareerd|Vergoeding|Voor uw rekening", lines, right_from=2)
        + "<p>Vraag uw zorgverlener om een nota met de AGB-code van de behandelaar en declareer die opnieuw. Dan "
        "beoordelen wij of u een vergoeding krijgt.</p>",
    )  # fmt: skip
