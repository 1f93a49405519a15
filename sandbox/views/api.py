"""What the stand-in APIs share: JSON in, JSON out, keys, and injected faults (see `faults.py`)."""

import json
import secrets
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from sandbox import faults
from sandbox.errors import ApiError

Settings = dict[str, Any]


def check_bearer(request: HttpRequest, key: str) -> None:
    """Raise ApiError 401 unless the request has this key."""
    given = request.headers.get("Authorization", "")
    if not secrets.compare_digest(given.encode(), f"Bearer {key}".encode()):
        raise ApiError(401, "Missing authentication, or failed to authenticate")


def json_object(request: HttpRequest) -> dict[str, Any]:
    """Return the request's body; an empty one is an empty object. Raises ApiError 400 when it is no JSON object."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise ApiError(400, "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object")
    return body


def wait(fault: Settings, name: str, default: int = 0) -> None:
    """Sleep as many milliseconds as the setting `name` of a fault says."""
    time.sleep(int(fault.get(name, default)) / 1000)


def hang(fault: Settings) -> HttpResponse:
    """Answer only after the client's timeout, and with the 504 of a proxy."""
    wait(fault, "hang_ms", faults.DEFAULT_HANG_MS)
    return refusal(504)


def refusal(status: int) -> HttpResponse:
    """Return the error response with this status."""
    answer = JsonResponse(ApiError(status, "Ordered by the sandbox's faults").as_json(), status=status)
    if status in (429, 503):
        answer["Retry-After"] = "1"
    return answer


def injected(fault: Settings) -> HttpResponse | None:
    """Return the response of a fault that replaces ours; None when the request is to be processed."""
    kind = str(fault.get("kind", ""))
    wait(fault, "delay_ms")
    if kind in faults.STATUSES:
        return refusal(int(kind))
    if kind == "html":
        page = "<!doctype html><html lang=en><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1></html>"
        return HttpResponse(page, status=502)
    if kind == "bare":
        return JsonResponse({"status": 500}, status=500)
    if kind == "null":
        return JsonResponse(None, safe=False)
    return None
