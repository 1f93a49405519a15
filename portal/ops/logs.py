"""What logs may contain: known keys, no personal data, no token that gives access, and one line per record.

structlog formats the records of all standard loggers (Django, Celery, gunicorn, ours), because it carries the request
id along and accepts only the extra keys that are listed.
"""

import logging
import logging.config
import re
import traceback
import unicodedata
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from gunicorn.glogging import Logger

ROOT = Path(__file__).resolve().parents[2]
PROBES = ("/healthz", "/readyz", "/metrics")
Record = MutableMapping[str, Any]

# Other attributes that a library adds to a record are not shown.
EXTRA_KEYS = ("method", "path", "status", "bytes", "ms", "request_id")
# Every token of ours is longer than any word in a path (see billing/links.py), whatever follows it.
# What programs name in a path are numbers of a practice, for an invoice or a patient.
# The signed links of staff begin with a short number.
_AFTER = ("api/v1/invoices", "api/v1/patients", "wachtwoord-kiezen", "uitnodiging")
_TOKEN = re.compile("|".join([*(rf"(?<=/{place}/)[^/\s?]+" for place in _AFTER), r"(?<=/)[A-Za-z0-9_-]{20,}"]))
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
# Payment references, IBANs, telephone and insured numbers, dates of birth without dashes. Ids stay readable.
_NUMBER = re.compile(r"(?<!\d\.)(?<!\d)\d{8,}")  # but not the fractions of a second
_CONTROL = ("Cc", "Cf", "Zl", "Zp")  # Unicode categories of characters that end a line or control a terminal


def without_tokens(text: str) -> str:
    """Return `text` with every token, and every number of a practice, in a path replaced."""
    return _TOKEN.sub("…", text)


def without_people(text: str) -> str:
    """Return `text` without tokens, mail addresses and numbers that identify a person."""
    return _NUMBER.sub("…", _ADDRESS.sub("…@…", without_tokens(text)))


def on_one_line(text: str) -> str:
    r"""Return `text` with its control and format characters escaped, as in \n or \x1b."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _CONTROL else char for char in text
    )


def _cleaned(logger: Any, name: str, record: Record) -> Record:
    """Remove personal data and tokens from the message of a record and the path of a request."""
    record["event"] = on_one_line(without_people(str(record["event"])))
    if "path" in record:
        record["path"] = on_one_line(without_people(str(record["path"])))
    return record


def _trace(logger: Any, name: str, record: Record) -> Record:
    """Add the frames of an error, innermost last, without its message: a database quotes the refused row in it."""
    error = record.pop("exc_info", None)
    if isinstance(error, tuple) and isinstance(error[1], BaseException):
        record["exception"] = [line for name, frames in chain(error[1]) for line in (*map(_where, frames), name)]
    return record


def chain(error: BaseException) -> Iterator[tuple[str, traceback.StackSummary]]:
    """Yield the name and the frames of each error that led to this one, and of this one last."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from chain(cause)
    yield type(error).__qualname__, traceback.extract_tb(error.__traceback__)


def _where(frame: traceback.FrameSummary) -> str:
    return f"{place(frame.filename)}:{frame.lineno} {frame.name}"


def place(filename: str) -> str:
    """Return the path of a source file without the folders of this machine."""
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-3:])


def _as_line(logger: Any, name: str, record: Record) -> str:
    """Format a record for a terminal: time, level, logger, message, and what else is known."""
    head = f"{record.pop('time')} {record.pop('level').upper()} {record.pop('logger')} {record.pop('event')}"
    trace = record.pop("exception", [])
    if "request_id" in record:
        record["request_id"] = record.pop("request_id")  # moved to the end, where it disturbs least
    rest = "".join(f" {key}={value}" for key, value in record.items())
    return head + rest + "".join(f"\n    {place}" for place in trace)


_FIRST = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=EXTRA_KEYS),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
)


def formatter(*, as_json: bool) -> logging.Formatter:
    """Return a formatter that writes a record as one JSON object, or as a line for a terminal."""
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _as_line
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_FIRST,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _trace, _cleaned, last],
    )


class WithoutTraceback(logging.Filter):
    """Drop the traceback of records that anybody can cause: the line itself says everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without its traceback."""
        record.exc_info = record.exc_text = None
        return True


class AccessLogger(Logger):
    """gunicorn's logs in the same format as all others.

    Of a request they contain method, path without tokens or query, status, size, time and id; no address, no agent.
    """

    def setup(self, cfg: Any) -> None:
        """Pass both logs to the root logger."""
        from django.conf import settings

        super().setup(cfg)
        logging.config.dictConfig(settings.LOGGING)
        for own in (self.error_log, self.access_log):
            own.handlers.clear()
            own.propagate = True

    def access(self, resp: Any, _request: Any, environ: Any, request_time: Any) -> None:
        """Log one request."""
        # Quoted again after decoding: else %61 for an `a` could hide a token, or %0A start a new line.
        # By now Django has put the decoded path there, in which any character may stand.
        path = without_tokens(quote(environ.get("PATH_INFO", ""), errors="replace"))
        if path in PROBES and resp.status.startswith("200"):
            return  # asked by machines, all day long
        shown = {
            "method": environ.get("REQUEST_METHOD"),
            "path": path,
            "status": int(str(resp.status).split(" ", 1)[0]),
            "bytes": getattr(resp, "sent", None),
            "ms": round(request_time.total_seconds() * 1000),
            "request_id": dict(resp.headers).get("X-Request-ID", ""),
        }
        self.access_log.info("request", extra=shown)
