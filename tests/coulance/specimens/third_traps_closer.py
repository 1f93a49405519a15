"""The traps of the third writer once more, closer: on one specification that is read right if nothing is wrong.

Written after `tests/coulance/specimens/third_traps.py` was measured: there, some papers lacked a sum or a day of care,
so that they were not proposed whatever else they said. Here the sums close, and one thing makes it a trap.
"""

from dataclasses import replace
from datetime import timedelta

from tests.coulance.specimens import Case, layout
from tests.coulance.specimens.cases import PRACTICES, day, euro
from tests.coulance.specimens.insurers_paper import amounts, rows
from tests.coulance.specimens.third_traps import WEEK, insured, letter, treatments

SUBJECT = "Specificatie van uw vergoeding"


def _specification(
    case: Case, subject: str = SUBJECT, before: str = "", after: str = "", *, number: bool = True
) -> str:
    paragraphs = [f"<p>{text}</p>" if text else "" for text in (before, after)]
    facts = rows(*insured(case), ("Zorgverlener", case.practice), *[("Notanummer", case.number)][: int(number)])
    return letter(case, case.handled_on, subject, paragraphs[0] + facts + "<br>" + treatments(case) + paragraphs[1])


def _granted(case: Case, part: float, count: int = 99) -> Case:
    """Return the case with a part granted of its first treatments."""
    changed = []
    for line in case.lines[:count]:
        granted = round(line.granted * part)
        changed.append(replace(line, granted=granted, deductible=min(line.deductible, granted)))
    return replace(case, lines=(*changed, *case.lines[count:]))


def _elsewhere(case: Case) -> Case:
    return replace(case, practice=PRACTICES[(PRACTICES.index(case.practice) + 1) % len(PRACTICES)])


@layout("nothing_wrong")
def nothing_wrong(case: Case) -> str:
    """Draw the specification that the traps are made of."""
    return _specification(case, before="Hieronder ziet u hoe wij uw vergoeding hebben berekend.")


@layout("approval", trap="agrees before the treatment; the bill is still to be judged")
def approval(case: Case) -> str:
    """Draw an agreement that names the days on which the treatments are planned."""
    planned = replace(case, handled_on=case.lines[0].day - timedelta(days=11))
    return _specification(
        planned, "Akkoordverklaring",
        "Uw zorgverlener heeft ons gevraagd of u onderstaande zorg vergoed krijgt. Wij gaan akkoord. Hieronder leest u "
        "welke vergoeding daarbij hoort.",
        "Heeft u de behandeling gehad? Stuur ons dan de nota. Wij berekenen uw vergoeding met de bedragen op de nota "
        "en met de verzekering die u op de dag van de behandeling heeft.", number=False,
    )  # fmt: skip


@layout("taken_back", trap="takes back what was paid; a new bill follows")
def taken_back(case: Case) -> str:
    """Draw the undoing of a specification."""
    return _specification(
        case, "Uw declaratie",
        "Uw zorgverlener heeft deze nota ingetrokken. De vergoeding hieronder draaien wij terug. U betaalt ons "
        f"{amounts(case)[4]} terug.", "Krijgt u een nieuwe nota? Dien die dan bij ons in.",
    )  # fmt: skip


@layout("other_practice", trap="another practice's bill of the same amount and the same days")
def other_practice(case: Case) -> str:
    """Draw a specification without a number of the bill."""
    return _specification(_elsewhere(case), number=False)


@layout("other_number", trap="another bill of the same practice, amount and days")
def other_number(case: Case) -> str:
    """Draw a specification with the number of another bill."""
    return _specification(replace(case, number=case.others[0].number))


@layout("other_day", trap="the same care of four weeks earlier")
def other_day(case: Case) -> str:
    """Draw a specification without a number of the bill."""
    earlier = tuple(replace(line, day=line.day - 4 * WEEK) for line in case.lines)
    return _specification(replace(case, lines=earlier), number=False)


