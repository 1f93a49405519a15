"""What is sent: a route of the URLconf, filled with what is right or with what is not, and everything around it."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

METHODS = ["GET"] * 8 + ["POST"] * 8 + ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
# What turns faults of the stand-in bank on is left out: those answer 5xx on purpose.
LEFT_OUT = ("sandbox/faults",)
NASTY = [
    "", " ", "0", "-1", "1e309", "NaN", "9" * 30, "9223372036854775808", "00000000000000000000", "1,50",
    "12.345", "-0", "2026-02-30", "9999-12-31", "0000-00-00", "31-12-2026", "\x00", "a\x00b", "\r\nX-Evil: 1",
    "%00", "%s%n", "../../etc", "//evil.example", "https://evil.example/", "javascript:alert(1)", "' OR 1=1 --",
    "<script>alert(1)</script>", "{{ 7 }}", "💶" * 9, "\u202e", "\ufeff", "٣٤", "½", "e\u0301" * 50, "a" * 5000,
    "[]", "{}", "null", "true", "on", "__all__", "id__in", "provider__name__regex", "password", "pk", "\ud800",
    "1 2 3", "1\t2", "ß" * 300, "'", '"', "\\", "&&", "=",
]  # fmt: skip
QUERY = [
    "next", "q", "o", "p", "e", "all", "_popup", "_to_field", "_changelist_filters", "_facets", "term",
    "app_label", "model_name", "field_name", "status__exact", "provider__id__exact", "issued_on__gte", "id",
    "page", "cursor", "limit", "from", "embed", "days",
]  # fmt: skip
# Not Content-Length: gunicorn answers 400 to one that is no number, before anything of ours is called.
HEADERS = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Host", "If-Modified-Since",
    "If-None-Match", "Origin", "Range", "Referer", "User-Agent", "X-CSRFToken", "X-Forwarded-For",
    "X-Forwarded-Host", "X-Forwarded-Proto", "X-HTTP-Method-Override", "X-Request-ID",
    "Idempotency-Key", "X-Requested-With",
]  # fmt: skip
TYPES = [
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "application/json", "text/plain; charset=nope", "", "a/b; c", "multipart/form-data; boundary=" + "b" * 300,
]  # fmt: skip


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = TYPES[0]


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Every route of the site, with `{name}` for what is to be filled in."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        text = str(pattern.pattern)
        if isinstance(pattern.pattern, RoutePattern):
            text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
        else:  # a regular expression of Django's admin or of the sandbox
            text = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", text.strip("^$"))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + text)
        elif isinstance(pattern, URLPattern) and not (prefix + text).startswith(LEFT_OUT):
            yield prefix + text


class Generator:
    """`right` has for every name in a route the values that exist; `names` and `values` are of forms seen."""

    def __init__(self, seed: int, right: dict[str, list[str]]) -> None:
        self.random = random.Random(seed)
        self.right = right
        self.routes = list(routes())
        self.names, self.values = set(QUERY), set(NASTY)

    def learn(self, names: list[str], values: list[str]) -> None:
        """Names and values of a form that was answered, so that the next ones look more like ours."""
        if len(self.names) < 300:
            self.names.update(names)
        if len(self.values) < 2000:
            self.values.update(value[:200] for value in values)

    def next(self) -> Request:
        method = self.random.choice(METHODS)
        request = Request(method, self._path())
        if self.random.random() < 0.35:
            request.path += "?" + self._form(QUERY if self.random.random() < 0.5 else None)
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 3])):
            name = self.random.choice(HEADERS)
            request.headers[name] = _one_line(self._value())
        if method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
            request.content_type, request.body = self._body()
        return request

    def _path(self) -> str:
        chance = self.random.random()
        if chance < 0.04:
            return "/" + quote("/".join(self._value() for _ in range(2)), errors="surrogatepass")
        path = self.random.choice(self.routes)
        for name in [part.split("}")[0] for part in path.split("{")[1:]]:
            good = self.right.get(name)
            value = self.random.choice(good) if good and self.random.random() < 0.75 else self._value()
            path = path.replace(
                f"{{{name}}}", quote(value[:200], safe="/" if name in ("rest", "url") else "", errors="surrogatepass")
            )
        if chance > 0.95:
            cut = self.random.randrange(len(path) + 1)
            path = path[:cut] + self.random.choice(["/", ".", "%ff", "%00", "..", ";a=b", "%2e%2e%2f"]) + path[cut:]
        return "/" + path

    def _value(self) -> str:
        return self.random.choice(NASTY if self.random.random() < 0.5 else sorted(self.values))

    def _form(self, names: list[str] | None = None) -> str:
        known = names or sorted(self.names)
        pairs = [(self.random.choice(known), self._value()) for _ in range(self.random.choice([1, 2, 4, 9, 20]))]
        return urlencode(pairs, errors="surrogatepass")

    def _body(self) -> tuple[str, bytes]:
        chance = self.random.random()
        if chance < 0.6:
            return TYPES[0], self._form().encode()
        if chance < 0.8:
            return TYPES[1], self._parts()
        if chance < 0.9:
            return TYPES[3], json.dumps({self._value(): self._value(), "amount": self._value()}).encode()
        return self.random.choice(TYPES), self.random.randbytes(self.random.choice([0, 1, 50, 5000]))

    def _parts(self) -> bytes:
        parts = []
        for _ in range(self.random.choice([1, 2, 5])):
            name = _one_line(self.random.choice(sorted(self.names)))
            file = self.random.choice(["", '; filename="a.pdf"', '; filename="../../x.png"', "; filename*=UTF-8''%ff"])
            head = f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
            content = self.random.choice(
                [b"%PDF-1.7 no", b"\x89PNG\r\n\x1a\n", self._value().encode(errors="surrogatepass")]
            )
            parts.append(head.encode(errors="surrogatepass") + content + b"\r\n")
        return b"".join(parts) + self.random.choice([b"--x--\r\n", b"", b"--x"])


def _one_line(text: str) -> str:
    """As a server lets it through: one line of Latin-1 (WSGI's own rule)."""
    return (
        text.encode("latin-1", errors="ignore")
        .decode("latin-1")
        .replace("\r", "")
        .replace("\n", "")
        .replace("\x00", "")
    )
