"""The pages that take files, a limit on what they take, and a place on disk where nobody can read it."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.utils import timezone

from guests import access

_FORM_BYTES = 1024**2  # the fields and borders around the files
_PART = 64 * 1024


May = Callable[[HttpRequest, Mapping[str, Any]], bool]


def may_see_invoice(request: HttpRequest, named: Mapping[str, Any]) -> bool:
    """Tell whether this browser may see the invoice whose `token` stands in the address."""
    return access.may_see(request, named.get("token", ""), now=timezone.now())


def takes_files(may: May = may_see_invoice) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view that takes files: it gets bodies that are larger than a form, from a browser that `may` send them.

    `may` gets the request and what stands in the address, before anything of the body is read. deploy/nginx.conf has a
    location for its address.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.takes_files = may  # type: ignore[attr-defined]
        return view

    return mark


def takes_files_of_staff(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view at /beheer/ that takes files: only of staff who are signed in with their second factor."""
    view.for_staff = True  # type: ignore[attr-defined]
    return takes_files()(view)


def request_max_bytes() -> int:
    """Return what all files of one request may have together, with the form around them."""
    return settings.UPLOAD_MAX_REQUEST_BYTES + _FORM_BYTES


class LockedFile(UploadedFile):
    """An uploaded file on disk, encrypted with a key that only this object has, and without a name in any folder.

    Whenever the process ends, nothing readable is left. `lost`: the disk did not take it all.
    """

    def __init__(self, name: str, content_type: str | None) -> None:
        folder = settings.DATA_DIR / "uploads"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._disk = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  close() is UploadedFile's
        super().__init__(self._disk, name, content_type, 0)
        self._key, self._nonce = os.urandom(32), os.urandom(16)
        self._writer = self._cipher().encryptor()
        self.lost = False

    def _cipher(self) -> Cipher[modes.CTR]:
        return Cipher(algorithms.AES(self._key), modes.CTR(self._nonce))

    def add(self, part: bytes) -> None:
        """Write the next part; once the disk is full, what comes is dropped."""
        if not self.lost:
            sealed = memoryview(self._writer.update(part))
            try:
                while sealed:  # a disk that becomes full takes a part of it first
                    sealed = sealed[os.write(self._disk.fileno(), sealed) :]
            except OSError:
                self.lost = True
                os.ftruncate(self._disk.fileno(), 0)
        self.size = (self.size or 0) + len(part)

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the content from its beginning, as often as it is asked."""
        reader: CipherContext = self._cipher().decryptor()
        self._disk.seek(0)
        while part := self._disk.read(chunk_size or _PART):
            yield reader.update(part)

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:
        """Tell that `chunks` is the way to read it."""
        return True

    def read(self, *size: int) -> bytes:
        """Return the whole content."""
        return b"".join(self.chunks())


class SizeLimit(FileUploadHandler):
    """The first handler: refuse a request whose Content-Length is too large, and stop reading one that lied about it.

    RequestDataTooBig becomes a page. A file that is only a little too large passes, so that the form can name it.
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


class OnDisk(FileUploadHandler):
    """Keep every file on disk, encrypted: ten photos at once must not fill the memory of a web process."""

    _file: LockedFile | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin with the next file."""
        super().new_file(*args, **kwargs)
        self._file = LockedFile(self.file_name or "", self.content_type)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take the chunk."""
        if self._file is not None:
            self._file.add(raw_data)

    def file_complete(self, file_size: int) -> LockedFile | None:
        """Return the file."""
        return self._file

    def upload_interrupted(self) -> None:
        """Close a file that did not come whole."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
