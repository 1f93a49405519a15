"""A practice's software, as the interface sees it: a client with a key, each answer held to the description."""

import itertools
import json
from functools import cache
from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from billing.models import Provider
from portal.api import described, keys
from portal.models.keys import Scope

_once = itertools.count(1)
ROOT = "/api/v1"


class Program:
    """Asks with a key of `provider`; POST has an idempotency key of its own unless one is given."""

    def __init__(self, provider: Provider, *, scopes: Any = Scope.values, name: str = "Praktijkpakket") -> None:
        self.provider = provider
        self.key, self.text = keys.make(provider, name, by="command", scopes=scopes)
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return self._held(self.client.get(f"{ROOT}{path}", query, headers=self.headers()))

    def post(self, path: str, content: Any, *, once: str = "", **headers: str) -> Any:
        return self._send("post", path, content, {"Idempotency-Key": once or f"k-{next(_once)}", **headers})

    def patch(self, path: str, content: Any) -> Any:
        return self._send("patch", path, content, {})

    def _send(self, method: str, path: str, content: Any, headers: dict[str, str]) -> Any:
        body = content if isinstance(content, str | bytes) else json.dumps(content)
        return self._held(self.send(method, path, body, **headers))

    def send(self, method: str, path: str, body: str | bytes, *, once: str = "", **headers: str) -> Any:
        """Send a body as it is, and hold its answer to nothing."""
        named = {**self.headers(), **({"Idempotency-Key": once} if once else {}), **headers}
        return getattr(self.client, method)(f"{ROOT}{path}", data=body, content_type="application/json", headers=named)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}", "Accept-Language": "en"}

    def _held(self, answer: Any) -> Any:
        hold(answer.request["REQUEST_METHOD"], answer.request["PATH_INFO"], answer)
        return answer


def hold(method: str, path: str, answer: Any) -> None:
    """Hold an answer to the description: its status is there, and it is of the type that is told."""
    operation = _operation(method.lower(), path)
    told = operation["responses"].get(str(answer.status_code))
    assert told is not None, f"{method} {path}: {answer.status_code} is not in the description"
    if "$ref" in told:
        told = described.description()["components"]["responses"][told["$ref"].rsplit("/", 1)[1]]
    content_type = answer.headers["Content-Type"].partition(";")[0]
    assert content_type in told["content"], content_type
    _validator(json.dumps(told["content"][content_type]["schema"])).validate(answer.json())


def _operation(method: str, path: str) -> Any:
    for route, operations in described.description()["paths"].items():
        steps, asked = route.split("/"), path.split("/")
        if len(steps) == len(asked) and all(s == a or s.startswith("{") for s, a in zip(steps, asked, strict=True)):
            return operations[method]
    raise AssertionError(f"{path} is not in the description")


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = Resource.from_contents(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **described.description()}
    )
    registry: Any = Registry().with_resource("urn:api", whole)
    return Draft202012Validator(json.loads(schema.replace('"#/', '"urn:api#/')), registry=registry)
