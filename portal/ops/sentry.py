"""Error reports to Sentry: where an error happened and in which request, without personal data.

The events are built here from what our logs may contain (see portal/ops/logs.py). Sentry's own integrations are off:
they would add bodies, addresses, local variables and queries, and send headers along to Mollie.
"""

import logging
import traceback
from typing import Any

import sentry_sdk
from structlog.contextvars import get_contextvars

from portal.ops.logs import ROOT, chain, on_one_line, place, without_people

FLUSH_SECONDS = 2
_CAUSED_BY_ANYBODY = ("django.security.DisallowedHost",)


class Reporter(logging.Handler):
    """Send each record of its level or above; the product does not depend on their arrival."""

    def __init__(self, *, dsn: str) -> None:
        self._client = sentry_sdk.Client(  # before super().__init__(): logging closes half-initialised handlers too
            dsn=dsn,
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            server_name="",
            environment="production",
            spotlight=False,
        )
        super().__init__()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        if record.name not in _CAUSED_BY_ANYBODY:
            self._client.capture_event(event(record))

    def flush(self) -> None:
        """Wait until what was queued is sent."""
        self._client.flush(timeout=FLUSH_SECONDS)

    def close(self) -> None:
        """Send what is queued and stop."""
        self._client.close(timeout=FLUSH_SECONDS)
        super().close()


def event(record: logging.LogRecord) -> Any:
    """Return the event for `record`: its cleaned message, the frames of its error, and the id of the request."""
    made: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": on_one_line(without_people(record.getMessage())),
    }
    if record.exc_info and record.exc_info[1] is not None:
        made["exception"] = {"values": [_exception(*error) for error in chain(record.exc_info[1])]}
    if request_id := get_contextvars().get("request_id"):
        made["tags"] = {"request_id": str(request_id)}
    return made


def _exception(name: str, frames: traceback.StackSummary) -> dict[str, Any]:
    """Return one error without its message: a database quotes the refused row in it."""
    shown = [
        {
            "filename": place(frame.filename),
            "function": frame.name,
            "lineno": frame.lineno,
            "in_app": frame.filename.startswith(f"{ROOT}/") and "site-packages" not in frame.filename,
        }
        for frame in frames
    ]
    return {"type": name, "stacktrace": {"frames": shown}}
