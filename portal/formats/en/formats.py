"""British order of dates: a Dutch portal in English is not an American one."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F Y, H:i"
SHORT_DATE_FORMAT = "d-m-Y"
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
