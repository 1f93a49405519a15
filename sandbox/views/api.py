"""What the stand-in APIs share: JSON in, JSON out, keys, and the failures that `faults.py` orders."""

import json
import secrets
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from sandbox import faults
from sandbox.errors import ApiError

Kind = dict[str, Any]


def check_bearer(request: HttpRequest, key: str) -> None:
    given = request.headers.get("Authorization", "")
    if not secrets.compare_digest(given.encode(), f"Bearer {key}".encode()):
        raise ApiError(401, "Missing authentication, or failed to authenticate")


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The request's body; ApiError 400 when it is not a JSON object. An empty body is an empty object."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise ApiError(400, "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object")
    return body


def wait(fault: Kind, name: str, default: int = 0) -> None:
    time.sleep(int(fault.get(name, default)) / 1000)


def hang(fault: Kind) -> HttpResponse:
    """Say nothing for longer than a client waits, then what a gateway in between would say."""
    wait(fault, "hang_ms", faults.DEFAULT_HANG_MS)
    return refusal(504)


def refusal(status: int) -> HttpResponse:
    answer = JsonResponse(ApiError(status, "Ordered by the sandbox's faults").as_json(), status=status)
    if status in (429, 503):
        answer["Retry-After"] = "1"
    return answer


def injected(fault: Kind) -> HttpResponse | None:
    """The answer that a fault gives instead of ours; None when the work goes on."""
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
