"""The description as a page to read: made of the same description that programs read, without a script."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.links import absolute
from portal.api import described, limits
from portal.api.bodies import MAX_BYTES, MAX_ITEMS
from portal.api.problems import CODES
from portal.webhooks.events import KINDS


class Operation(NamedTuple):
    """One thing that a program can ask."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, str]]
    takes: list[str]
    gives: list[str]


class Type(NamedTuple):
    """The fields of something that is sent or answered: name, what it may be, and a remark."""

    name: str
    description: str
    fields: list[tuple[str, str, str]]


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show all of it in one page."""
    context = {
        "root": absolute("/api/v1"),
        "operations": _operations(),
        "types": _types(),
        "codes": [(code, status, _(title)) for code, (status, title) in CODES.items()],
        "kinds": KINDS,
        "limits": (limits.READ, limits.WRITE),
        "max_items": MAX_ITEMS,
        "max_megabytes": MAX_BYTES // 1024**2,
        "examples": {
            name: (settings.ROOT / "docs" / "examples" / name).read_text() for name in ("client.py", "client.sh")
        },
    }
    return render(request, "pages/api.html", context)


def _operations() -> list[Operation]:
    return [
        Operation(
            anchor=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=_in_words(operation),
            description=operation.get("description", ""),
            parameters=[_parameter(parameter) for parameter in operation["parameters"]],
            takes=_names(operation.get("requestBody", {})),
            gives=[
                name for status, answer in operation["responses"].items() if status < "3" for name in _names(answer)
            ],
        )
        for path, operations in described.description()["paths"].items()
        for method, operation in operations.items()
    ]


def _in_words(operation: dict[str, Any]) -> str:
    summary: str = operation["summary"]
    return _(summary)


def _parameter(parameter: dict[str, Any]) -> dict[str, str]:
    kind, remark = _type_of(parameter["schema"]), parameter.get("description", "")
    return {"name": parameter["name"], "type": kind, "remark": remark}


def _names(part: dict[str, Any]) -> list[str]:
    """Return the names of the types of a body or an answer."""
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return [option["$ref"].rpartition("/")[2] for option in schema.get("anyOf", [schema]) if "$ref" in option]


def _types() -> list[Type]:
    return [
        Type(name, schema.get("description", ""), _fields(schema))
        for name, schema in described.description()["components"]["schemas"].items()
        if "properties" in schema
    ]


def _fields(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    required = set(schema.get("required", ()))
    return [
        (name, _type_of(field) + ("" if name in required else ", " + _("not required")), field.get("description", ""))
        for name, field in schema["properties"].items()
    ]


def _type_of(schema: dict[str, Any]) -> str:
    """Return in a few words what a value may be."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type_of(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join("null" if value is None else f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if schema.get("type") == "array":
        return f"[{_type_of(schema['items'])}]"
    kind = schema.get("format") or schema.get("type", "")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)
