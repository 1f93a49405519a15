"""What a form posts in fields that nobody types in, which a browser may have changed."""

import re

from django.http import HttpRequest

from billing.links import new_token

_MAX_DIGITS = 18  # of a key in the database
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,32}", re.ASCII)


def key(request: HttpRequest, name: str) -> int:
    """Return the key of a row; 0, which is no row's key, for anything else."""
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= _MAX_DIGITS else 0


def form_token(request: HttpRequest) -> str:
    """Return the token of a form, which tells one sending from the next; a new one when it has none."""
    given = request.POST.get("form", "")
    return given if _TOKEN.fullmatch(given) else new_token()
