"""Backups in the age format (age-encryption.org): streamed, authenticated, and opened by everybody's `age` as well.

The 32 bytes of BACKUP_KEY are an X25519 secret, so the key alone is an age identity (docs/deployment.md has the
command). age's passphrase mode would spare that step, but pyrage offers it only for a backup that fits in memory.
"""

import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import bech32
import pyrage
from pyrage.x25519 import Identity

MAGIC = b"age-encryption.org/v1\n"
DAMAGED = "This backup is damaged: its bytes were changed or its end is missing."


class BackupUnusable(Exception):
    """A backup can't be made or used; `str()` says why. Nothing was changed."""


def identity_from(text: str) -> Identity:
    """Return BACKUP_KEY as an age identity. Raises BackupUnusable, without the value in its text."""
    if not text:
        raise BackupUnusable("BACKUP_KEY is not set: without it there is no backup (see .env.example).")
    try:
        key = base64.urlsafe_b64decode(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BackupUnusable("BACKUP_KEY must be base64url of 32 bytes.")
    return Identity.from_str(bech32.bech32_encode("age-secret-key-", bech32.convertbits(key, 8, 5) or []).upper())


@contextmanager
def encrypting(out: BinaryIO, identity: Identity) -> Iterator[BinaryIO]:
    """Yield a file; what is written to it is encrypted into `out`, completely once the block has ended.

    Raises BackupUnusable when `out` can't be written.
    """
    read_end, write_end = os.pipe()  # pyrage reads from a file, and tarfile writes to one

    def encrypt() -> None:
        with open(read_end, "rb") as plain:
            pyrage.encrypt_io(plain, out, [identity.to_public()])

    with ThreadPoolExecutor(max_workers=1) as pool:
        encrypted = pool.submit(encrypt)
        try:
            with open(write_end, "wb") as plain:
                yield plain
        except BrokenPipeError:
            pass  # the encryption stopped; its own error says why
        try:
            encrypted.result()
        except pyrage.EncryptError as error:
            raise BackupUnusable(f"The backup can't be written: {error}.") from None


def decrypt(source: BinaryIO, out: BinaryIO, identity: Identity) -> None:
    """Write the plain bytes of `source` to `out`; they can be trusted once this returns.

    Raises BackupUnusable, or OSError when the disk fails.
    """
    if source.read(len(MAGIC)) != MAGIC:
        raise BackupUnusable("This file is not a backup of Zorgrekening, or its beginning is damaged.")
    source.seek(0)
    try:
        pyrage.decrypt_io(source, out, [identity])
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise BackupUnusable("BACKUP_KEY is not the key of this backup, or its beginning is damaged.") from None
        raise BackupUnusable(DAMAGED) from None
    except OSError as error:
        if error.errno is not None:  # of the disk, and not what pyrage raises about the file
            raise
        raise BackupUnusable(DAMAGED) from None
