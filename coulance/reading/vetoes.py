"""Signs on a paper that no sum outweighs: whatever else can be read, nothing is proposed then."""

import re
from collections.abc import Iterator, Sequence

from coulance.reading.language import labels
from coulance.reading.language.notation import plain
from coulance.reading.meaning import Fact
from coulance.reading.sheet import Row

_INSURED = "(aan)?(u|jou|je|onsu)?"
_BEFORE = "(eerder|reeds|al|vorig|inmiddels)"
_MOVED = "(uitbetaalde?|vergoede?|uitgekeerde?|betaalde?|overgemaakte?|ontvangen|voldane?)"
_CORRECTION = re.compile(
    "correctie|gecorrigeerd|herberekening|herberekend|herbeoordel|herbeoordeeld|heroverweging|terugvorder|storno"
    "|creditnota|gecrediteerd|creditering|tegenboeking|nabetaling|naverrekening|ingetrokken|vervangt"
    f"|{_BEFORE}(door)?(ons)?{_INSURED}{_MOVED}(bedrag|aan|op|door|van|nota)|eerder{_INSURED}{_MOVED}"
    f"|(voorschot|vooruitbetaling|eerdere(uit)?betaling|vorige(uit)?betaling|tweedebeoordeling)"
    f"|te(veel|hoog){_INSURED}(uitbetaald|vergoed|ontvangen|betaald)|terug(te)?betalenaanons|betaaltu(dit)?aanonsterug"
    "|opnieuw(naar|beoordeeld|berekend|bekeken|gekeken|uitgerekend|vastgesteld)|opnieuw(te)?kijken"
    "|nieuwe(berekening|beslissing|beoordeling|specificatie)|(naaraanleidingvan|op)uwbezwaar|bezwaar(is)?gegrond"
    "|herziene?(specificatie|overzicht|afrekening|beslissing|nota|vergoeding|declaratie|berekening|uitkering)"
    "|(aangepaste?|gewijzigde|verbeterde)(specificatie|overzicht|afrekening|beslissing|nota|vergoeding|berekening)"
    "|alsnog(vergoed|uitbetaald|toegekend|uitgekeerd)|(u|je)krijgtnog|nogte(ontvangen|krijgen)|ukrijgtextra|vervallen"
    "|correction|corrected|adjustment|revised|reassess|recalculat|previouslypaid|alreadypaid|paidearlier|earlierpayment"
    "|replacesthe|overpaid|overpayment|creditnote|supersede"
)
_NOT_FINAL = re.compile(
    r"inbehandeling|voorlopig|offerte|begroting|begroot|prognose|geschat|schatting|indicatie(f|ve)|verwachtevergoeding"
    r"|nogniet(verwerkt|beoordeeld|afgehandeld|uitbetaald|besloten|compleet|volledig|definitief|bekend|goedgekeurd)"
    r"|(wordt|worden|moet|moeten)nog(beoordeeld|bekeken|verwerkt|gecontroleerd|beoordelen)|proefberekening|rekenvoorbeeld"
    r"|volgtlater|volgtnog|volgenlater|wordtlater|terbeoordeling|inonderzoek|aangehouden|opgeschort|ondervoorbehoud"
    r"|naderte(bepalen|bepaald)|wachtop(informatie|uw|antwoord)|wachtennogop|wijwachten|wijvragen(eerst)?(meer|om)?informatie"
    r"|vragenwij(eerst|nog)?(meer)?informatie|meerinformatienodig|geenrechtenontlenen|conceptspecificatie|machtigingsaanvraag"
    r"|uwaanvraagvoor|toestemmingvooraf|(u|je)kuntverwachten|nogcontroleren|nogtecontroleren"
    r"|watkrijgik|verwachteuitbetaling|berekeningvooraf|vooraf(berekend|uitgerekend)|kan(daardoor|nog|dus)*(nog)?veranderen"
    r"|bezwaar(schrift)?(ontvangen|inbehandeling)|uwbezwaar|beoordelen[a-z]{0,20}opnieuw"
    r"|pending|provisional|estimated?|inprogress|underreview|notyet|quotation|tobedecided|awaiting"
)
_TO_PROVIDER = re.compile(
    r"(uitbetaald|uitgekeerd|overgemaakt|betaald|vergoed|betaling|uitbetaling)(rechtstreeks|direct)?(aan|naar)"
    r"(de|uw|je|het|deze)?(zorgverlener|zorgaanbieder|praktijk|behandelaar|tandarts|ziekenhuis|kliniek|fysiotherapeut|apotheek)"
    r"|(wij|we)(betalen|betaalden|maken|makenover|keren)[a-z0-9]{0,40}(rechtstreeks|direct)(aan|naar)"
    r"|(rechtstreeks|direct)(aan|naar)(de|uw|je|het)?(zorgverlener|zorgaanbieder|praktijk|behandelaar)(uit)?(betaald|overgemaakt)"
    r"|paid(directly)?to(the|your)?(careprovider|provider|practice|hospital)|providerhasbeenpaid"
)
_PROSE = re.compile(r"\b(de|het|een|u|uw|je|wordt|is|van|voor|op|aan|dat|die|geldt|meer|over)\b", re.IGNORECASE)


def of(rows: Sequence[Row], facts: Sequence[Fact]) -> Iterator[str]:
    """Yield the reasons on the whole paper for which nothing may be proposed."""
    letters = "".join(plain(row.text) for row in rows)
    if _CORRECTION.search(letters):
        yield "correction"
    if _NOT_FINAL.search(letters):
        yield "not_final"
    if _TO_PROVIDER.search(letters):
        yield "paid_to_provider"
    contributions = [fact for fact in facts if "C" in fact.meanings]
    if any(fact.cents for fact in contributions) or (not contributions and any(map(_names_contribution, rows))):
        yield "own_contribution"


def _names_contribution(row: Row) -> bool:
    """Tell whether a row names an own contribution as a label, not in an explanation."""
    if not any("C" in phrase[2] for piece in row.texts for phrase in labels.phrases(piece.text)):
        return False
    is_prose = len(row.text.split()) > 8 and len(_PROSE.findall(row.text)) > 2 and len(row.texts) == 1
    return not is_prose or bool(row.amounts)
