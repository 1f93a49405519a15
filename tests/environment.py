"""What a run of the suite stands on: its own folder, its own settings, and servers of its own when asked.

Called before Django reads its settings. Nothing of the machine's environment or `.env` gets in.
"""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

from portal.environment import VARIABLES

# What the run that starts the workers of xdist hands down to them.
_HANDED_DOWN = ("DATABASE_URL", "REDIS_URL")


def prepare(*, servers: dict[str, str], kept_in: Path | None = None) -> Path:
    """Make the data folder of this process and set its environment; `servers` names real ones (as URLs).

    The folder is gone with the process, unless it is `kept_in` a place that is given.
    """
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    handed_down = {name: os.environ[name] for name in _HANDED_DOWN if in_worker and name in os.environ}
    for name in VARIABLES:
        os.environ.pop(name, None)
    folder = kept_in or Path(tempfile.mkdtemp(prefix="zorgrekening-tests-"))
    if not kept_in:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.setdefault("SUITE_FOLDER", str(folder))  # of the first process of the run, for what all share
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's loop lives in the thread that also uses the database
        "ENV_FILE": "",
        "SANDBOX": "1",
        "DATA_DIR": str(folder),
        **handed_down,
        **servers,
    }
    return folder


def of_production(folder: Path, *, host: str, port: int, servers: dict[str, str]) -> dict[str, str]:
    """The environment of the product behind a proxy at https://`host`, with all that it refuses to start without."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return (
        kept
        | {"ENV_FILE": ""}
        | servers
        | {
            "PUBLIC_URL": f"https://{host}",
            "ALLOWED_HOSTS": host,
            "TRUSTED_PROXIES": "1",
            "PORT": str(port),
            "DATA_DIR": str(folder),
            "SECRET_KEY": os.urandom(32).hex(),
            "FIELD_KEYS": f"1:{base64.urlsafe_b64encode(os.urandom(32)).decode()}",
            "DIGEST_KEYS": f"1:{base64.urlsafe_b64encode(os.urandom(32)).decode()}",
            "MOLLIE_API_KEY": "live_" + "a" * 30,
            "SMS_API_KEY": os.urandom(20).hex(),
            "DEFAULT_FROM_EMAIL": f"rekening@{host}.example",
        }
    )
