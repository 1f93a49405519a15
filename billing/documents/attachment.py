"""Serving a file as an attachment that runs no code, is cached nowhere, and has a name without personal data."""

import re
from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse

_POLICY = (
    "sandbox; default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none';"
    " frame-ancestors 'none'"
)
_NAME = re.compile(r"[a-z0-9-]{1,40}\.[a-z0-9]{1,5}")


def attachment(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Return `content` as a download called `name`: lower-case ASCII that we chose, without anything personal.

    Medical data: the caller must have written the access log. Raises ValueError for any other name.
    """
    headers = _headers(name) | {"Content-Length": str(len(content))}
    return HttpResponse(content, content_type=content_type, headers=headers)


def streamed(pieces: Iterable[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Return `pieces` as a download while they are made; the rest as `attachment`."""
    return StreamingHttpResponse(pieces, content_type=content_type, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    if not _NAME.fullmatch(name):
        raise ValueError("the name of an attachment is made by us")
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _POLICY,
        "X-Robots-Tag": "noindex, nofollow",
    }
