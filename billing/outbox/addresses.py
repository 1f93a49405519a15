"""The rule for one e-mail address, checked at intake and again when a message is sent."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_ONE_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]+@[^\s@,;:<>()\[\]\"\\]+")


def is_one_address(address: str) -> bool:
    """Tell whether `address` is one plain e-mail address: no list, no display name, nothing that could end a header.

    `a@example.org, b@example.org` in a To header would reach two people.
    """
    try:
        validate_email(address)
    except ValidationError:
        return False
    local = address.rpartition("@")[0]  # Django accepts a few characters that no server understands
    return local.isascii() and _ONE_ADDRESS.fullmatch(address) is not None
