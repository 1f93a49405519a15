"""Making and restoring a backup.

The encrypted content is a tar file: `database`, then `media/…`, and at the end `manifest.json` with the checksum and
size of every other member, the rows per table, and the versions. It contains no key: FIELD_KEYS and SECRET_KEY, which
are needed to use what is restored, and BACKUP_KEY are stored elsewhere.

Unencrypted bytes are on disk only in unlinked files: a process that is killed leaves none of them behind.

The database is copied first: a document stored later is unknown to its rows and harmless, and one deleted later was
erased for a patient. Only `rotate_field_keys` replaces documents, so it waits (key_lock).
"""

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pyrage.x25519 import Identity

from billing.encryption import Unreadable, seal, unseal
from billing.privacy import key_lock
from portal.ops.backup import database, media
from portal.ops.backup.sealing import BackupUnusable, decrypt, encrypting, identity_from
from portal.ops.private_file import private_file

FORMAT = 1
DATABASE, MANIFEST, MEDIA = "database", "manifest.json", "media/"
PROBE, PROBE_BOUND_TO = b"zorgrekening", "backup.probe"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backup holds, or what was restored."""

    manifest: dict[str, Any]
    bytes: int

    @property
    def words(self) -> str:
        """Return what the backup holds, in words."""
        tables, files = self.manifest["database"]["tables"], len(self.manifest["members"]) - 1
        return f"{len(tables)} tables with {sum(tables.values())} rows and {files} stored documents"


def make(path: Path, *, now: datetime) -> Outcome:
    """Write the backup of this moment to `path` (mode 0600): whole, or not at all.

    Raises BackupUnusable or Refused.
    """
    identity = identity_from(settings.BACKUP_KEY)
    with key_lock.shared(), private_file(path) as out:
        manifest = _write(out, identity, now)
    return Outcome(manifest, path.stat().st_size)


def _write(out: BinaryIO, identity: Identity, now: datetime) -> dict[str, Any]:
    members: dict[str, Any] = {}
    with (
        tempfile.NamedTemporaryFile(prefix="backup-", dir=settings.DATA_DIR, delete=False) as copy,
        encrypting(out, identity) as plain,
    ):
        about = database.take(Path(copy.name))
        with tarfile.open(fileobj=plain, mode="w|") as tar:
            members[DATABASE] = _add(tar, DATABASE, copy)
            for name in media.names():
                content = media.read(name)
                if content is not None:
                    members[MEDIA + name] = _add(tar, MEDIA + name, io.BytesIO(content))
            manifest = _manifest(members, about, now)
            _add(tar, MANIFEST, io.BytesIO(json.dumps(manifest, sort_keys=True).encode()))
    return manifest


def _manifest(members: dict[str, Any], about: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "django": django.get_version(),
        "database": about,
        "members": members,
        # Can be decrypted with the FIELD_KEYS of the columns and documents, and reveals nothing about them.
        "probe": seal(PROBE, bound_to=PROBE_BOUND_TO).hex(),
    }


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> dict[str, Any]:
    """Add the whole of `file` to the archive; returns its size and checksum for the manifest."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = file.seek(0, io.SEEK_END), 0o600
    file.seek(0)
    about = {"size": member.size, "sha256": _digest(file)}
    file.seek(0)
    tar.addfile(member, file)
    return about


def _digest(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def restore(path: Path, *, say: Callable[[str], object]) -> Outcome:
    """Restore the backup to the database and the document storage of the settings, which must both be empty.

    Everything is decrypted and compared with its checksum before anything is changed; `say` is told what begins. Raises
    BackupUnusable with nothing changed.
    """
    identity = identity_from(settings.BACKUP_KEY)
    if not path.is_file():
        raise BackupUnusable(f"There is no file {path}.")
    _refuse_unless_empty()
    _refuse_without_space(path.stat().st_size)  # its plain bytes
    say(f"Decrypting {path.stat().st_size / 1e9:.1f} GB and comparing every checksum.")
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as plain:
        with path.open("rb") as source:
            decrypt(source, plain, identity)
        plain.seek(0)
        with _opened(plain) as tar:
            manifest = _checked(tar)
            _refuse_without_space(manifest["members"][DATABASE]["size"])  # once more, beside them
            say(f"It is intact. Restoring {Outcome(manifest, 0).words}.")
            _restore_members(tar)
    return Outcome(manifest, path.stat().st_size)


def _refuse_unless_empty() -> None:
    if not database.is_empty():
        raise BackupUnusable("The database is not empty. A backup is only restored into an empty one.")
    if media.names():
        raise BackupUnusable("The document storage is not empty. A backup is only restored into an empty one.")


def _refuse_without_space(needed: int) -> None:
    """Refuse what DATA_DIR has no room for. What PostgreSQL and the stored documents take is not counted."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < needed:
        raise BackupUnusable(
            f"Restoring takes {needed / 1e9:.1f} GB in {settings.DATA_DIR}, of which {free / 1e9:.1f} GB are free."
        )


def _opened(plain: BinaryIO) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=plain, mode="r:")
    except tarfile.TarError:
        raise BackupUnusable("This file holds no backup of Zorgrekening.") from None


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Return a member as a file to read. Its name never becomes a path on this machine."""
    content = tar.extractfile(member) if member.isfile() else None
    if content is None:
        raise BackupUnusable("This backup holds something that is no file.")
    return content


def _checked(tar: tarfile.TarFile) -> dict[str, Any]:
    """Return the manifest once everything it lists proved intact and usable. Raises BackupUnusable."""
    members = {member.name: member for member in tar}
    text = members.pop(MANIFEST, None)
    manifest: dict[str, Any] = json.loads(_content(tar, text).read()) if text else {}
    if manifest.get("format") != FORMAT:
        raise BackupUnusable("This backup was made in another format: restore it with the version that made it.")
    for name in sorted({*manifest["members"], *members}):
        listed, member = manifest["members"].get(name), members.get(name)
        if not listed or not member:
            raise BackupUnusable(f"This backup does not hold what its list says: {name}.")
        if (member.size, _digest(_content(tar, member))) != (listed["size"], listed["sha256"]):
            raise BackupUnusable(f"The checksum of {name} is wrong.")
    about = manifest["database"]
    if about["vendor"] != connection.vendor:
        raise BackupUnusable(f"This backup is of {about['vendor']}, but DATABASE_URL names {connection.vendor}.")
    known = MigrationLoader(None).disk_migrations
    if any((app, name) not in known for app, name in about["migrations"]):
        raise BackupUnusable("This backup was made by a newer version: install that version first.")
    try:
        unseal(bytes.fromhex(manifest["probe"]), bound_to=PROBE_BOUND_TO)
    except Unreadable:
        raise BackupUnusable("FIELD_KEYS can't open what this backup holds: set the keys it was made with.") from None
    return manifest


def _restore_members(tar: tarfile.TarFile) -> None:
    """Restore the documents first: without rows they are harmless, and are removed when the database fails."""
    put: list[str] = []
    try:
        for member in tar:
            if member.name.startswith(MEDIA):
                media.put(member.name.removeprefix(MEDIA), _content(tar, member).read())
                put.append(member.name.removeprefix(MEDIA))
        database.restore(_content(tar, tar.getmember(DATABASE)))
    except BaseException:
        for name in put:
            media.remove(name)
        raise
