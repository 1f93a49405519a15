"""Keeping out of the logs what opens a door (the random tokens in our URLs) and what forges a line."""

import logging
import re
import unicodedata
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

# Every token of ours is longer than any word in a path (see billing/links.py), whatever follows it.
_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{20,}")
_STEERING = ("Cc", "Cf", "Zl", "Zp")  # Unicode's categories of what ends a line or steers a terminal


def without_tokens(text: str) -> str:
    """`text` with every token in a path replaced."""
    return _TOKEN.sub("…", text)


def on_one_line(text: str) -> str:
    r"""`text` with its control and format characters written out, as in \n or \x1b."""
    return "".join(
        one.encode("unicode_escape").decode() if unicodedata.category(one) in _STEERING else one for one in text
    )


class Formatter(logging.Formatter):
    """A message on one line, and no token in it nor in the traceback after it (Django logs the path of a 404)."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  Python's name
        record.message = on_one_line(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


class WithoutTraceback(logging.Filter):
    """For what any stranger can cause: the line tells all there is to know."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


class AccessLogger(Logger):
    """gunicorn's logs. Of a request: method, path without tokens or query, status, size, time; no address, no agent."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:  # gunicorn itself logs the address of a request that broke
            handler.setFormatter(Formatter(self.error_fmt, self.datefmt))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        atoms = super().atoms(resp, req, environ, request_time)
        # Decoded and quoted again: else %61 for an `a` would hide a token, or %0A begin a line.
        atoms["U"] = without_tokens(quote(environ.get("PATH_INFO", "").encode("latin-1")))
        return atoms
