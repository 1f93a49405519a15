"""The words by which a careful person sees that a paper is no decision on this bill, in Dutch and in English.

Patterns over the letters of the whole paper without its spaces, so that no end of a line hides one: for each reason
(see telling.py) what says so. What every letter says ("U kunt bezwaar maken", "bijvoorbeeld") must fit none of them.
"""

import re

_THEN = r"(dan|daarna|vervolgens|later|nadebehandeling|nadien)"
_INSURED = r"(aan)?(u|jou|je|onsu)?"
_YOUR = r"(de|het|deze|dit|uw|je|jouw|een)?"
_BILL = r"(hele|ingestuurde|ingediende)?(zorg)?(nota|factuur|rekening|declaratie|aanvraag)"
_BEFORE = r"(eerder|reeds|al|vorig|inmiddels)"
_MOVED = r"(uitbetaalde?|vergoede?|uitgekeerde?|betaalde?|overgemaakte?|ontvangen|voldane?)"
_THE = r"(de|het|een|deze|uw|je|jouw|onze)?"
# A word of ours stands for the name of the practice of the invoice; see paid_to().
_PROVIDER = r"""(eigen|behandelende?)?(zorgverlener|zorgaanbieder|zorginstelling|praktijk|behandelaar|tandarts
|(huis)?arts|mondhygienist|orthodontist|ziekenhuis|kliniek|fysiotherapeut|apotheek|therapeut|psycholoog|logopedist|dietist
|verloskundige|specialist|leverancier|careprovider|provider|practice|dentist|hospital|therapist|%s)"""
_PAID = r"(betaald|uitbetaald|uitgekeerd|overgemaakt|overgeboekt|gestort|vergoed|voldaan|paid|transferred)"
# What the patient pays to the practice stands on good papers too.
_BY_US = r"(?:(?!ubetaal|jebetaal|betaaltu|betaaltje|betaaljij|zelf|umoet|jemoet|moetu|moetje|dientu|kuntu)[a-z0-9])"
_PAPER = r"(specificatie|overzicht|afrekening|beslissing|nota|vergoeding|declaratie|berekening|uitkering|brief)"

