"""One stream of bytes, sealed in chunks: AES-256-GCM under a key that is drawn for this file from BACKUP_KEY.

Layout: MAGIC · salt (16) · check of the key (8) · chunks. A chunk is its length (4 bytes, big-endian) and the
ciphertext with its tag. Its nonce counts the chunks and says whether it is the last one, so chunks that were swapped,
doubled, left out or cut off at the end do not open (the STREAM construction). Nothing is handed out unproven.
"""

import base64
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"zorgrekening backup 1\n"
SALT_BYTES, CHECK_BYTES, LENGTH_BYTES, TAG_BYTES = 16, 8, 4, 16
CHUNK_BYTES = 1024**2
LAST = 1 << 31  # in the length of the last chunk; the nonce says it too, so the bit can't be forged
DAMAGED = "This backup is damaged: its bytes were changed."


class BackupUnusable(Exception):
    """Why a backup can't be made or used, as a sentence. Nothing was changed."""


def key_from(text: str) -> bytes:
    """The 32 bytes of BACKUP_KEY. Raises BackupUnusable, and never tells what was set."""
    if not text:
        raise BackupUnusable("BACKUP_KEY is not set: without it there is no backup (see .env.example).")
    try:
        key = base64.urlsafe_b64decode(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BackupUnusable("BACKUP_KEY must be base64url of 32 bytes.")
    return key


def _drawn(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher of one file, and what tells that its key is the right one."""
    drawn = HKDF(algorithm=SHA256(), length=32 + CHECK_BYTES, salt=salt, info=MAGIC).derive(key)
    return AESGCM(drawn[:32]), drawn[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedWriter:
    """A file to write to, whose bytes reach `out` sealed. Not complete before `close`, which leaves `out` open."""

    def __init__(self, out: BinaryIO, *, key: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._cipher, check = _drawn(key, salt)
        self._out, self._pending, self._number = out, bytearray(), 0
        self._header = MAGIC + salt + check
        out.write(self._header)

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:  # a full one stays, for it may be the last
            self._put(bytes(self._pending[:CHUNK_BYTES]), last=False)
            del self._pending[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        self._put(bytes(self._pending), last=True)

    def _put(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), plain, self._header)
        prefix = len(sealed) | (LAST if last else 0)
        self._out.write(prefix.to_bytes(LENGTH_BYTES, "big") + sealed)
        self._number += 1


class SealedReader:
    """The plain bytes of a sealed file; raises BackupUnusable at the first byte that can't be trusted."""

    def __init__(self, source: BinaryIO, *, key: bytes) -> None:
        self._source, self._plain, self._number, self._over = source, bytearray(), 0, False
        self._header = source.read(len(MAGIC) + SALT_BYTES + CHECK_BYTES)
        if not self._header.startswith(MAGIC) or len(self._header) < len(MAGIC) + SALT_BYTES + CHECK_BYTES:
            raise BackupUnusable("This file is not a backup of Zorgrekening, or its beginning is damaged.")
        salt, check = self._header[len(MAGIC) : -CHECK_BYTES], self._header[-CHECK_BYTES:]
        self._cipher, right = _drawn(key, salt)
        if not bytes_eq(check, right):
            raise BackupUnusable("BACKUP_KEY is not the key of this backup, or its beginning is damaged.")

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        while len(self._plain) < size and not self._over:
            self._plain += self._next_chunk()
        taken = bytes(self._plain[:size])
        del self._plain[:size]
        return taken

    def finish(self) -> None:
        """Read what is left, so that the end of the file is proven too."""
        while not self._over:
            self._next_chunk()

    def _next_chunk(self) -> bytes:
        prefix = int.from_bytes(self._exactly(LENGTH_BYTES), "big")
        last, length = bool(prefix & LAST), prefix & ~LAST
        if not TAG_BYTES <= length <= CHUNK_BYTES + TAG_BYTES:
            raise BackupUnusable(DAMAGED)
        sealed = self._exactly(length)
        if last and self._source.read(1):
            raise BackupUnusable(DAMAGED)
        try:
            plain = self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._header)
        except InvalidTag:
            raise BackupUnusable(DAMAGED) from None
        self._over, self._number = last, self._number + 1
        return plain

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise BackupUnusable("This backup was cut off: its end is missing.")
        return data
