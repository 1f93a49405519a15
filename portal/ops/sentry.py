"""Errors for a Sentry: where they happened and in which request, never whose data they were about.

The events are made here, from what may stand in our logs (see portal/ops/logs.py), and Sentry's own integrations are
off: they would add bodies, addresses, local variables and queries, and headers to what we send to Mollie.
"""

import logging
import traceback
from typing import Any

import sentry_sdk
from structlog.contextvars import get_contextvars

from portal.ops.logs import ROOT, chain, on_one_line, place, without_people

FLUSH_SECONDS = 2
_ANY_STRANGER_CAUSES_THEM = ("django.security.DisallowedHost",)


class Reporter(logging.Handler):
    """Sends each record of its level or above; losing one, or all of them, is no fault of the product."""

    def __init__(self, *, dsn: str) -> None:
        self._client = sentry_sdk.Client(  # before the handler: logging also closes what is half made
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
        if record.name not in _ANY_STRANGER_CAUSES_THEM:
            self._client.capture_event(event(record))

    def flush(self) -> None:
        self._client.flush(timeout=FLUSH_SECONDS)

    def close(self) -> None:
        self._client.close(timeout=FLUSH_SECONDS)
        super().close()


def event(record: logging.LogRecord) -> Any:
    """What is sent of `record`: its cleaned words, the places of its error, and the id of the request."""
    made: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": on_one_line(without_people(record.getMessage())),
    }
    if record.exc_info and record.exc_info[1] is not None:
        made["exception"] = {"values": [_value(*one) for one in chain(record.exc_info[1])]}
    if request_id := get_contextvars().get("request_id"):
        made["tags"] = {"request_id": str(request_id)}
    return made


def _value(name: str, frames: traceback.StackSummary) -> dict[str, Any]:
    """One error. Its own words are left out: a database quotes in them the row that it refused."""
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
