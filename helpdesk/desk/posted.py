"""What a button of the desk's pages says, which a browser may have changed."""

from django.http import HttpRequest

_MAX_DIGITS = 18  # of a key in the database


def number(request: HttpRequest, name: str) -> int:
    """Return a number of the form; 0, which is no row's key, for anything else."""
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= _MAX_DIGITS else 0
