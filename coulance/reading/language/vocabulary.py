"""The words of insurers, in Dutch and in English: patterns over the letters of a label without its spaces.

The letters before each are its meanings (see labels.py). Where several patterns fit, the longest counts and takes its
letters; a pattern without meanings takes them, so that nothing shorter is found there.
"""

_YOUR = r"(uw|je|jouw|het|de|deze|dit|ons|onze)?"
_BILL = r"(zorg)?(nota|factuur|rekening|declaratie|behandeling|aanvraag)"
_RISK = r"(verplicht|vrijwillig)?e?(eigenrisico|deductible|policyexcess|excess|ownrisk)"
_EARLIER = r"""(vorige?|eerdere?|andere?|voorgaande?|vroegere?|oudere?|oude|previous|earlier|prior|other)
(zorg)?(nota|factuur|facturen|rekening|declaratie|behandeling|afrekening|periode|jaar|maand|bill|invoice|claim)?(en|s)?"""
_PAID = r"(betaald|uitbetaald|uitgekeerd|overgemaakt|gestort|bijgeschreven|overgeboekt|teruggestort)"

# Of one whole label: too short to be looked for in words.
ABBREVIATIONS = {
    "er": "E", "eigris": "E", "eigrisico": "E", "eigenris": "E", "verpler": "e", "vrijwer": "f", "verper": "e",
    "gedecl": "D", "decl": "D", "declbedrag": "D", "ingedbedrag": "D", "ingedb": "D", "factbedrag": "D", "fact": "D",
    "verg": "GP", "vergoedb": "GP", "toegek": "GP", "nietverg": "N", "nverg": "N", "nvergoed": "N", "afgew": "N",
    "uitbet": "PR", "uitbetbedrag": "PR", "uitgek": "PR", "uitk": "PR", "tebet": "NPRS", "ontv": "PR",
    "voorru": "PR", "voorjou": "NPRS", "voorje": "NPRS", "voor": "", "netto": "PR", "bruto": "DG", "betaald": "PRY",
    "paid": "PRY", "voormij": "NPRS", "voorrek": "NS", "eigrek": "NS", "eigenrek": "NS", "tbv": "",
    "voorverzekerde": "NPRS", "voorverzekeringnemer": "NPRS",
}  # fmt: skip

