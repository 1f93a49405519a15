"""The interface as django-ninja serves it: routes, types of answers and the description; bodies are read by ours."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import ValidationError

from portal.api import bodies
from portal.api.listing import parameter_problem
from portal.api.problems import Problem, response_of
from portal.api.routes import events, invoices, money, patients

api = NinjaAPI(title="Zorgrekening", version="1", openapi_url=None, docs_url=None, urls_namespace="api")
api.add_router("", invoices.router)
api.add_router("", patients.router)
api.add_router("", money.router)
api.add_router("", events.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Any) -> HttpResponse:
    return response_of(problem, request)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, _error: Any) -> HttpResponse:
    return response_of(Problem("not-found"), request)


@api.exception_handler(ValidationError)
def _parameters(request: HttpRequest, error: Any) -> HttpResponse:
    """Say which parameter is wrong in our words: pydantic's are English, and may repeat the value."""
    names = dict.fromkeys(str(part["loc"][-1]) for part in error.errors)
    sentence = _("This is not a value that this parameter takes.")
    problems = [parameter_problem(name, sentence).errors[0] for name in names]
    return response_of(Problem("parameter-invalid", errors=problems), request)


def urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """Return the addresses for `path`; each takes a larger body than a form."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            vars(pattern.callback)["max_body_bytes"] = bodies.MAX_BYTES  # see portal/edge.py
    return patterns, app, namespace
