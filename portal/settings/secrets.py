"""Keys that the demo makes for itself, so that nobody ever ships a default one."""

import base64
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def stored_secret(path: Path, *, allowed: bool, prefix: str = "") -> str:
    """The secret kept at `path` (mode 0600), made once. Refused unless `allowed`: a key that some demo left behind
    must not become the key of production.

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
            pass  # another process was first; its value is the one to use
        finally:
            fresh.unlink()
    return path.read_text().strip()