PATTERNS: tuple[tuple[str, str], ...] = (
    # what the own risk of the year is, was or still will be
    (
        "Y",
        rf"""(nogte(gebruiken|verbruiken|besteden|betalen)|resteer(t|nd)e?|restant|resterende?|overige?|openstaande?
        |nogover|overvan|beschikbaare?|remaining)(bedrag)?(van)?{_YOUR}{_RISK}""",
    ),
    ("Y", r"nogte(gebruiken|verbruiken|besteden)|resteer(t|nd)e?|restant|resterende?|nogover|blijftover|overblijft"),
    (
        "Y",
        rf"{_RISK}(is|staat|blijft|heeftu|hebtu|hebje)?(nu|dan)?(nog)?(over|open|beschikbaar|resterend|left|remaining)",
    ),
    ("Y", rf"(stand|saldo|hoogte|overzicht|status)(van)?{_YOUR}({_RISK})?"),
    ("Y", rf"(overzicht|stand|saldo){_YOUR}{_RISK}"),
    (
        "Y",
        rf"""(al|reeds|eerder|totnutoe|totaal)(is)?(er)?(gebruikte?|verbruikte?|betaalde?|verrekende?|voldaan|ingehouden
        |opgemaakt)({_RISK})?|(alreadyused|usedsofar|alreadypaid)""",
    ),
    ("EY", rf"(ge|ver)bruikt(van)?{_YOUR}{_RISK}|{_RISK}(ge|ver)bruikt|{_RISK}used|used{_RISK}"),
    ("Y", r"(ge|ver)bruikt"),
    (
        "Y",
        r"""(totnutoe|totenmet|totnu|perjaar|jaarbedrag|ditjaar|perkalenderjaar|dezemaand|permaand|sofar|peryear|thisyear
        |nogopenstaande?(eigenrisico)?|maximumperjaar|jaarmaximum|budget|limiet)""",
    ),
    ("EY", rf"(uw|je|jouw|het|totale?|jaarlijkse?)?{_RISK}(in|voor|over|van)?(het)?(jaar|kalenderjaar)?20\d\d"),
    ("Y", r"(maximum|max|wmg|nza)?tarief(perstuk)?|stuksprijs|prijsperstuk|aantal|punten|btw|percentage|vat"),
    ("Y", r"marktconform(e)?(tarief|bedrag)?|gecontracteerdtarief|gemiddeldtarief|(maand)?premiepermaand"),
    # own contribution
    (
        "C",
        r"""(wettelijke?)?eigenbijdragen?|bedragbijdrage|(verplichte|wettelijke)bijdrage|bijdragen?(verzekerde)?
        |(own|personal|statutory|patient)contribution|copay(ment)?""",
    ),
    ("GP", r"(onze|ons)bijdrage|bijdrage(van)?(de)?(zorg)?verzekeraar|(wij|we)dragenbij"),
    # not reimbursed
    ("N", r"niet(doorons)?(te)?(vergoede?n?|verzekerde?|gedekte?|toegekende?|uitgekeerde?)(bedrag|deel|kosten)?"),
    (
        "N",
        r"""(dit|dat|wat|deel(dat)?)?(vergoeden(wij|we)|(wij|we)vergoeden|vergoed)(dit|dat|deze)?niet|wordtnietvergoed
        |geenvergoeding|nietvooruvergoed""",
    ),
    (
        "N",
        r"""krijgt(u|je)(hiervan|daarvan|dit)?niet(van?ons)?(terug|vergoed)|(u|je|jij)krijgt(dit)?niet(van?ons)?(terug|vergoed)
        |niet(van?ons)?terug|(u|je|jij)nietvergoed""",
    ),
    (
        "N",
        r"(valt|vallen)niet(onder|binnen|in)|nietin(uw|het|je)(basis)?pakket|niet(uit)?(uw|de|je)?(polis|verzekering)",
    ),
    (
        "N",
        r"""afgewezen(bedrag)?|afwijzing|afgekeurd|komtnietvoorvergoedinginaanmerking|komtnietinaanmerking|nietinaanmerking
        |boven(het|ons)?(maximum|maximale)(tarief|bedrag|vergoeding)?|boven(het|ons)tarief|meerkosten
        |notcovered|notreimbursed|notinsured|rejected|declined|disallowed|uncovered|notpaid|notrefunded""",
    ),
    ("NS", r"eigendeel|(blijft|blijven|is|komt)?voor(uw|je|jouw)?(eigen)?rekening|(uw|je|jouw|ten)?eigenlasten"),
    (
        "NS",
        r"""(moet|moeten|dient)?(u|je|uzelf|jezelf|jij)?zelf(te)?(nog)?(te)?(betalen|betaald)|(u|je|jij)betaaltzelf
        |betaalt(u|je|jij)zelf|zelf|nietgedekteneigenrisico""",
    ),
    (
        "NS",
        r"""eigenbetaling|eigenkosten|eigenaandeel|(uw|jouw|je)(eigen)?(deel|aandeel|kosten)|bijbetal(ing|en)|betaaldoor(u|jou)
        |(door)?(u|jou)(nog)?(zelf)?tebetalen|(u|je|jij)betaalt|betaalt(u|je|jij)|yourshare|youpay|payableby(you|insured)
        |tobepaidbyyou|youhavetopay|yourowncosts?|atyourownexpense|foryouraccount""",
    ),
    # the deductible
    (
        "P",
        rf"""(naaftrekvan|naaftrek|nainhoudingvan|nainhouding|naverrekeningvan|naverrekening|minus|exclusief|excl
        |zonder|after|na)(uw|het|je)?{_RISK}""",
    ),
    (
        "G",
        rf"""(vooraftrekvan|vooraftrek|voorinhoudingvan|voorinhouding|voorverrekeningvan|voorverrekening|inclusief
        |incl|before|including)(uw|het|je)?{_RISK}""",
    ),
    ("P", r"naaftrek|nainhouding|naverrekening"),
    ("e", r"(verplichte?|wettelijke?)eigenrisico|compulsory(excess|deductible)"),
    ("f", r"vrijwilligee?eigenrisico|vrijwilligeigenrisico|voluntary(excess|deductible)"),
    ("E", rf"(ten?laste(van)?|af|min|minus|waarvan|wv|less)?(uw|het|je|jouw|your)?{_RISK}(bedrag|deel)?"),
    (
        "EO",
        r"""inminderinggebracht|inmindering|ingehouden|inhouding|gaataf|gaanaf|verrekend|verrekening|verrekenen
        |trekkenwij|houdenwij(in)?|(wij|we)houden|deducted|withheld""",
    ),
    # set off
    (
        "O",
        rf"""(openstaande?|achterstallige?|onbetaalde?|verrekende?|verrekening|inhouding|ingehouden|nogtebetalen|betaald)?
        (van)?(een)?{_YOUR}{_RISK}(bedrag|nog|is|was)*(open|openstaande?|nietbetaald|onbetaald|betaalde?|voldaan|tebetalen
        |verrekend|ingehouden|verrekening)*(met|van|op|uit|over|bij|voor|of|from)*(an?|the|een|de|het|uw|je|jouw|your)?
        {_EARLIER}""",
    ),
    ("O", rf"{_EARLIER}{_RISK}|{_RISK}{_EARLIER}"),
    (
        "O",
        r"""(verrekendmet|verrekening|ingehouden|inhouding|openstaande|achterstallige)?(uw|je)?
        (premies?|zorgpremie|premieachterstand|premium)""",
    ),
    (
        "O",
        r"""(betalings)?achterstand|saldeer|salderen|saldering|openstaande(posten|vorderingen?|schuld|bedragen)
        |verrekendmet|oudevordering|aflossing|betalingsregeling|incassokosten|offset|arrears""",
    ),
    # granted, or paid out
    ("GY", r"(maximale?|max|hoogste)(vergoeding|vergoedbedrag)"),
    (
        "G",
        r"""(vergoeding)?volgens(uw|je|jouw|de)?(polis|voorwaarden|verzekering)|komtvoorvergoedinginaanmerking|komtinaanmerking
        |inaanmerking|erkende?(kosten|bedrag)|geaccepteerde?(kosten|bedrag)?|eligible|accepted""",
    ),
    ("GY", r"verzekerdbedrag|verzekerdebedrag"),
    (
        "G",
        r"brutovergoed(ing)?|(recht(op)?)?(een|de)?brutovergoeding|rechtop(een)?vergoeding|rechtop|(bedrag)?vooreigenrisico",
    ),
    ("P", r"nettovergoed(ing)?|nettouitkering"),
    (
        "GP",
        r"""(wij|we)?vergoed(e|en|ing|ingen|t|baar)?(wij|we)?(bedrag)?|toegekende?(bedrag)?|toekenning|uitkering|kentoe
        |gehonoreerd|goedgekeurde?|gedekte?|dekking|reimburse(d|ment|s|ments)?|refund(ed)?|covered|coverage|approved
        |granted|allowed|wecover|benefit""",
    ),
    ("a", r"basis(zorg)?(verzekering|pakket|polis)|basicinsurance|basicpolicy|basicpackage"),
    (
        "b",
        r"aanvullende?(zorg)?(verzekering|pakket|polis)?|aanv(verzekering|verz|pakket)|(supplementary|additional)(insurance|policy)?",
    ),
    ("c", r"tand(arts)?(verzekering|polis)|tandverz|dentalinsurance"),
    # paid out, or transferred
    (
        "PR",
        rf"""(te)?{_PAID}(ebedrag|bedrag)?(aan)?(u|jou|je)?|(uit|terug)betaling|uittekeren|(uit)?tebetalenbedrag
        |uittebetalen(bedrag)?|(doorons|wijhebben|wehebben){_PAID}|{_PAID}doorons
        |(aanu|aanjou|aanje)(te)?(betalen|uitbetalen)?|tebetalenaan(u|jou|je)|uitgekeerd(bedrag)?""",
    ),
    (
        "PR",
        r"""(te)?ontvangen(bedrag)?|(u|je|jij)ontvangt|ontvang(t|en)?(u|je|jij)|(u|je|jij)krijgt(dus|nog)?(van?ons)?(terug)?
        |krijg(t)?(u|je|jij)(van?ons)?(terug)?|terugbetaald|teruggave|terugtekrijgen|voor(u|jou)bestemd""",
    ),
    (
        "PR",
        r"""betaalbaargesteld|(wij|we)betalen(dus)?(aan)?(u|je|jou)?|betalen(wij|we)|(wij|we)kerenuit|(wij|we)keren|keren(wij|we)
        |(wij|we)storten|storten(wij|we)|gestort|(wij|we)hebbenaan(u|jou)""",
    ),
    (
        "PR",
        r"""overtemaken(bedrag)?|overgemaakt|(wij|we)maken(over)?|maken(wij|we)(over)?|overschrijving|overboeking
        |bijschrijving|bijgeschreven|ontvangt(op|naar)|naar(uw|je|jouw)(bank)?rekening
        |(paidto|paymentto|payableto|transferredto)(you|your\w{0,12}account)|paidout|payout|youreceive|youwillreceive|youget
        |wepay|wepaid|paidtoinsured|transferred|amountpaid|totalpaid|netpayment|ourpayment|payment""",
    ),
    ("DPR", r"op(uw|je|jouw)(bank)?rekening(overgemaakt)?"),
    ("NPRS", r"^voor(u|jou|je)$|^tebetalen$|^eindbedrag$|^saldo$"),
    # declared
    (
        "D",
        r"""gedeclareerde?(bedrag)?|declaratie(bedrag)?|declareerde|(ingediende?|ingestuurde?|opgestuurde?)(bedrag)?
        |inrekeninggebracht|gefactureerde?(bedrag)?|gedeclareerdekosten|berekend(bedrag)?|geclaimde?|(u|je)diende
        |claimed|claimedamount|amountclaimed|submitted|billed|charged|invoiced|invoiceamount|amountofinvoice
        |invoicetotal|claimamount|amountonthe(invoice|bill)""",
    ),
    (
        "D",
        r"""(totaal)?(bedrag)?(van|op)?(de|uw|je|jouw|deze|dit)?(zorg)?(nota|factuur|rekening)(bedrag)?
        |kosten(van)?(de|uw|je|jouw)?(behandeling(en)?|zorg|nota)?|(totale)?(zorg|behandel|nota)?kosten|(totaal)kosten
        |(totaal)?bedragzorgverlener|bedragbehandeling(en)?|honorarium|prijs|(total)?costs?(ofcare)?|price|invoice|bill""",
    ),
    # what it is about says nothing of the amount
    ("", rf"(voor|over|bij|na|uit|omtrent)(deze|uw|de|dit|jouw|je|een)?{_BILL}"),
    (
        "",
        rf"""(op|naar|ten?name|tenamevan|van)?(bank|iban)?rekeningnummer|(nota|factuur|declaratie)(nummer|nr|datum|no)
        |zorgkostenoverzicht|kostensoort|declaratieoverzicht|invoice(number|no|nr|date)|dateof(invoice|payment)
        |declaratieverwerkt|{_BILL}verwerkt|claimsoverview|uwrekeningvan|jerekeningvan|costtype|nietmeer""",
    ),
)
