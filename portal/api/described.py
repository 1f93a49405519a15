"""The description of the interface (OpenAPI 3.1): django-ninja's of the answers, the batch's schema of the bodies.

The schema of a batch is held to its reader by tests, and so is this to the answers.
"""

import json
from copy import deepcopy
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from billing.links import absolute
from portal.api.answers import Refusal
from portal.api.bodies import MAX_ITEMS
from portal.api.problems import CODES, CONTENT_TYPE

FORMAT = "docs/invoice-batch.schema.json"
_REFUSAL = {"$ref": "#/components/schemas/Refusal"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": r"^[A-Za-z0-9_.:/+=-]{1,64}$"},
    "description": "A new one for each act, such as a UUID; the same one when the same request is sent again.",
}
INTRODUCTION = (
    "Invoices of a practice for Zorgrekening, by the rules of a batch: docs/batch-format.md says what is right."
)


@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    """Return the description as OpenAPI 3.1."""
    return JsonResponse(description() | {"servers": [{"url": absolute("")}]})


@cache
def description() -> dict[str, Any]:
    """Return the description, without the address of the server."""
    from portal.api.site import api

    made: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
    made["info"]["description"] = INTRODUCTION
    components = made["components"]
    components["schemas"] |= _batch_schemas() | _of_model(Refusal)
    components["responses"] = {
        str(status): {
            "description": "; ".join(sorted(code for code, (of, _title) in CODES.items() if of == status)),
            "content": {CONTENT_TYPE: {"schema": _REFUSAL}},
        }
        for status in sorted({status for status, _title in CODES.values()})
    }
    for operations in made["paths"].values():
        for method, operation in operations.items():
            _complete(operation, method, components["responses"])
    return made


def _complete(operation: dict[str, Any], method: str, refusals: dict[str, Any]) -> None:
    """Add to an operation what every one has: the ways in which it is refused, and the key of an act."""
    left_out = {"409", "411", "413", "415"} if method == "get" else set()
    for status in refusals.keys() - left_out:
        operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}
    if method == "post":
        operation["parameters"] = [*operation.get("parameters", []), deepcopy(_KEY)]


@cache
def _batch_schemas() -> dict[str, Any]:
    """Return the schemas of what a batch holds, under the names by which bodies refer to them."""
    text = (settings.ROOT / FORMAT).read_text().replace("#/$defs/", "#/components/schemas/batch_")
    schemas = {f"batch_{name}": schema for name, schema in json.loads(text)["$defs"].items() if name != "error_code"}
    own = {
        "batch_invoice": schemas["batch_invoice_2"],
        "batch_invoices": _list_of("invoices", "batch_invoice"),
        "credit_note": schemas["batch_credit_note"],
        "credit_notes": _list_of("credit_notes", "credit_note"),
        "patient_correction": _without_number(schemas["batch_correction"]),
        "withdrawal": {
            "type": "object",
            "additionalProperties": False,
            "required": ["reason"],
            "properties": {
                name: schemas["batch_credit_note"]["properties"][name] for name in ("reason", "number", "issued_on")
            },
        },
    }
    unused = {"batch_invoice_1", "batch_patient_1", "batch_invoice_2", "batch_correction", "batch_credit_note"}
    return {name: schema for name, schema in schemas.items() if name not in unused} | own


def _list_of(kind: str, item: str) -> dict[str, Any]:
    items = {"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": {"$ref": f"#/components/schemas/{item}"}}
    return {"type": "object", "additionalProperties": False, "required": [kind], "properties": {kind: items}}


def _without_number(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: field for name, field in schema["properties"].items() if name != "number"}
    rest = {name: value for name, value in schema.items() if name != "required"}
    return rest | {"minProperties": 1, "properties": properties}


def _of_model(model: Any) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    parts: dict[str, Any] = schema.pop("$defs", {})
    return {**parts, model.__name__: schema}