SIGNS: dict[str, tuple[str, ...]] = {
    "correction": (
        r"correctie|gecorrigeerd|corrigeren|herberekening|herberekend|naverrekening|nabetaling|tweedebeoordeling",
        r"herbeoordeel|herbeoordeling|heroverweging|heroverwogen|herzien",
        r"(aan|naar)onsterug|terug(te)?(betalen|storten|overmaken)(aan|naar)ons|indeplaatsvan|inplaatsvan(ons|onze)",
        r"(moet|moeten|dient|dienen|vragen|verzoeken|gelieve)[a-z0-9]{0,40}terug(te)?(betalen|storten|overmaken)",
        r"(fout|fouten|foutje|vergissing)(en)?(gemaakt|begaan|hersteld|in(ons|onze|de|het|uw))|wijherstellen|perabuis",
        r"tenonrechte|onterecht|rectificatie|gerectificeerd|replacesour|inplaceofour|mistake",
        rf"(vorige?|eerdere?|foute|onjuiste?|oude){_PAPER}(?!en)|nieuwoverzicht(?!en)",
        r"terugvorder|teruggevorderd|terug(te)?vragen|teruggeboekt|teruggedraaid|storno|gestorneerd|tegenboeking",
        r"creditnota|gecrediteerd|creditering|ingetrokken|vervangt|vervallen|vervalt|geannuleerd|annulering|ongeldig",
        rf"{_BEFORE}(door)?(ons)?{_INSURED}{_MOVED}(bedrag|aan|op|door|van|nota)|eerder{_INSURED}{_MOVED}",
        r"(voorschot|vooruitbetaling|eerdere(uit)?betaling|vorige(uit)?betaling)",
        rf"te(veel|hoog){_INSURED}(uitbetaald|vergoed|ontvangen|betaald)|terug(te)?betalenaanons|betaaltu(dit)?aanonsterug",
        # "opnieuw" is said of logging in too
        r"(?<!niet)opnieuw(?!(in(te)?log|aan(te)?melden|in(te)?stellen))",
        r"nieuwe(berekening|beslissing|beoordeling|specificatie)",
        # an objection that was made, not that it can be made
        r"(naaraanleidingvan|op|over)(uw|je|jouw)bezwaar|(uw|je|jouw)bezwaar(schrift)?(is|van\d)",
        r"bezwaar(schrift)?(is)?(gegrond|toegewezen)",
        r"(u|je)maakte(eerder)?bezwaar|bezwaargemaakttegen|heroverwegen",
        rf"(aangepaste?|gewijzigde?|verbeterde?|herstelde?|gecorrigeerde?){_PAPER}",
        r"alsnog(vergoed|uitbetaald|toegekend|uitgekeerd)|(u|je)krijgtnog|nogte(ontvangen|krijgen)|ukrijgtextra",
        r"correction|corrected|adjustment|revised|reassess|recalculat|previouslypaid|alreadypaid|paidearlier|earlierpayment",
        r"replacesthe|overpaid|overpayment|creditnote|supersede|cancelled|reversed",
    ),
    "not_final": (
        r"in(behandeling|beoordeling|bewerking)|raming|geraamd|gesimuleerd|richtprijs|richtbedrag|proforma",
        r"status(van)?(de|uw|je)?(nota|declaratie|factuur|rekening)?(is)?(ontvangen|ingediend|nieuw|wacht|aangemeld|gepland)",
        r"noggeen(besluit|beslissing|definitie|uitbetaling|vergoeding)|nogte(beoordelen|behandelen|verwerken)",
        r"proef(nota|afrekening|declaratie)|(u|je|wij|we)zou(dt|den)?(?=[a-z]{0,30}(krijgen|ontvangen|betalen|vergoeden))",
        r"voorlopig|offerte|begroting|begroot|prognose|geschat|schatting|(?<!medische)indicatie(?!code)|kostenraming",
        r"prijsopgave|kostenopgave|proefberekening|rekenhulp|rekentool|calculator|vergoedingen?check|simulatie",
        r"verwacht(?!ebetaaldatum)|vermoedelijk|waarschijnlijk|bijbenadering",
        r"(berekening|berekend|berekenen|toestemming|akkoord|aanvraag|indicatie|inschatting)vooraf(?!trek)",
        r"vooraf(berekend|gevraagd|ingeschat|aangevraagd|teberekenen)",
        r"(wat|hoeveel)(krijg|ontvang)ik|watjeechtkrijgt|watuechtkrijgt|daarnahoor(t)?(u|je)",
        rf"dien{_YOUR}{_BILL}(nog|eerst|nu)?(bijons)?in|stuurt?(u|je)?(nadebehandeling|eerst)",
        rf"(u|je)hebt?{_YOUR}{_BILL}nogniet|nogintedienen|nogin(te)?sturen",
        r"nogniet(verwerkt|beoordeeld|afgehandeld|uitbetaald|besloten|compleet|volledig|definitief|bekend|goedgekeurd|zeker)",
        r"nietdefinitief|nogniet(ingediend|beslist|vastgesteld)",
        r"(wordt|worden|moet|moeten)nog(beoordeeld|bekeken|verwerkt|gecontroleerd|beoordelen|vastgesteld|berekend)",
        r"nog(veranderen|wijzigen|afwijken|anders(zijn|worden)|aangepast|herzien)|kan(dan)?(anders|afwijken|hoger|lager)",
        r"volgtlater|volgtnog|volgenlater|wordtlater|terbeoordeling|inonderzoek|aangehouden|opgeschort|ondervoorbehoud",
        r"naderte(bepalen|bepaald)|wachtop(informatie|uw|antwoord)|wachtennogop|wijwachten",
        r"wijvragen(eerst)?(meer|om)?informatie|vragenwij(eerst|nog)?(meer)?informatie|meerinformatienodig",
        r"(wij|we)beslissen(binnen|uiterlijk|nog|later)|binnen\d+(weken|dagen|werkdagen)(onze|een)beslissing",
        r"(u|je)(krijgt|ontvangt|hoort)(nog|later|binnen\d+(weken|dagen|werkdagen))*(van?ons)?(onze|een|de)(beslissing|besluit)",
        r"geenrechtenontlenen|concept(specificatie|afrekening|beslissing|berekening|overzicht)",
        r"machtigings?aanvraag|machtiging(is)?(aangevraagd|gevraagd)|aanvraag(voor|van)?(een|uw)?machtiging|uwaanvraagvoor",
        r"bezwaar(schrift)?(ontvangen|inbehandeling)|(beoordelen|bekijken|berekenen|kijken)[a-z0-9]{0,25}opnieuw",
        r"aangevraagdemachtiging|(om|voor)(een)?machtiging(gevraagd|aangevraagd)",
        r"toestemmingvooraf|(u|je)kuntverwachten|nogcontroleren|nogtecontroleren|(wij|we)(controleren|beoordelen|bekijken)(nu|nog|eerst)",
        r"akkoordverklaring|akkoordbevinding|(wijgaan|gaanwij|wegaan|gaanwe|wijzijn|zijnwij)[a-z0-9]{0,40}akkoord",
        r"akkoordvan(ons|uwzorgverzekeraar|uwverzekeraar)|onsakkoord|akkoordgegeven|(geven|gaven)(wij|we)[a-z]{0,30}(akkoord|toestemming)",
        r"(wij|we)(geven|gaven)[a-z]{0,30}(akkoord|toestemming)|preapproval|priorapproval|weapprovethe(planned|proposed)",
        # the bill is still to come
        rf"(stuurt?|zendt?)(u|je)?(ons|aanons|naarons|bijons)?{_THEN}(ons)?{_YOUR}{_BILL}",
        rf"(stuurt?|zendt?)(u|je)?(ons)?{_YOUR}{_BILL}(naarons|aanons|bijons)?{_THEN}",
        rf"{_THEN}(kunt|stuurt?|zendt?|ontvangen)(u|je|wij|we)?(ons)?(graag)?{_YOUR}{_BILL}(sturen|insturen|naarons)?",
        r"(krijgt|ontvangt|hoort)(u|je)[a-z0-9]{0,25}(nog|binnenkort|later|apart)(van?ons)?(een|ons|het)?(bericht|brief|antwoord|uitslag)",
        r"(u|je)(krijgt|ontvangt)[a-z0-9]{0,25}(nog|binnenkort|later|apart)(van?ons)?(een|ons|het)?(bericht|brief|antwoord|uitslag)",
        r"(bericht|brief|antwoord|uitslag)(krijgt|ontvangt|hoort|volgt)(u|je)?[a-z]{0,25}(nog|binnenkort|later|apart)",
        r"(u|je)hoort[a-z0-9]{0,25}(nog|binnenkort|later)(van|iets|meer)|hoort(u|je)[a-z0-9]{0,25}(nog|binnenkort|later)(van|iets|meer)|(u|je)hoortvanonsof",
        r"(een|nog|aanvullende)vra(ag|gen)(gesteld|voorgelegd|gestuurd|uitstaan|open)|(stelden|stellen)(wij|we)[a-z0-9]{0,40}vra(ag|gen)",
        r"(wij|we)(stelden|stellen)[a-z0-9]{0,40}vra(ag|gen)|(hebbenwij|wijhebben|wehebben|hebbenwe)(nog)?(een|enkele|aanvullende)?vra(ag|gen)",
        r"pending|provisional|estimated?|inprogress|underreview|notyet|quotation|tobedecided|awaiting|preliminary",
        r"expected(reimbursement|payment|payout)|subjectto(change|approval)|notfinal|mayreceive|maystillchange|receivedyourobjection|objection(received|pending)",
    ),
    "no_decision": (
        r"herinnering|aanmaning|sommatie|ingebrekestelling|betaalverzoek",
        r"rekenvoorbeeld",
        r"(een|ter|dit|ons|als)voorbeeld|fictie(f|ve)|specimen|paymentreminder|forexampleonly|sample(only|document)",
    ),
    "nothing_granted": (
        rf"(wij|we)wijzen{_YOUR}{_BILL}(geheel|volledig|helemaal)?af|(geheel|volledig|helemaal)(afgewezen|nietvergoed)",
        rf"{_BILL}(is|wordt|werd|hebbenwij)(geheel|volledig|helemaal)?(afgewezen|nietinbehandelinggenomen)",
        rf"(vergoeden(wij|we)|(wij|we)vergoeden){_YOUR}{_BILL}niet(?!volledig|helemaal|geheel)|(claim|application)(is|was|hasbeen)(rejected|declined|denied)",
    ),
    "paid_to_provider": (
        r"(wij|we)(betalen|betaalden|maken|makenover|keren)[a-z0-9]{0,40}(rechtstreeks|direct)(aan|naar)",
        r"providerhasbeenpaid",
    ),
}

