"""Keys that a demo generates for itself, so that there is no default key."""

import base64
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def stored_secret(path: Path, *, allowed: bool, prefix: str = "") -> str:
    """Return the secret stored at `path` (mode 0600), generating it once.

    Raises ImproperlyConfigured unless `allowed`: a key left behind by a demo must not become the key of production.
    Written through a hard link, so that processes starting together agree on one value.
    """
    if not allowed:
        variable = path.name.upper()
        raise ImproperlyConfigured(f"{variable} is not set; production does not start without it (see .env.example)")
    if not path.exists():
        value = prefix + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(value)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first, and its value counts
        finally:
            fresh.unlink()
    return path.read_text().strip()
