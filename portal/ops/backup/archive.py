"""Making a backup and putting it back.

Inside the sealed stream is a tar: `database`, then `media/…`, and at the end `manifest.json` with the checksum and size
of every other member, the rows per table, and the versions. No key stands in it: FIELD_KEYS and SECRET_KEY, which are
needed to use what is restored, and BACKUP_KEY are kept elsewhere.

The database comes first: a document that is stored later is not known to its rows and does no harm, one that went
later was let go of by a patient. Only `rotate_field_keys` puts one in the place of another, so that waits (key_lock).
"""

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from billing.encryption import Unreadable, seal, unseal
from billing.privacy import key_lock
from portal.ops.backup import database, media
from portal.ops.backup.sealing import CHUNK_BYTES, BackupUnusable, SealedReader, SealedWriter, key_from
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
        tables, files = self.manifest["database"]["tables"], len(self.manifest["members"]) - 1
        return f"{len(tables)} tables with {sum(tables.values())} rows and {files} stored documents"


def make(path: Path, *, now: datetime) -> Outcome:
    """Write the backup of this moment to `path` (mode 0600): whole, or not at all.

    Raises BackupUnusable or Refused.
    """
    key = key_from(settings.BACKUP_KEY)
    with key_lock.shared(), private_file(path) as out:
        manifest = _write(out, key, now)
    return Outcome(manifest, path.stat().st_size)


def _write(out: BinaryIO, key: bytes, now: datetime) -> dict[str, Any]:
    sealed = SealedWriter(out, key=key)
    members: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="backup-", dir=settings.DATA_DIR) as folder:
        copy = Path(folder) / DATABASE
        about = database.take(copy)
        with tarfile.open(fileobj=sealed, mode="w|", bufsize=CHUNK_BYTES) as tar:  # type: ignore[call-overload]
            with copy.open("rb") as file:
                members[DATABASE] = {"size": copy.stat().st_size, "sha256": _digest(file)}
                file.seek(0)
                _add(tar, DATABASE, file, members[DATABASE]["size"])
            for name in media.names():
                content = media.read(name)
                if content is not None:
                    members[MEDIA + name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                    _add(tar, MEDIA + name, io.BytesIO(content), len(content))
            manifest = _manifest(members, about, now)
            text = json.dumps(manifest, sort_keys=True).encode()
            _add(tar, MANIFEST, io.BytesIO(text), len(text))
    sealed.close()
    return manifest


def _manifest(members: dict[str, Any], about: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "django": django.get_version(),
        "database": about,
        "members": members,
        # Opens with the FIELD_KEYS that open the columns and documents, and tells nothing of them.
        "probe": seal(PROBE, bound_to=PROBE_BOUND_TO).hex(),
    }


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, file)


def _digest(file: io.BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def restore(path: Path) -> Outcome:
    """Put the backup back where the settings point: an empty database and an empty document storage.

    Everything is opened and compared with its checksum before anything is touched. Raises BackupUnusable with
    nothing changed.
    """
    key = key_from(settings.BACKUP_KEY)
    if not path.is_file():
        raise BackupUnusable(f"There is no file {path}.")
    _refuse_unless_empty()
    with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.DATA_DIR) as name:
        folder = Path(name)
        with path.open("rb") as source:
            members = _unpack(SealedReader(source, key=key), folder)
        manifest = _checked(folder, members)
        _put_back(folder, members)
    return Outcome(manifest, path.stat().st_size)


def _refuse_unless_empty() -> None:
    if not database.is_empty():
        raise BackupUnusable("The database is not empty. A backup is only restored into an empty one.")
    if media.names():
        raise BackupUnusable("The document storage is not empty. A backup is only restored into an empty one.")


def _unpack(sealed: SealedReader, folder: Path) -> dict[str, Path]:
    """Every member as a file with a name of ours, so that no name in the archive can lead elsewhere."""
    members: dict[str, Path] = {}
    with tarfile.open(fileobj=sealed, mode="r|", bufsize=CHUNK_BYTES) as tar:  # type: ignore[call-overload]
        for member in tar:
            content = tar.extractfile(member)
            if content is None:
                raise BackupUnusable("This backup holds something that is no file.")
            members[member.name] = folder / str(len(members))
            with members[member.name].open("wb") as file:
                shutil.copyfileobj(content, file, CHUNK_BYTES)
    sealed.finish()
    return members


def _checked(folder: Path, members: dict[str, Path]) -> dict[str, Any]:
    """The manifest, when all that it lists is there as it was and this product can use it."""
    text = members.pop(MANIFEST, None)
    manifest: dict[str, Any] = json.loads(text.read_bytes()) if text else {}
    if manifest.get("format") != FORMAT:
        raise BackupUnusable("This backup was made in another format: restore it with the version that made it.")
    for name in sorted({*manifest["members"], *members}):
        listed, path = manifest["members"].get(name), members.get(name)
        if not listed or not path:
            raise BackupUnusable(f"This backup does not hold what its list says: {name}.")
        with path.open("rb") as file:
            if (path.stat().st_size, _digest(file)) != (listed["size"], listed["sha256"]):
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


def _put_back(folder: Path, members: dict[str, Path]) -> None:
    """Documents first: they do no harm without rows, and go again when the database can't be restored."""
    put: list[str] = []
    try:
        for member, path in members.items():
            if member.startswith(MEDIA):
                media.put(member.removeprefix(MEDIA), path.read_bytes())
                put.append(member.removeprefix(MEDIA))
        database.put_back(members[DATABASE])
    except BaseException:
        for name in put:
            media.remove(name)
        raise