# What a cell says and nothing else: across a page, or at its top.
STAMPS: dict[str, str] = {
    "voorbeeld": "no_decision", "specimen": "no_decision", "example": "no_decision", "sample": "no_decision",
    "concept": "not_final", "draft": "not_final", "proefdruk": "not_final", "estimate": "not_final",
}  # fmt: skip

# Single words, which a picture may show with one letter wrong.
WORDS: dict[str, tuple[str, ...]] = {
    "correction": (
        "correctie", "gecorrigeerd", "herberekening", "herbeoordeling", "heroverweging", "herziening", "terugvordering",
        "teruggevorderd", "creditnota", "nabetaling", "vervallen", "voorschot", "bezwaarschrift",
        "teruggedraaid", "geannuleerd",
    ),
    "not_final": (
        "voorlopig", "voorlopige", "offerte", "begroting", "prognose", "schatting", "verwacht", "verwachte",
        "verwachting", "waarschijnlijk", "voorbehoud", "rekenhulp", "proefberekening", "machtigingsaanvraag",
        "kostenraming", "prijsopgave", "raming", "simulatie",
    ),
    "no_decision": (
        "herinnering", "betalingsherinnering", "aanmaning", "rekenvoorbeeld", "voorbeeldberekening", "voorbeeldbrief",
        "voorbeeldnota", "voorbeelddeclaratie", "voorbeeldoverzicht", "voorbeeldspecificatie", "voorbeeldbedrag",
    ),
}  # fmt: skip

