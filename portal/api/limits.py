"""How often a program may ask, counted exactly for each key (`guests.throttle`), and the headers that say so.

`RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from django.http import HttpRequest
from django.utils import timezone

from guests import throttle
from guests.access import client_network
from guests.throttle import Limit
from portal.api.problems import Problem
from portal.models import ApiKey

READ = Limit("read", 600, 60)
WRITE = Limit("write", 120, 60)
UNKNOWN = Limit("api key unknown", 30, 600)  # of one address, so that nobody tries keys
_SAFE = ("GET", "HEAD", "OPTIONS")


def count(request: HttpRequest, key: ApiKey) -> None:
    """Count the request; raise Problem when there were too many. The answer says how many are left."""
    limit = READ if request.method in _SAFE else WRITE
    wait, left = throttle.take_and_tell(limit, f"api key:{key.pk}", now=timezone.now())
    request.api_limit = (limit, left, wait)  # type: ignore[attr-defined]
    if wait:
        raise Problem("too-many-requests", headers={"Retry-After": str(wait)})


def count_unknown(request: HttpRequest) -> None:
    """Count a request without a right key; raise Problem when this address tried too many."""
    if wait := throttle.take(UNKNOWN, client_network(request), now=timezone.now()):
        raise Problem("too-many-requests", headers={"Retry-After": str(wait)})


def headers(request: HttpRequest) -> dict[str, str]:
    """Return the headers for the answer to a request that was counted."""
    told = getattr(request, "api_limit", None)
    if told is None:
        return {}
    limit, left, wait = told
    resets = f";t={wait or limit.seconds}"
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.tries};w={limit.seconds}',
        "RateLimit": f'"{limit.name}";r={left}{resets}',
    }
