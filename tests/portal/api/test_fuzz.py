"""Requests made from the description by schemathesis, right ones and wrong ones: never a 5xx, nothing undescribed."""

from functools import cache
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation.modes import GenerationMode

from guests.throttle import Limit
from portal.api import described, limits
from portal.models.keys import Scope
from tests import factories
from tests.portal.api.program import Program, hold
from tests.portal.intake.batches import invoice

pytestmark = pytest.mark.django_db
PARTS = ("method", "url", "headers", "params", "json", "data")


@cache
def operations():
    schema = schemathesis.openapi.from_dict(described.description() | {"servers": [{"url": "http://testserver"}]})
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def programs(monkeypatch):
    """A program that may do everything, and one for each thing that a key may do."""
    monkeypatch.setattr(limits, "READ", Limit("read", 1_000_000, 60))
    monkeypatch.setattr(limits, "WRITE", Limit("write", 1_000_000, 60))
    made = Program(factories.provider())
    assert made.post("/invoices", {"invoices": [invoice(1), invoice(2, number="0")]}).status_code == 201
    return [made, *(Program(made.provider, scopes=[scope], name=scope) for scope in Scope.values)]


@pytest.mark.slow_because("the long form makes a thousand requests of each kind")
@pytest.mark.parametrize("mode", list(GenerationMode))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_as_described(programs, mode, data):
    program = data.draw(st.one_of(st.just(programs[0]), st.sampled_from(programs)))
    operation = data.draw(st.sampled_from(operations()))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    told = case.as_transport_kwargs(base_url="http://testserver", headers=program.headers())
    asked = requests.Request(**{name: told[name] for name in PARTS if name in told}).prepare()
    parts = urlsplit(str(asked.url))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
    named = {
        name: value
        for name, value in asked.headers.items()
        if name.lower() != "accept-encoding" and not name.lower().startswith("content-")
    }
    kind = asked.headers.get("Content-Type") or ""
    client = Client(raise_request_exception=False)
    answer = client.generic(str(asked.method), path, body, content_type=kind, headers=named)
    assert answer.status_code < 500
    hold(operation.method, operation.path, answer)
