"""A limit on what somebody may send us, before it is read."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, MemoryFileUploadHandler

_FORM_BYTES = 1024**2  # the fields and borders around the files


class SizeLimit(FileUploadHandler):
    """Stands first: a request that says it is too large is not read, and one that lies is cut off on the way.

    RequestDataTooBig becomes a 400 page. A file that is a little too large comes through, so that the form can say
    which one it was.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  Django's name for it
        content_length: int,
        boundary: str,
        encoding: Any = None,
    ) -> None:
        self._left = settings.UPLOAD_MAX_BYTES * settings.UPLOAD_MAX_FILES + _FORM_BYTES
        if content_length > self._left:
            raise RequestDataTooBig("the files of a request are too large together")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._left -= len(raw_data)
        if self._left < 0:
            raise RequestDataTooBig("the files of a request are too large together")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class InMemory(MemoryFileUploadHandler):
    """Keeps every file in memory, whatever its size: Django's own leaves what is larger to a file on disk."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True
