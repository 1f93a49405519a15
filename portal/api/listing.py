"""Lists in pages: by keys that only grow, with a cursor that nobody can make or take to another practice."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from billing.links import absolute
from portal.api.problems import Problem
from portal.models import ApiKey

MAX_LIMIT = 200


def cursor_of(key: ApiKey, what: str, place: Sequence[int]) -> str:
    """Return the cursor of what comes after `place` in the list `what` of this practice."""
    text = ".".join(map(str, place))
    return signing.Signer(salt=_salt(key, what), sep="~").sign(text)


def place_of(key: ApiKey, what: str, cursor: str, *, width: int = 1) -> list[int]:
    """Return the place that a cursor stands for, zeros without one. Raises Problem for any other text."""
    if not cursor:
        return [0] * width
    try:
        place = [int(part) for part in signing.Signer(salt=_salt(key, what), sep="~").unsign(cursor).split(".")]
    except (signing.BadSignature, ValueError):
        sentence = _("This is no cursor of this list. Begin without one.")
        raise parameter_problem("cursor", sentence) from None
    return place


def parameter_problem(name: str, sentence: str) -> Problem:
    """Return the problem of one parameter of an address."""
    return Problem("parameter-invalid", errors=[{"parameter": name, "code": "parameter-invalid", "detail": sentence}])


def link_next(request: HttpRequest, response: HttpResponse, cursor: str | None) -> None:
    """Name the next page in the header `Link` (RFC 8288)."""
    if cursor:
        asked: dict[str, Any] = {**request.GET.dict(), "cursor": cursor}
        response.headers["Link"] = f'<{absolute(request.path)}?{urlencode(asked)}>; rel="next"'


def _salt(key: ApiKey, what: str) -> str:
    return f"portal.api.cursor:{key.provider_id}:{what}"
