"""Every answer under /api/v1/ in one form: what is refused before a view becomes a problem too, and limits are told."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.api import limits
from portal.api.problems import CONTENT_TYPE, of_status, response_of

ROOT = "/api/v1/"


class ApiAnswers:
    """Turn the pages and plain texts of errors into problems, and add the headers of the rate limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(ROOT):
            return response
        if response.status_code >= 400 and response.headers.get("Content-Type") != CONTENT_TYPE:
            _say_as_problem(request, response)
        for name, value in limits.headers(request).items():
            response.headers[name] = value
        if getattr(request, "api_replayed", False):
            response.headers["Idempotency-Replayed"] = "true"
        return response


def _say_as_problem(request: HttpRequest, response: HttpResponse) -> None:
    """Put the problem in the place of a page; the headers that others gave it stay."""
    problem = response_of(of_status(response.status_code), request)
    for name in ("Content-Encoding", "Content-Length", "ETag"):
        response.headers.pop(name, None)
    response.content = problem.content
    response.headers["Content-Type"] = problem.headers["Content-Type"]
    response.headers["Content-Length"] = str(len(problem.content))
