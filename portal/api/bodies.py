"""What a request carries: read by the reader of a practice's batch, so that JSON is right or wrong in one place only.

A body is one item, or an object with a list of them. Each error has a JSON pointer (RFC 6901) into what was sent.
"""

import io
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.translation import gettext as _

from billing.submission.fields import printable
from portal.api.problems import Problem
from portal.intake.reader import Broken, parts
from portal.intake.result import BatchError, BatchResult

MAX_BYTES = 2 * 1024 * 1024
MAX_ITEMS = 200  # in one transaction: as long as others may have to wait
_STEP = re.compile(r"\.|\[([0-9]+)\]")


class Given(NamedTuple):
    """The items of a body, and whether it was one item alone, so that errors name it without a list."""

    items: list[Any]
    is_one: bool


def read(request: HttpRequest) -> bytes:
    """Return the body. Raises Problem for one that is too large or no JSON by its type."""
    if request.content_type != "application/json":
        raise Problem("not-json")
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Problem("too-large")
    return body


def items_of(body: bytes, kind: str, result: BatchResult) -> Given:
    """Return what stands in the body: the list `kind`, or one item of it. Errors go to the result."""
    members: dict[str, Any] = {}
    listed: list[Any] = []
    try:
        for key, index, value in parts(io.BytesIO(body), result.report):
            if index is None:
                members.setdefault(key, value)
            elif key == kind:
                listed.append(value)
            elif isinstance(members[key], list):  # else it stands there twice, and was reported
                members[key].append(value)
            if len(listed) > MAX_ITEMS:
                raise Broken(kind, "too-many", _("At most %d at a time: make several requests of it.") % MAX_ITEMS)
    except Broken as broken:
        result.report(broken.path, broken.code, broken.sentence)
        return Given([], is_one=False)
    if kind not in members:
        return Given([members], is_one=True)
    for key in members.keys() - {kind}:
        _report_unknown(result, key)
    if members[kind] != [] or not listed:
        result.report(kind, "not-a-list", _("This must be a list with something in it, between [ and ]."))
    return Given(listed, is_one=False)


def fields_of(body: bytes, kind: str, *, known: Collection[str] | None = None, but: str = "") -> dict[str, Any]:
    """Return the fields of a body that is one object: those in `known`, or all but one, which is in the address.

    Raises Problem for what is no object, and for another field.
    """
    result = BatchResult(dry_run=False)
    given = items_of(body, kind, result)
    fields: dict[str, Any] = given.items[0] if given.is_one else {}
    if not given.is_one:
        _report_unknown(result, kind)
    for name in fields:
        if name == but or (known is not None and name not in known):
            _report_unknown(result, name)
    refuse(result, kind, is_one=True)
    return fields


def _report_unknown(result: BatchResult, name: str) -> None:
    result.report(printable(name), "unknown-field", _("This field is not part of the format."))


def refuse(result: BatchResult, kind: str, *, is_one: bool) -> None:
    """Raise Problem when there are errors in the result."""
    if not result.error_count:
        return
    errors = [_told(error, kind if is_one else "") for error in result.errors]
    differs = all(error.code.endswith("-differs") for error in result.errors)
    raise Problem("differs" if differs else "invalid", errors=errors)


def _told(error: BatchError, alone: str) -> dict[str, Any]:
    path = error.path
    if alone and path.startswith(f"{alone}[0]"):
        path = path.removeprefix(f"{alone}[0]").removeprefix(".")
    told = {"pointer": pointer(path), "code": error.code, "detail": error.sentence}
    if error.about and error.about.number and not alone:
        told["number"] = error.about.number
    return told


def pointer(path: str) -> str:
    """Return a path such as `invoices[3].patient.postcode` as a JSON pointer: `/invoices/3/patient/postcode`."""
    if not path:
        return ""
    steps = [step for step in _STEP.split(path) if step]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