@layout("basic_only", trap="page 1 of 2; the supplementary insurance's part is on page 2")
def basic_only(case: Case) -> str:
    """Draw the page of the basic insurance, with its own sums, and where to read on."""
    after = "De vergoeding uit uw aanvullende verzekering leest u op pagina 2."
    return _specification(_granted(case, 0.6), "Vergoeding uit uw basisverzekering (pagina 1 van 2)", after=after)


@layout("basic_only_in_head", trap="page 1 of 2, as only its head says; the other part is on page 2")
def basic_only_in_head(case: Case) -> str:
    """Draw the page of the basic insurance, with its own sums."""
    drawn = _specification(_granted(case, 0.6), "Vergoeding uit uw basisverzekering")
    return drawn.replace("Ons kenmerk: ZD/41", "Pagina 1 van 2")


@layout("changed_sum", trap="its sums are not those of its treatments: somebody changed them")
def changed_sum(case: Case) -> str:
    """Draw a specification of which the sums of what is granted and not were changed."""
    declared, granted = case.total("declared"), case.total("granted")
    changed = round(granted * 0.62)
    above, sums = nothing_wrong(case).rsplit("Totaal", 1)
    for old, new in ((granted, changed), (declared - granted, declared - changed)):
        sums = sums.replace(f">{euro(old)}<", f">{euro(new)}<", 1)
    return f"{above}Totaal{sums}"


@layout("letter_and_table", trap="the letter grants another amount than its table")
def letter_and_table(case: Case) -> str:
    """Draw a letter with two answers."""
    other = euro(round(case.total("granted") * 0.62), "sign")
    return _specification(case, before=f"Wij vergoeden {other} van uw nota. Hieronder ziet u de berekening.")


@layout("one_still_open", trap="one treatment is not decided yet, and counted as nothing")
def one_still_open(case: Case) -> str:
    """Draw a specification of which a treatment is asked about."""
    asked = "hebben wij uw zorgverlener een vraag gesteld. Daarover krijgt u nog bericht."
    after = f"Over de behandeling van {day(case.lines[0].day)} {asked}"
    return _specification(_granted(case, 0, 1), after=after)


@layout("advance", trap="pays in advance while the insurer still asks the practice for information")
def advance(case: Case) -> str:
    """Draw a specification of an advance."""
    before = "Wij wachten nog op informatie van uw zorgverlener. Daarom betalen wij u een voorschot."
    return _specification(case, "Uw declaratie", before, "U krijgt van ons nog een eindafrekening.")


@layout("objection", trap="the insurer looks again at its decision; it repeats the one that is disputed")
def objection(case: Case) -> str:
    """Draw an answer with the decision that is disputed."""
    return _specification(
        case, "Uw verzoek om heroverweging",
        "Wij hebben uw brief ontvangen. U bent het niet eens met onze beslissing over deze declaratie:",
        "Onze medisch adviseur bekijkt uw declaratie. U hoort van ons of wij de vergoeding aanpassen.",
    )  # fmt: skip


@layout("handed_in_twice", trap="handed in twice: nothing is granted, as the first specification already did")
def handed_in_twice(case: Case) -> str:
    """Draw a specification about a bill that was judged before."""
    after = "Deze kosten zijn al eerder bij ons gedeclareerd. U vindt de vergoeding op de specificatie van "
    return _specification(_granted(case, 0), after=f"{after}{day(case.handled_on - 2 * WEEK)}.")


@layout("sent_back", trap="not judged: the bill is incomplete and has to be handed in again")
def sent_back(case: Case) -> str:
    """Draw a specification with nothing granted for want of a fact on the bill."""
    before = "Op deze nota staat niet welke behandelaar u heeft geholpen. Wij kunnen uw vergoeding niet vaststellen."
    return _specification(_granted(case, 0), before=before, after="Vraag uw zorgverlener om een volledige nota.")
