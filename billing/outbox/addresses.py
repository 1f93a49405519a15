"""What counts as one e-mail address, asked at intake and again when a message leaves."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_ONE_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]+@[^\s@,;:<>()\[\]\"\\]+")


def is_one_address(address: str) -> bool:
    """Whether `address` is one plain e-mail address: no list, no display name, nothing that could end a header.

    `a@example.org, b@example.org` in a To header reaches two people, so this is asked at input and again at send.
    """
    try:
        validate_email(address)
    except ValidationError:
        return False
    local = address.rpartition("@")[0]  # Django lets a few letters through that no server understands
    return local.isascii() and _ONE_ADDRESS.fullmatch(address) is not None
