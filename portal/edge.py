"""What a request may carry: checked once, before any view, form or query meets it.

A body is refused unread when it is larger than its page takes; only a page for files takes more than a form, and only
from a browser that may use it. Text that no database stores (NUL, what is no UTF-8) is refused wherever it stands.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import reverse

from guests import uploads
from guests.pages import session_ended
from portal.pages import errors
from portal.sqlite3.base import is_busy

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_NO_FORM = (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnicodeError, UnreadablePostError)


class RequestLimits:
    """Refuse bodies that are too large or have no length, and text that can't be stored; 411, 413 or 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META:  # Django would read such a body as empty
            return HttpResponse("send a Content-Length\n", content_type="text/plain; charset=utf-8", status=411)
        if "\0" in request.path:
            raise Http404
        if "\0" in "".join(request.COOKIES.values()):
            raise BadRequest("text that nobody can store")
        if query := request.META.get("QUERY_STRING", ""):
            _check_query(query, request.GET)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _arguments: Any, named: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse a body by its announced length, before anything reads it; then look at the form in it."""
        announced = request.META.get("CONTENT_LENGTH") or "0"
        length = int(announced) if announced.isdecimal() else 0  # Django reads nothing either
        if length > getattr(view, "max_body_bytes", settings.FORM_MAX_BYTES):
            may = getattr(view, "takes_files", None)
            if may is None or length > uploads.request_max_bytes():
                return errors.too_large(request)
            for_staff = getattr(view, "for_staff", False)
            if not (admin.site.has_permission(request) if for_staff else may(request, named)):
                request._mark_post_parse_error()  # type: ignore[attr-defined]  # nothing of the form is read, to be kept or otherwise
                return redirect_to_login(request.path, reverse("admin:login")) if for_staff else session_ended(request)
        if length and request.content_type in _FORM_TYPES:
            self._check_form(request)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say that it is busy when others wrote all the time that we waited; nothing was changed."""
        return errors.busy(request) if is_busy(error) else None

    def _check_form(self, request: HttpRequest) -> None:
        try:
            readable = request.content_type != _FORM_TYPES[0] or _is_utf8(request.body)
            texts = [*_texts(request.POST), *(str(getattr(file, "name", "")) for file in request.FILES.values())]
        except _NO_FORM:
            return  # whoever reads it next says what is wrong
        if not readable or "\0" in "".join(texts):
            raise BadRequest("text that nobody can store")


def _check_query(query: str, read: Any) -> None:
    if not _is_utf8(query.encode("latin-1", "replace")) or "\0" in "".join(_texts(read)):
        raise BadRequest("text that nobody can store")


def _texts(form: Any) -> Iterator[str]:
    """Yield every name and value of a form."""
    for name, values in form.lists():
        yield name
        yield from values


def _is_utf8(encoded: bytes) -> bool:
    """Tell whether percent-encoded text is UTF-8, in which surrogates can't be written."""
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True
