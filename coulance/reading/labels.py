"""What the words beside an amount can mean. A label has a set of meanings; the sums decide which (see meaning.py).

The names of what an insurer tells: D declared = G granted + N not reimbursed; P paid out = G − E deductible;
R transferred = P − O set off; S for the patient = N + E; C own contribution; Y something that is not about this bill.
"""

import re
from functools import lru_cache

from coulance.reading.notation import plain

# Patterns over the letters of a label without its spaces. Where several fit, the longest counts and takes its letters.
_PATTERNS: tuple[tuple[str, str], ...] = (
    # what the own risk of the year is, was or still will be
    (
        "Y",
        r"""(nogte(gebruiken|verbruiken|besteden)|resteer(t|nd)e?|restant|resterende?|overige?)(bedrag)?(van)?(uw|je|jouw|het)?(verplicht|vrijwillig)?e?(eigenrisico)?""",
    ),
    ("Y", r"(stand|saldo|hoogte|overzicht)(van)?(uw|je|jouw|het)?(verplichte?|vrijwillige?)?(eigenrisico)?"),
    (
        "Y",
        r"""(al|reeds|totaal|eerder)(gebruikte?|verbruikte?|betaalde?|verrekende?|voldaan|ingehouden|opgemaakt)(eigenrisico)?""",
    ),
    ("Y", r"(ge|ver)bruikt(e?eigenrisico)?"),
    ("Y", r"""(totnutoe|totenmet|totnu|perjaar|jaarbedrag|ditjaar|dezemaand|permaand|nogopenstaande?(eigenrisico)?)"""),
    (
        "EY",
        r"""(uw|je|jouw|het|totale?|jaarlijkse?)?(verplichte?|vrijwillige?)?eigenrisico(in|voor|over)?(het)?(jaar|kalenderjaar)?20\d\d""",
    ),
    ("Y", r"(maximum|max)?tarief(perstuk)?|stuksprijs|prijsperstuk|aantal|punten|btw|percentage"),
    ("Y", r"marktconform(tarief)?|gecontracteerdtarief|gemiddeldtarief"),
    # own contribution
    ("C", r"""(wettelijke?)?eigenbijdragen?|bedragbijdrage|(verplichte|wettelijke)bijdrage|bijdragen?(verzekerde)?"""),
    ("GP", r"(onze|ons)bijdrage|bijdrage(van)?(de)?(zorg)?verzekeraar|(wij|we)dragenbij"),
    # not reimbursed
    ("N", r"niet(doorons)?(vergoede?|verzekerde?|gedekte?|toegekende?|uitgekeerde?)(bedrag|deel|kosten)?"),
    ("N", r"(dit)?vergoedenwijniet|(dit)?vergoedenweniet|wijvergoeden(dit)?niet|wordtnietvergoed|geenvergoeding"),
    (
        "N",
        r"""afgewezen(bedrag)?|afwijzing|afgekeurd|eigendeel|komtnietvoorvergoedinginaanmerking
        |bovenhet(maximum|maximale)""",
    ),
    ("NS", r"(blijft)?voor(uw|je|jouw)?(eigen)?rekening"),
    ("NS", r"(moet)?(u|je|uzelf|jezelf)?zelf(te)?betalen|(u|je)betaaltzelf|betaalt(u|je)zelf|zelf"),
    (
        "NS",
        r"""eigenbetaling|eigenkosten|eigenaandeel|(uw|jouw|je)(eigen)?deel|bijbetal(ing|en)
        |(door)?u(nog)?tebetalen|(u|je)betaalt""",
    ),
    # the deductible
    (
        "P",
        r"""(naaftrekvan|naaftrek|nainhoudingvan|naverrekeningvan|naverrekening|minus|exclusief|excl|zonder)(uw|het|je)?(verplicht|vrijwillig)?(eigenrisico)""",
    ),
    (
        "G",
        r"""(vooraftrekvan|vooraftrek|voorinhoudingvan|voorinhouding|voorverrekeningvan|voorverrekening|inclusief|incl)(uw|het|je)?(eigenrisico)""",
    ),
    ("P", r"naaftrek|nainhouding|naverrekening"),
    ("E", r"(ten?laste(van)?|af|min|minus)?(uw|het|je|jouw)?eigenrisico(bedrag|deel)?"),
    ("e", r"verplichte?eigenrisico"),
    ("f", r"vrijwilligee?eigenrisico|vrijwilligeigenrisico"),
    (
        "EO",
        r"""inminderinggebracht|inmindering|ingehouden|inhouding|gaataf|gaanaf|verrekend|verrekening|verrekenen
        |trekkenwij|houdenwijin""",
    ),
    # set off
    (
        "O",
        r"""(verrekendmet|verrekening|ingehouden|inhouding|openstaande|achterstallige)?(uw|je)?(premies?|zorgpremie|premieachterstand)""",
    ),
    (
        "O",
        r"""(betalings)?achterstand|saldeer|salderen|saldering|openstaande(posten|vorderingen?|schuld|bedragen)
        |verrekendmet|oudevordering""",
    ),
    # granted, or paid out
    ("GY", r"(maximale?|max)(vergoeding|vergoedbedrag)"),
    (
        "G",
        r"""(vergoeding)?volgens(uw|je|de)?(polis|voorwaarden)|komtvoorvergoedinginaanmerking|komtinaanmerking
        |inaanmerking""",
    ),
    ("GY", r"verzekerdbedrag|verzekerdebedrag"),
    ("G", r"brutovergoed(ing)?|recht(op)?vergoeding|(bedrag)?vooreigenrisico"),
    ("P", r"nettovergoed(ing)?|nettouitkering"),
    (
        "GP",
        r"""(wij|we)?vergoed(e|en|ing|ingen)?(wij|we)?(bedrag)?|toegekende?(bedrag)?|toekenning|uitkering
        |gehonoreerd|goedgekeurd|gedekt|dekking""",
    ),
    ("a", r"basis(verzekering|zorgverzekering|pakket|polis)"),
    ("b", r"aanvullende?(verzekering|zorgverzekering|pakket|polis)?|aanv(verzekering|verz)"),
    ("c", r"tand(arts)?(verzekering|polis)|tandverz"),
    # paid out, or transferred
    (
        "PR",
        r"""uitbetaald(ebedrag|bedrag)?|uitbetaling|uitgekeerd(bedrag)?|uittekeren|uittebetalen(bedrag)?
        |(aanu|aanjou|aanje)(te)?betalen""",
    ),
    (
        "PR",
        r"""(te)?ontvangen(bedrag)?|(u|je)ontvangt|ontvangt(u|je)|(u|je)krijgt(terug)?|krijgt(u|je)|terugbetaald
        |krijgtuterug""",
    ),
    (
        "PR",
        r"""betaalbaargesteld|(wij|we)betalen(aan)?(u|je)?|betalen(wij|we)|wijkeren|kerenwij|(wij|we)storten
        |stortenwij|gestort""",
    ),
    (
        "PR",
        r"""overtemaken(bedrag)?|overgemaakt|(wij|we)maken|maken(wij|we)|overschrijving|overboeking
        |bijschrijving|bijgeschreven|(naar|op)(uw|je|jouw)(bank)?rekening""",
    ),
    # declared
    (
        "D",
        r"""gedeclareerde?(bedrag)?|declaratie(bedrag)?|declareerde|ingediende?(bedrag)?|inrekeninggebracht
        |gefactureerde?(bedrag)?|gedeclareerdekosten""",
    ),
    (
        "D",
        r"""(bedrag)?(van|op)?(de|uw|je|deze)?(nota|factuur|rekening)(bedrag)?
        |kosten(van)?(de|uw)?(behandeling|zorg)?|(totale)?(zorg)?kosten""",
    ),
    (
        "",
        r"""(op|naar|ten?name|tenamevan|van)?(bank|iban)?rekeningnummer
        |(nota|factuur|declaratie)(nummer|nr|datum)|zorgkostenoverzicht|kostensoort""",
    ),
)
_COMPILED = tuple((re.compile(pattern, re.VERBOSE), frozenset(meanings)) for meanings, pattern in _PATTERNS)
_BARE = re.compile(r"(totaal)?bedrag(in)?(euro|eur)?|totaal|totaalbedrag")  # says nothing more
Meanings = frozenset[str]
NONE: Meanings = frozenset()
PARTS: Meanings = frozenset("abcef")


