"""What may stand before a surname on a paper, in small letters without accents."""

# Between the initials and the surname.
INFIXES = frozenset({
    "aan", "al", "bij", "d", "da", "de", "del", "den", "der", "des", "di", "dos", "du", "een", "el", "en", "het",
    "in", "la", "las", "le", "les", "los", "of", "op", "s", "t", "te", "ten", "ter", "tot", "uit", "van", "vd",
    "ven", "ver", "vom", "von", "voor", "zu", "zum", "zur",
})  # fmt: skip
# With a capital before a surname, and no first name.
NO_NAMES = frozenset({
    "geboortedatum", "geboren", "geslacht", "bsn", "tussenvoegsel", "tussenvoegsels", "relatienummer", "voornaam",
    "aan", "achternaam", "alle", "apotheek", "behandelde", "beste", "betaling", "betreft", "client", "cliente",
    "clienten", "dag", "de", "dear", "debiteur", "declaratie", "dhr", "dokter", "dr", "drs", "factuur", "fam",
    "familie", "family", "fysiotherapie", "geachte", "geboortenaam", "gezin", "ggz", "goedendag", "hallo", "heer",
    "hello", "hoofdverzekerde", "hr", "huid", "huidtherapie", "huisarts", "huisartsenpraktijk", "in", "ing",
    "insured", "ir", "kind", "kliniek", "lid", "lieve", "madam", "medeverzekerde", "mevr", "mevrouw", "miss",
    "mister", "mondzorg", "mr", "mrs", "ms", "mw", "naam", "naar", "name", "nota", "of", "op", "overledene",
    "overzicht", "partner", "patient", "patiente", "persoon", "policyholder", "polishouder", "praktijk", "prof",
    "rekening", "sehr", "sir", "tandarts", "tandartspraktijk", "tav", "ten", "the", "tnv", "u", "uw", "van",
    "vergoeding", "verzekerde", "verzekeringnemer", "voor", "weduwe", "zorg", "zorgverlener",
})  # fmt: skip
