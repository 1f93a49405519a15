"""The words that a translation must use, and those that it may not: one thing has one name on paper and on the page."""

# Names and letters that are the same in every language, or stand in a text beside the translation.
SAME = (
    "iDEAL", "Wero", "IBAN", "QR", "PDF", "SMS", "PIN", "RF", "KvK", "Wki", "Geldfit", "Mollie", "eigen risico", "Demo",
    "E-mail",
)  # fmt: skip

# An English term, and in each language the beginnings of the words for it, of which one must be there.
TERMS: dict[str, dict[str, tuple[str, ...]]] = {
    "invoices?": {
        "tr": ("fatura",),
        "ar": ("فاتور", "فواتير"),
        "pl": ("rachun",),
        "uk": ("рахун",),
    },
    "payment reference": {
        "tr": ("ödeme referans",),
        "ar": ("مرجع الدفع", "مراجع دفع", "مرجع دفع"),
        "pl": ("numer płatności", "numeru płatności", "numerem płatności", "numery płatności", "numerze płatności"),
        "uk": ("номер платежу", "номера платежу", "номером платежу", "номери платежу", "номері платежу"),
    },
    "care provider": {
        "tr": ("sağlık kurumu",),
        "ar": ("مقدم الرعاية", "مقدّم الرعاية", "لمقدم الرعاية"),
        "pl": ("placów",),
        "uk": ("медичн",),
    },
    "health insurer": {
        "tr": ("sağlık sigorta",),
        "ar": ("التأمين الصحي",),
        "pl": ("ubezpieczyciel",),
        "uk": ("страхов",),
    },
    "instalments?": {
        "tr": ("taksit",),
        "ar": ("قسط", "أقساط", "قسطًا", "الأقساط", "القسط"),
        "pl": ("rat",),
        "uk": ("внес", "частин"),
    },
    "reminders?": {
        "tr": ("hatırlatma",),
        "ar": ("تذكير",),
        "pl": ("przypomnie",),
        "uk": ("нагадуван",),
    },
    "collection costs": {
        "tr": ("tahsilat masraf",),
        "ar": ("تكاليف التحصيل", "تكاليف تحصيل"),
        "pl": ("koszty windykacji", "kosztów windykacji", "kosztami windykacji"),
        "uk": ("витрати на стягнення", "витрат на стягнення"),
    },
    "interest": {
        "tr": ("faiz",),
        "ar": ("فائدة", "الفائدة", "فوائد"),
        "pl": ("odset",),
        "uk": ("відсот",),
    },
    "amount": {
        "tr": ("tutar",),
        "ar": ("مبلغ",),
        "pl": ("kwot",),
        "uk": ("сум",),
    },
    "law": {
        "tr": ("yasa", "kanun"),
        "ar": ("قانون",),
        "pl": ("praw", "ustaw"),
        "uk": ("закон",),
    },
    "free": {
        "tr": ("ücretsiz",),
        "ar": ("مجان",),
        "pl": ("bezpłatn", "za darmo"),
        "uk": ("безкоштовн",),
    },
}

# A day until which something can be done counts whole: words of which one must be there, for "do 26-12" may be read as
# before that day.
LAST_DAY = r"\b(?:by|until|including) (?:<strong>)?%\((?!closes)|\bby (?:that|the|its) day\b|\bby then\b"
THAT_DAY_TOO: dict[str, tuple[str, ...]] = {
    "tr": ("en geç", "dahil"),
    "ar": ("أقصاه", "على الأكثر", "مشمول", "نهاية يوم", "في ذلك اليوم أو قبله"),
    "pl": ("najpóźniej", "włącznie"),
    "uk": ("не пізніше", "включно", "щонайпізніше", "до кінця"),
    "nl-x-easy": ("of eerder", "op tijd", "op die dag", "tot en met", "uiterlijk"),
}

_LEFT_BEHIND = (r"the\b", r"you\b", r"rekening\b", r"betaal", r"uw\b", r"het\b", r"niet\b")
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "tr": (*_LEFT_BEHIND, r"ceza", r"sen\b", r"icra"),  # no fine, no bailiff: costs of collecting
    "ar": (r"غرامة", r"عقوبة", r"لا يجب", r"يعد يجب"),  # "you need not" is read as "you must not": say لا يلزمك
    "pl": (*_LEFT_BEHIND, r"kara\b", r"kary\b", r"grzywn", r"komornicz"),
    "uk": (r"штраф", r"пеня", r"[ыэъё]"),
}
