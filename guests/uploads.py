"""The pages that take files, and a limit on the size of uploads, before they are read."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, MemoryFileUploadHandler

_FORM_BYTES = 1024**2  # the fields and borders around the files


def takes_files(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view of an invoice's `token` that takes files: it gets bodies that are larger than a form.

    deploy/nginx.conf has a location for its address.
    """
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def request_max_bytes() -> int:
    """Return what all files of one request may have together, with the form around them."""
    return settings.UPLOAD_MAX_BYTES * settings.UPLOAD_MAX_FILES + _FORM_BYTES


class SizeLimit(FileUploadHandler):
    """The first handler: refuse a request whose Content-Length is too large, and stop reading one that lied about it.

    RequestDataTooBig becomes a 400 page. A file that is only a little too large passes, so that the form can name it.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  Django's name for it
        content_length: int,
        boundary: str,
        encoding: Any = None,
    ) -> None:
        """Raise RequestDataTooBig when the request says that it is too large."""
        self._left = request_max_bytes()
        if content_length > self._left:
            raise RequestDataTooBig("the files of a request are too large together")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the chunk on; raise RequestDataTooBig when more came than the request said."""
        self._left -= len(raw_data)
        if self._left < 0:
            raise RequestDataTooBig("the files of a request are too large together")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
        return None


class InMemory(MemoryFileUploadHandler):
    """Keep every file in memory, whatever its size: Django's own handler leaves larger ones to a file on disk."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Take every file."""
        self.activated = True