@lru_cache(maxsize=4096)
def phrases(text: str) -> tuple[tuple[int, int, Meanings], ...]:
    """Return the phrases in a label: where each begins and ends in its plain letters, and what it can mean."""
    letters = plain(text)
    found = [
        (match.start(), match.end(), meanings)
        for pattern, meanings in _COMPILED
        for match in pattern.finditer(letters)
        if match.end() > match.start()
    ]
    taken: list[tuple[int, int, Meanings]] = []
    for begin, end, meanings in sorted(found, key=lambda f: (f[0] - f[1], f[0])):
        if all(end <= first or last <= begin for first, last, _ in taken):
            taken.append((begin, end, meanings))
    return tuple(sorted(((b, e, m) for b, e, m in taken if m), key=lambda f: f[0]))


def meanings(text: str) -> Meanings:
    """Return what a label can mean; nothing for words that are no label."""
    found = [phrase[2] for phrase in phrases(text)]
    if not found:
        return frozenset("DY") if _BARE.fullmatch(plain(text)) else NONE
    if frozenset("Y") in found:
        return frozenset("Y")
    parts = [phrase for phrase in found if phrase <= PARTS]
    others = [phrase for phrase in found if not phrase <= PARTS]
    common = frozenset.intersection(*others) if others else NONE
    if parts and (not others or common & frozenset("GPE")):
        return parts[-1]  # by one of several policies, or one kind of deductible: they are added up
    return common or frozenset.union(*(others or found))


def is_total(text: str) -> bool:
    """Tell whether a label says that its row adds up the rows above it."""
    return "totaal" in plain(text) and not is_carried(text)


def is_carried(text: str) -> bool:
    """Tell whether a row repeats what the page before it added up to."""
    letters = plain(text)
    return any(word in letters for word in ("subtotaal", "transport", "vorigepagina", "overbrengen"))