_PAGE = r"(?:pagina'?s?|pag\.?|bladzijden?|bladz\.?|blz\.?|blad|vel|pages?|sheet)"
# Which page of how many this is, and a page that is spoken of; not one of the conditions.
PAGE_OF = (
    rf"\b{_PAGE}\W{{0,3}}(\d{{1,2}}) ?(?:van|of|/|\() ?(?:de |the )?(\d{{1,2}})\b",
    rf"\b(\d{{1,2}}) ?(?:van|of|/) ?(?:de |the )?(\d{{1,2}}) ?{_PAGE}\b",
)
_CONDITIONS = r"(?:polis|verzekering|voorwaarden|brochure|vergoedingen)"
PAGE = rf"\b{_PAGE}\W{{0,3}}(\d{{1,2}})\b(?! van (?:de|het|onze|uw) {_CONDITIONS})"
# What says on the last page that there is another one.
NEXT_PAGE = r"""(volgende|tweede|2e|andere|next|second|other)(pagina|bladzijde|blad|vel|page|sheet)
|(zie|op|see)(de|het|the)?(ommezijde|achterzijde|achterkant|keerzijde)|overleaf|zie(het)?vervolg(?!behandel|consult|zorg)
|vervolg(op|zie)(de|het)?(volgende|pagina|blad|vel|ommezijde|achterzijde)|vervolg(staat|leest|vindt|volgt)|wordtvervolgd
|continued(on|over)"""

# Who is paid, as a heading says it.
PAYEES = frozenset({
    "betaaldaan", "uitbetaaldaan", "betalingaan", "uitbetalingaan", "overgemaaktaan", "overgemaaktnaar", "begunstigde",
    "ontvanger", "betaaldnaar", "vergoedaan", "paidto", "payee", "rekeninghouder",
})  # fmt: skip


def provider(practice: str) -> str:
    """Return what finds a care provider among letters: by its kind, or by its own name."""
    return _PROVIDER % re.escape(practice or "zorgverlener")


def paid_to(practice: str) -> str:
    """Return what says, in either order of the words, that the insurer pays the practice with this name in letters."""
    to = rf"(aan|naar|to){_THE}(the|your)?{provider(practice)}"
    soon = r"(rechtstreeks|direct|directly|doorons|meteen|automatisch|volledig|geheel)?[0-9]{0,9}"
    money = r"(betaling|uitbetaling|vergoeding|uitkering|bedrag|geld|payment|reimbursement)"
    return "|".join((
        rf"({_PAID}|betaling|uitbetaling|uitkering){soon}{to}",
        rf"{to}{_BY_US}{{0,20}}{_PAID}",
        rf"(wij|we)(betalen|betaalden|maken|maakten|keren|keerden|storten|stortten|boeken|hebben|pay|paid){_BY_US}{{0,40}}{to}",
        rf"(wij|we)(betalen|betaalden|pay|paid){_THE}(the|your)?{provider(practice)}",
        rf"{money}{_BY_US}{{0,20}}(gaat|ging|gaan|goes|went){soon}{to}",
        rf"({'|'.join(sorted(PAYEES))}|tennamevan|tnv)(is)?{_THE}{provider(practice)}",
    ))  # fmt: skip
