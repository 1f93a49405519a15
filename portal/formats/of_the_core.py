"""Days and numbers in the one form that bank apps and paper have, in every language of the core.

Babel writes 1 234,50 in Ukrainian and other names of months in Morocco than in Syria: a reader must find the same
amount and the same day again at the bank.
"""

DATE_FORMAT = SHORT_DATE_FORMAT = "d-m-Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "d-m-Y, H:i"
DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "."
NUMBER_GROUPING = 3
