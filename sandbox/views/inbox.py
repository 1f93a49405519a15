"""The mailbox as pages for a person and as JSON for a test, and the SMS service that fills it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sandbox import faults, mailbox
from sandbox.errors import ApiError
from sandbox.models import Attachment, Message
from sandbox.views import api

PAGE_SIZE = 25
JSON_SIZE = 200
SMS_KEY = "sandbox"  # while the setting SMS_API_KEY is empty
SMS_LENGTH = 1600
# A mail may have its own style, as in a mail program; it runs and fetches nothing and has an opaque origin.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    " img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@csrf_exempt
@require_POST
def send_sms(request: HttpRequest) -> HttpResponse:
    """Take `{"to": "+31612345678", "from": "Zorg", "text": "…"}` with a Bearer key → 201 `{"id": …, "status": …}`."""
    return _send_sms(request, lambda body: (body.get("to"), body.get("from"), body.get("text")), status=201)


@csrf_exempt
@require_POST
def send_message(request: HttpRequest) -> HttpResponse:
    """Take the same as Spryng's REST API: `{"recipients": ["31612345678"], "originator": …, "body": …}` → 200."""
    return _send_sms(request, _as_spryng, status=200)


def _as_spryng(body: dict[str, Any]) -> tuple[Any, Any, Any]:
    recipients = body.get("recipients")
    if not isinstance(recipients, list) or len(recipients) != 1:
        raise ApiError(422, "One recipient is required", "recipients")
    return f"+{recipients[0]}", body.get("originator"), body.get("body")


def _send_sms(
    request: HttpRequest, read: Callable[[dict[str, Any]], tuple[Any, Any, Any]], *, status: int
) -> HttpResponse:
    try:
        api.check_bearer(request, getattr(settings, "SMS_API_KEY", "") or SMS_KEY)
        to, sender, text = (str(part or "") for part in read(api.json_object(request)))
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to, re.ASCII):
            raise ApiError(422, "The number must be written like +31612345678", "to")
        if not sender or not text or len(text) > SMS_LENGTH:
            raise ApiError(422, "A sender and a text of at most 1600 characters are required", "text")
    except ApiError as error:
        return JsonResponse(error.as_json(), status=error.status)
    fault = faults.take("sms", to=to)
    if (instead := api.injected(fault)) is not None:
        return instead
    kind = fault.get("kind")
    if kind == "timeout_before_commit":
        return api.hang(fault)
    number = ""
    if kind != "lost":
        number = str(mailbox.store_sms(to=to, sender=sender, text=text, now=timezone.now()).pk)
    if kind == "timeout_after_commit":
        return api.hang(fault)
    return JsonResponse({"id": f"sms_{number or 'lost'}", "to": to, "status": "accepted"}, status=status)


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the messages, newest first."""
    if request.GET.get("format") == "json":
        return inbox_json(request)
    page = Paginator(_messages(request), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "sandbox/inbox.html", {"page": page, "to": request.GET.get("to", "")})


@require_safe
def inbox_json(request: HttpRequest) -> HttpResponse:
    """Return the newest 200, newest first; `?to=` filters by a part of the address or number, `?limit=` by count."""
    limit = request.GET.get("limit", "")
    size = min(int(limit), JSON_SIZE) if limit.isascii() and limit.isdigit() else JSON_SIZE
    rows = _messages(request).prefetch_related("attachments")[:size]
    return JsonResponse([_as_json(row) for row in rows], safe=False)


def _messages(request: HttpRequest) -> QuerySet[Message]:
    rows = Message.objects.order_by("-pk").defer("raw")
    # A "+" that was not escaped arrives as a space.
    to = request.GET.get("to", "").strip()
    return rows.filter(to__icontains=to) if to else rows


def _as_json(row: Message) -> dict[str, object]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "from": row.sender,
        "to": row.to,
        "subject": row.subject,
        "text": row.text,
        "html": row.html,
        "headers": row.headers,
        "received_at": row.received_at.isoformat(),
        "attachments": [
            {
                "filename": item.filename,
                "content_type": item.content_type,
                "size": len(item.content),
                "url": reverse("sandbox:attachment", kwargs={"number": item.pk}),
            }
            for item in row.attachments.all()
        ],
    }


@require_safe
def message(request: HttpRequest, number: int) -> HttpResponse:
    """Show a message."""
    row = get_object_or_404(Message.objects.defer("raw"), pk=number)
    files = row.attachments.defer("content")
    return render(request, "sandbox/message.html", {"message": row, "attachments": files})


@require_safe
def message_html(request: HttpRequest, number: int) -> HttpResponse:
    """Show the HTML part of a mail."""
    row = get_object_or_404(Message.objects.defer("raw"), pk=number, kind=Message.Kind.MAIL)
    return HttpResponse(row.html, headers={"Content-Security-Policy": MAIL_POLICY})


@require_safe
def message_raw(request: HttpRequest, number: int) -> HttpResponse:
    """Download a mail as it was received."""
    row = get_object_or_404(Message, pk=number, kind=Message.Kind.MAIL)
    return _download(bytes(row.raw), f"mail-{row.pk}.eml")


@require_safe
def attachment(request: HttpRequest, number: int) -> HttpResponse:
    """Download an attachment."""
    row = get_object_or_404(Attachment, pk=number)
    return _download(bytes(row.content), row.filename or f"attachment-{row.pk}")


def _download(content: bytes, filename: str) -> HttpResponse:
    disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Security-Policy": "sandbox; default-src 'none'"}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


@require_http_methods(["POST"])
def empty(request: HttpRequest) -> HttpResponse:
    """Delete all messages."""
    Message.objects.all().delete()
    return redirect("sandbox:inbox")
