"""Papers as insurers send them, on which a careful person finds no granted amount for this invoice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import day, euro
from tests.coulance.specimens.drawing import page
from tests.coulance.specimens.fourth.bills import (
    PLAIN_TABLE,
    born_after,
    dated,
    decision,
    earlier_bills,
    moved,
    one_row,
    pick,
    sums,
    treatments,
    whose,
)
from tests.coulance.specimens.insurers_paper import (
    LETTERHEAD,
    MODERN,
    amounts,
    foot,
    kind_of_care,
    letterhead,
    period,
    rows,
    table,
)

LETTER = LETTERHEAD + PLAIN_TABLE


def _letter(case: Case, title: str, body: str, *, style: str = "") -> str:
    head = letterhead(case, whose(case), dated(case))
    close = f"<p>Met vriendelijke groet,<br>{case.insurer}</p>{foot(case)}"
    return page(f"{head}<h1>{title}</h1>{body}{close}", style=LETTER + style)


def _to_be_paid(case: Case) -> int:
    """Return an amount that is paid, but never the whole bill: from that, what was granted would be known."""
    paid = case.total("paid_out") or case.total("granted")
    return paid - 1_900 if paid == case.total("declared") else paid


@layout("quote", trap="an answer to a quote: the care has not been given")
def quote(case: Case) -> str:
    """Draw the answer to a quote of the practice."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    before = replace(case, handled_on=case.lines[0].day - timedelta(days=16))
    get = pick(case, "U ontvangt", "Wij betalen", "Uit te betalen")
    parts = rows(("Bedrag van de begroting", declared), ("Vergoeding", granted), ("Niet vergoed", refused),
                 ("Eigen risico (stand van vandaag)", deductible), (get, paid))  # fmt: skip
    planned = rows(("Zorgverlener", case.practice), ("Geplande datum", period(case)))
    return _letter(
        before,
        pick(case, "Vergoeding van uw behandeling", "Antwoord op uw begroting", "Uw aanvraag is goedgekeurd"),
        f"<p>Beste {case.person},</p><p>U stuurde ons de begroting van {case.practice}. Als de behandeling doorgaat "
        f"zoals in de begroting staat, ziet uw vergoeding er zo uit:</p>{planned}<br>{parts}<p>Stuur ons na de "
        "behandeling de nota. Dan berekenen wij de definitieve vergoeding. Uw eigen risico kan dan anders zijn.</p>",
    )


@layout("still_open", trap="the insurer has not decided yet")
def still_open(case: Case) -> str:
    """Draw a claim in a portal that is being looked at, with what may come of it."""
    declared, granted, deductible, _refused, paid, _own = amounts(case)
    status = pick(case, "In behandeling", "Wij wachten op informatie van uw zorgverlener", "Wordt gecontroleerd")
    parts = rows(("Gedeclareerd", declared), (pick(case, "Verwachte vergoeding", "Voorlopige vergoeding"), granted),
                 ("Eigen risico", deductible), ("Verwacht op uw rekening", paid))  # fmt: skip
    return page(
        f"<p class=note>Mijn {case.insurer} › Declaraties</p><h1>{case.practice}</h1><p>Status: <b>{status}</b></p>"
        f"{rows(('Verzekerde', case.person), ('Geboortedatum', day(case.born)), ('Datum zorg', period(case)))}<br>"
        f"{parts}<p>U krijgt bericht als uw declaratie is afgehandeld. Dat duurt meestal 10 werkdagen.</p>",
        style=PLAIN_TABLE + MODERN,
    )


@layout("reconsidered", trap="the insurer looks at its decision again")
def reconsidered(case: Case) -> str:
    """Draw the receipt of an objection, which repeats the decision that is objected to."""
    return _letter(
        case,
        pick(case, "Wij hebben uw bezwaar ontvangen", "Uw verzoek om heroverweging"),
        f"<p>Beste {case.person},</p><p>U bent het niet eens met onze beslissing over de nota van {case.practice}. "
        f"Dit was onze beslissing:</p>{decision(case)}<p>Wij beoordelen deze nota nu opnieuw. U krijgt uiterlijk "
        f"{day(case.handled_on + timedelta(days=42), 'words')} een nieuwe beslissing.</p>",
    )


