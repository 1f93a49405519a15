"""What a telephone number costs whoever calls it."""

import phonenumbers
from phonenumbers import PhoneNumberType

_DEAR = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)


def is_dear(number: str) -> bool:
    """Tell whether a call to this number costs more than the basic rate."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(number, "NL")) in _DEAR
    except phonenumbers.NumberParseException:
        return False
