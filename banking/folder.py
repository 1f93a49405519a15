"""A folder in which the bank's own software, or a person, puts statements: each file is read and then moved."""

import os
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from banking.importing import import_file
from billing.failures import isolated
from billing.links import new_token

DONE, REFUSED = "done", "refused"
QUIET_SECONDS = 10  # a file that was written to later than that may still be growing


def sweep() -> None:
    """Read each file of STATEMENT_FOLDER, the oldest first, and move it to `done` or `refused`.

    What was read is in the database before the file is moved: a file that was read and not moved is known the next
    time. One that fails otherwise stays where it is, and staff get a task.
    """
    if not settings.STATEMENT_FOLDER:
        return
    folder = Path(settings.STATEMENT_FOLDER)
    latest = timezone.now().timestamp() - QUIET_SECONDS
    found = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and path.name[0] != "."]
    for path in sorted(found, key=lambda path: (path.stat().st_mtime, path.name)):
        if path.stat().st_mtime <= latest:
            isolated(partial(_read, path), rule="read_statement", row=path.stat().st_ino % 2**31)


def _read(path: Path) -> None:
    outcome = import_file(path, by="folder")
    place = path.parent / (REFUSED if outcome.refused_because else DONE)
    place.mkdir(mode=0o700, exist_ok=True)
    target = place / path.name
    if target.exists():
        target = place / f"{new_token()[:8]}-{path.name}"
    os.replace(path, target)