@layout("taken_back", trap="a correction that takes the reimbursement back")
def taken_back(case: Case) -> str:
    """Draw a correction of an earlier decision: what was granted is taken back."""
    declared, granted, deductible, refused, paid, _own = amounts(case)
    heads = "Datum zorg|Zorgverlener|Gedeclareerd|Vergoed|Eigen risico|Uitbetaald"
    minus = [f"- {amount}" for amount in (declared, granted, deductible, paid)]
    row = table(heads, [[period(case), case.practice, *minus]], right_from=2)
    back = "Het eigen risico boeken wij terug."
    back = "Dit bedrag verrekenen wij met een volgende declaratie." if case.total("paid_out") else back
    was = rows(("Gedeclareerd", declared), ("Niet vergoed", refused), ("Eerder vergoed", granted),
               ("Eerder uitbetaald, ontvangen wij terug", paid))  # fmt: skip
    return _letter(
        case,
        pick(case, "Correctie op uw declaratieoverzicht", "Gecorrigeerde specificatie"),
        f"<p>Beste {case.person},</p><p>Uw zorgverlener heeft ons laten weten dat de nota voor de zorg van "
        f"{period(case)} bij {case.practice} niet klopt. Daarom draaien wij de vergoeding terug:</p>"
        f"{row if case.seed % 2 else was}<p>{back} Krijgt u een "
        "nieuwe nota? Stuur die dan opnieuw in.</p>",
    )


@layout("relative", trap="the care was for another person of the family")
def relative(case: Case) -> str:
    """Draw a decision about a child's or a partner's bill, sent to the patient as policyholder."""
    initial = case.name[0][0]
    other = pick(case, f"{initial}.W.", "K.", f"{initial}.L.")
    member = replace(case, name=(other, *case.name[1:]), born=born_after(case, (3, 27)[case.seed % 2]))
    about = rows(("Verzekerde", member.person), ("Geboortedatum", day(member.born)), ("Polis", case.policy))
    return page(
        f"{letterhead(case, dated(case), f'Polisnummer: {case.policy}')}"
        f"<h1>{pick(case, 'Declaratieoverzicht', 'Vergoedingsoverzicht')}</h1>{about}<br>{decision(member)}"
        f"<p>Wij maken het bedrag over op uw rekening.</p>{foot(case)}",
        style=LETTER,
    )


OTHERS = [("Apotheek Buitenhof", "Farmaceutische zorg"), ("Oogzorg Noordkade", "Medisch-specialistische zorg"),
          ("Logopedie De Brug", "Logopedie"), ("Podotherapie Rijnstate", "Podotherapie")]  # fmt: skip


@layout("elsewhere", trap="the bill is another practice's")
def elsewhere(case: Case) -> str:
    """Draw a decision about a bill of the same amount and day, of a practice of another kind."""
    practice, kind = OTHERS[case.seed % len(OTHERS)]
    other = replace(case, practice=practice)
    body = one_row(other).replace(kind_of_care(case), kind) if case.seed % 2 else (
        rows(("Zorgverlener", practice), ("Soort zorg", kind), ("Datum zorg", period(case))) + sums(other))  # fmt: skip
    return _letter(case, "Vergoedingsoverzicht", f"<p>Wij hebben uw nota verwerkt.</p>{body}")


@layout("other_day", trap="the care was on another day")
def other_day(case: Case) -> str:
    """Draw a decision about the round of treatment before, of the same amounts."""
    before = moved(case, (-28, -42, -7 * len(case.lines) - 14)[case.seed % 3])
    body = f"<p>Beste {case.person},</p><p>Uw declaratie is verwerkt.</p>{decision(before)}"
    return _letter(case, pick(case, "Specificatie van uw declaratie", "Uw vergoeding"), body)


@layout("own_risk_of_the_year", trap="an overview of the year's own risk says nothing of what is granted")
def own_risk_of_the_year(case: Case) -> str:
    """Draw the overview of what counted for the own risk in a year."""
    lines = []
    for bill in [*reversed(earlier_bills(case)), case]:
        cells = [period(bill), bill.practice, kind_of_care(bill), euro(bill.total("declared"))]
        lines.append([*cells, euro(bill.total("deductible"))])
    used = case.total("deductible")
    lines.append(["<b>Totaal</b>", "", "", "", f"<b>{euro(used)}</b>"])
    heads = "Behandeldatum|Zorgverlener|Soort zorg|Kosten|Betaald uit eigen risico"
    whole = 38_500 if used <= 38_500 else 88_500
    return _letter(
        case,
        f"Overzicht eigen risico {case.issued_on.year}",
        f"<p>Hieronder staat welke zorgkosten bij ons bekend zijn en wat daarvan meetelt voor uw eigen risico.</p>"
        f"{table(heads, lines, right_from=3)}<br>"
        f"{rows(('Uw eigen risico', euro(whole, 'sign')), ('Nog open', euro(whole - used, 'sign')))}",
    )


