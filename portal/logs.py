"""Keeping out of the logs what opens a door: the random tokens in our URLs."""

import logging
import re

from gunicorn.glogging import Logger

# Every token of ours is longer than any word in a path (see billing/links.py).
_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{20,}(?=[/\s?\"']|$)")


def without_tokens(text: str) -> str:
    """`text` with every token in a path replaced."""
    return _TOKEN.sub("…", text)


class WithoutTokens(logging.Filter):
    """For handlers: no line leaves with a token in it (Django itself logs the path of a 404)."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_tokens(record.getMessage()), ()
        return True


class AccessLogger(Logger):
    """gunicorn's access log: method, path without tokens or query, status, size, time. No addresses, no agents."""

    def atoms(self, resp, req, environ, request_time):  # type: ignore[no-untyped-def]
        atoms = super().atoms(resp, req, environ, request_time)
        atoms["U"] = without_tokens(environ.get("PATH_INFO", ""))
        return atoms
