"""What a field of a batch can hold, against the sources that its rule comes from."""

import phonenumbers

from billing.submission import values


def test_the_quick_way_for_dutch_mobiles_agrees_with_the_numbering_plan():
    for start in ("+316", "+3197", "+3162", "+3110", "+3160", "+3159"):
        for digits in ("1" * 8, "70" * 4, "0" * 8, "12345678", "012345678", "0123456789"):
            number = phonenumbers.parse(text := start + digits, None)
            mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
            mobile = mobile and not start.startswith("+3197")  # those are carried by machines
            assert bool(values._DUTCH_MOBILE.fullmatch(text)) == mobile, text


def test_fdi_numbers_are_the_52_teeth_of_people():
    assert len(values.FDI_TEETH) == 32 + 20
