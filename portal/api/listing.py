"""Lists in pages: by keys that only grow, with a cursor that nobody can read, make, or take to another practice."""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from billing.encryption import Unreadable, seal, unseal
from billing.links import absolute
from portal.api.problems import Problem
from portal.models import ApiKey

MAX_LIMIT = 200


def cursor_of(key: ApiKey, what: str, place: Sequence[int]) -> str:
    """Return the cursor of what comes after `place` in the list `what` of this practice."""
    sealed = seal(".".join(map(str, place)).encode(), bound_to=_bound_to(key, what))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def place_of(key: ApiKey, what: str, cursor: str, *, width: int = 1) -> list[int]:
    """Return the place that a cursor stands for, zeros without one. Raises Problem for any other text."""
    if not cursor:
        return [0] * width
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        return [int(part) for part in unseal(sealed, bound_to=_bound_to(key, what)).split(b".")]
    except (Unreadable, ValueError):  # also what is no Base64
        sentence = _("This is no cursor of this list. Begin without one.")
        raise parameter_problem("cursor", sentence) from None


def parameter_problem(name: str, sentence: str) -> Problem:
    """Return the problem of one parameter of an address."""
    return Problem("parameter-invalid", errors=[{"parameter": name, "code": "parameter-invalid", "detail": sentence}])


def paged(
    request: HttpRequest, response: HttpResponse, items: Sequence[Any], *, following: str, has_more: bool
) -> dict[str, Any]:
    """Return a page of a list, and name the next one in the header `Link` too (RFC 8288).

    `following` is the cursor of what comes after it, also at the end: what is added later stands there.
    """
    if has_more:
        asked: dict[str, Any] = {**request.GET.dict(), "cursor": following}
        response.headers["Link"] = f'<{absolute(request.path)}?{urlencode(asked)}>; rel="next"'
    return {"items": items, "next": following, "has_more": has_more}


def _bound_to(key: ApiKey, what: str) -> str:
    return f"portal.api.cursor:{key.provider_id}:{what}"