@layout("premium", trap="a bill for the premium, which takes off what was to be paid out")
def premium(case: Case) -> str:
    """Draw a bill for the premium from which the payment for a declaration is taken."""
    month = day(case.handled_on.replace(day=1) + timedelta(days=32), "words").split(maxsplit=1)[1]
    due, paid = 15_895 + 2_450, _to_be_paid(case)
    parts = rows((f"Basisverzekering {month}", euro(15_895, "sign")), (f"Aanvullende verzekering {month}", "€ 24,50"),
                 (f"Declaratie {case.practice}, {period(case)}", euro(-paid, "sign")),
                 ("<b>Te betalen</b>" if due >= paid else "<b>Te ontvangen</b>",
                  f"<b>{euro(abs(due - paid), 'sign')}</b>"))  # fmt: skip
    close = "Wij schrijven dit rond de 1e van de maand af." if due >= paid else "Wij maken dit aan u over."
    return _letter(case, "Uw premienota", f"<p>Nota voor {month}</p>{parts}<p>{close}</p>")


@layout("reminder", trap="a reminder to pay the insurer an own part")
def reminder(case: Case) -> str:
    """Draw a reminder of the insurer to pay what it advanced to the practice."""
    own = case.total("deductible") + case.total("not_reimbursed") or case.total("declared") // 3
    is_open = euro(own, "sign")
    lines = [[period(case), case.practice, "Eigen risico en eigen kosten", is_open]]
    claimed = table("Datum zorg|Zorgverlener|Omschrijving|Bedrag", lines, right_from=3)
    return _letter(
        case,
        pick(case, "Herinnering: eigen kosten", "Betalingsherinnering"),
        f"<p>Beste {case.person},</p><p>Wij hebben uw zorgverlener betaald. Een deel daarvan betaalt u aan ons. Dat "
        f"hebben wij nog niet ontvangen.</p>{claimed}<p>Wilt u {is_open} betalen vóór "
        f"{day(case.handled_on + timedelta(days=14), 'words')}? Hebt u al betaald? Dan hoeft u niets te doen.</p>",
    )


@layout("calculator", trap="a calculator that the patient filled in")
def calculator(case: Case) -> str:
    """Draw what a calculator on the insurer's site makes of what the patient filled in."""
    _declared, granted, deductible, refused, paid, _own = amounts(case)
    filled = rows(("Zorgverlener", case.practice), ("Datum", period(case)), ("Kosten", amounts(case)[0]))
    result = rows(
        ("Vergoeding", granted), ("Niet vergoed", refused), ("Eigen risico", deductible), ("U ontvangt", paid)
    )
    return page(
        f"<p class=note>{case.insurer} › Vergoedingen › Vergoedingenzoeker</p><h1>"
        f"{pick(case, 'Bereken uw vergoeding', 'Wat krijg ik vergoed?')}</h1><p>U bent ingelogd als {case.person}</p>"
        f"<h2>Uw gegevens</h2>{filled}<h2>Uw vergoeding</h2>{result}<p class=note>Deze berekening is gemaakt met wat "
        "u hebt ingevuld. Wat u echt krijgt, ziet u als wij uw declaratie hebben verwerkt.</p><p>Declareren ›</p>",
        style=PLAIN_TABLE + MODERN,
    )


@layout("worked_example", trap="an example that explains a decision")
def worked_example(case: Case) -> str:
    """Draw the letter that explains overviews: a decision as an example, of an invented person and bill."""
    example = replace(earlier_bills(case)[0], name=("A.", "", "Voorbeeld"))
    shown = (f"<div style='border:.6pt solid #999;padding:3mm'>Verzekerde: {example.person}"
             f"{treatments(example) if case.seed % 2 else sums(example)}</div>")  # fmt: skip
    return page(
        f"{letterhead(case, dated(case))}<h1>Zo leest u uw declaratieoverzicht</h1><p>"
        f"Binnenkort krijgt u van ons een overzicht van uw nota van {case.practice}. Het bedrag van die nota is "
        f"{amounts(case)[0]}. De zorg was op {period(case)}. Zo ziet een overzicht eruit:</p>{shown}"
        "<h2>Gedeclareerd</h2><p>Het bedrag op de nota van de zorgverlener.</p>"
        "<h2>Vergoed</h2><p>Wat u volgens uw verzekering krijgt.</p>"
        f"<h2>Eigen risico</h2><p>Wat u zelf betaalt voordat wij betalen.</p>{foot(case)}",
        style=LETTER,
    )


