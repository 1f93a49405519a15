"""Problems as RFC 9457 has them: a stable code for software, a sentence for people, and where each error is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.links import absolute

CONTENT_TYPE = "application/problem+json"
# By code: the status, and what it means. Codes stay; sentences may change.
CODES: dict[str, tuple[int, str]] = {
    "request-unreadable": (400, gettext_noop("The request can't be read.")),
    "idempotency-key-missing": (400, gettext_noop("The header Idempotency-Key is missing, or it is no such key.")),
    "key-missing": (401, gettext_noop("There is no key in the header Authorization.")),
    "key-unknown": (401, gettext_noop("We don't know this key, or it has ended.")),
    "key-of-the-sandbox": (401, gettext_noop("This is a key of the sandbox. It opens nothing here.")),
    "key-is-live": (401, gettext_noop("This key is for real invoices. Here is the sandbox: revoke the key.")),
    "not-allowed": (403, gettext_noop("This key may not do that.")),
    "not-found": (404, gettext_noop("There is nothing at this address, for your practice.")),
    "method-not-allowed": (405, gettext_noop("This address does not take that method.")),
    "differs": (409, gettext_noop("This was handed in before with other content.")),
    "length-missing": (411, gettext_noop("Say with Content-Length how long the body is.")),
    "too-large": (413, gettext_noop("The body is too large.")),
    "not-json": (415, gettext_noop("The body must be JSON: Content-Type application/json.")),
    "invalid": (422, gettext_noop("Something in the body is not right. Nothing was changed.")),
    "parameter-invalid": (422, gettext_noop("A parameter in the address is not right.")),
    "idempotency-key-used": (422, gettext_noop("This Idempotency-Key was used for another request.")),
    "too-many-requests": (429, gettext_noop("Too many requests. Wait as long as Retry-After says.")),
    "failed": (500, gettext_noop("Something failed on our side. Try again later, with the same Idempotency-Key.")),
    "busy": (503, gettext_noop("We are busy. Try again in a moment, with the same Idempotency-Key.")),
}
_BY_STATUS = {
    400: "request-unreadable",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    411: "length-missing",
    413: "too-large",
    503: "busy",
}


class Problem(Exception):
    """Ends a request with a problem; nothing was changed. `errors` are its parts, with a code each."""

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors, self.headers = code, detail, list(errors), dict(headers or {})


def response_of(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Return the answer that says what is wrong, in the language of the request."""
    status, title = CODES[problem.code]
    content: dict[str, Any] = {
        "type": absolute(f"/api/#{problem.code}"),
        "title": _(title),
        "status": status,
        "code": problem.code,
        "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
    }
    if problem.detail:
        content["detail"] = problem.detail
    if problem.errors:
        content["errors"] = problem.errors
    response = JsonResponse(content, status=status, content_type=CONTENT_TYPE, headers=problem.headers)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="zorgrekening"'
    return response


def of_status(status: int) -> Problem:
    """Return the problem for an answer with this status that something before the views gave."""
    code = _BY_STATUS.get(status)
    if code is None:
        code = "request-unreadable" if 400 <= status < 500 else "failed"
    return Problem(code)