@layout("cut_off", trap="the paper stops before its sums")
def cut_off(case: Case) -> str:
    """Draw the first sheet of two: some treatments, or another bill, and no sums of this one."""
    heads = "Datum|Behandeling|Gedeclareerd|Vergoed|Eigen risico"
    lines = [[day(line.day), line.care, euro(line.declared), euro(line.granted), euro(line.deductible)]
             for line in case.lines[:-1]]  # fmt: skip
    if not lines:
        other = earlier_bills(case)[0]
        first = f"<h2>{other.practice}</h2>{rows(('Datum zorg', period(other)))}{sums(other)}"
        shown = (
            f"{first}<h2>{case.practice}</h2>{rows(('Datum zorg', period(case)), ('Gedeclareerd', amounts(case)[0]))}"
        )
    else:
        shown = f"<h2>{case.practice}</h2>{table(heads, lines, right_from=2)}"
    return page(
        f"{letterhead(case, whose(case), dated(case))}<h1>Declaratieoverzicht</h1>"
        f"<p>Wij hebben deze nota's voor u verwerkt.</p>{shown}<p class=note style='text-align:right'>"
        f"{pick(case, 'Pagina 1 van 2', '1 / 2', 'z.o.z.')}</p>",
        style=LETTER,
    )


@layout("two_decisions", trap="two decisions with different amounts")
def two_decisions(case: Case) -> str:
    """Draw a bill that was handed in twice and decided in two ways."""
    part = (60, 80, 90)[case.seed % 3]
    lines = tuple(replace(line, granted=line.granted * part // 100, deductible=0)
                  for line in case.lines)  # fmt: skip
    other = replace(case, lines=lines)
    first, second = (case, other) if case.seed % 2 else (other, case)
    draw: Callable[[Case], str] = treatments if case.seed % 3 == 1 else sums
    number = 52_000_000 + case.seed * 311
    return _letter(
        case,
        "Declaratieoverzicht",
        f"<p>Deze declaraties zijn verwerkt op {day(case.handled_on)}.</p><h2>Declaratie {number}</h2>"
        f"{rows(('Zorgverlener', case.practice), ('Datum zorg', period(case)))}{draw(first)}"
        f"<h2>Declaratie {number + 4}</h2>"
        f"{rows(('Zorgverlener', case.practice), ('Datum zorg', period(case)))}{draw(second)}",
        style="h2{margin:4mm 0 0}",
    )


@layout("changed_by_hand", trap="somebody wrote other amounts on the paper")
def changed_by_hand(case: Case) -> str:
    """Draw a good decision on which somebody struck out the granted amount and wrote another."""
    granted = case.total("granted")
    less = euro(granted - (500, 1_000, 2_000)[case.seed % 3], "plain")
    hand = "display:inline-block;color:#1f3fae;font:16pt Z003;transform:rotate(-4deg);margin-right:6mm"
    note = f"<span style='{hand}'>{pick(case, less, f'moet zijn {less}', f'= {less}')}</span>"
    struck = f"{note}<s style='color:#1f3fae'>{euro(granted, 'sign')}</s>"
    body = sums(case).replace(f"<td>Vergoed</td><td class=r>{euro(granted, 'sign')}</td>",
                              f"<td>Vergoed</td><td class=r>{struck}</td>")  # fmt: skip
    about = rows(("Zorgverlener", case.practice), ("Datum zorg", period(case)))
    return _letter(case, "Specificatie van uw declaratie", f"{about}<br>{body}")


@layout("set_off", trap="what was paid out was set off against premiums; what was granted is in another paper")
def set_off(case: Case) -> str:
    """Draw a letter about a payment that was set off against premiums that are due."""
    paid = _to_be_paid(case)
    taken = min(paid, (4_000, 12_750, 31_790)[case.seed % 3])
    kept = pick(case, "Verrekend met premieachterstand", "Ingehouden voor openstaande premie")
    parts = rows((f"Nota {case.practice}, {period(case)}", amounts(case)[0]), ("Te betalen aan u", euro(paid, "sign")),
                 (kept, euro(taken, "sign")),
                 ("Overgemaakt", euro(paid - taken, "sign")))  # fmt: skip
    return _letter(
        case,
        "Wij hebben uw vergoeding verrekend",
        f"<p>Beste {case.person},</p><p>U hebt nog niet alle premie betaald. Daarom hebben wij het bedrag voor uw "
        f"declaratie daarmee verrekend:</p>{parts}<p>Hoe wij uw vergoeding hebben berekend en wat er naar uw eigen "
        "risico ging, staat in het overzicht dat u apart krijgt.</p>",
    )
