"""Every environment variable the product reads, declared once with its kind and default.

`.env.example` says what each is for, and a test compares it with this table; settings.py and serving.py (gunicorn's)
are the only readers.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from sentry_sdk.utils import BadDsn, Dsn

ROOT = Path(__file__).resolve().parent.parent

VARIABLES: dict[str, tuple[type, Any]] = {
    "ENV_FILE": (str, ".env"),
    "SANDBOX": (bool, False),
    "DEBUG": (bool, False),
    "SECRET_KEY": (str, ""),
    "FIELD_KEYS": (str, ""),
    "BACKUP_KEY": (str, ""),
    "DIGEST_KEYS": (str, ""),
    "DIGESTS_FILE": (str, ""),
    "ALLOWED_HOSTS": (list, []),
    "PUBLIC_URL": (str, ""),
    "PORT": (int, 8000),
    "BIND": (str, "127.0.0.1"),
    "WEB_WORKERS": (int, 2),
    "WEB_THREADS": (int, 4),
    "DATABASE_URL": (str, ""),
    "REDIS_URL": (str, ""),
    "MOLLIE_API_KEY": (str, ""),
    "MOLLIE_ACCESS_TOKEN": (str, ""),
    "ALLOW_TEST_KEY": (bool, False),
    "MOLLIE_API_URL": (str, "https://api.mollie.com"),
    "PROPOSE_AMOUNTS": (bool, False),
    "SMS_API_KEY": (str, ""),
    "SMS_API_URL": (str, "https://rest.spryngsms.com/v1/messages"),
    "SMS_SENDER": (str, "Zorgrek"),
    "OPERATOR_NAME": (str, ""),
    "OPERATOR_ADDRESS": (str, ""),
    "OPERATOR_KVK": (str, ""),
    "OPERATOR_WKI": (str, ""),
    "OPERATOR_PHONE": (str, ""),
    "OPERATOR_HOURS": (str, ""),
    "OPERATOR_HOURS_EXCEPTIONS": (str, ""),
    "OPERATOR_LANGUAGES": (list, []),
    "OPERATOR_EMAIL": (str, ""),
    "OPERATOR_IBAN": (str, ""),
    "OPERATOR_VAT": (str, ""),
    "OPERATOR_DPO": (str, ""),
    "OPERATOR_PROCESSORS": (str, ""),
    "EMAIL_URL": (str, ""),
    "EMAIL_CONNECTIONS": (int, 2),
    "DEFAULT_FROM_EMAIL": (str, "Zorgrekening <rekening@zorgrekening.example>"),
    "BOUNCE_ADDRESS": (str, ""),
    "STATEMENT_FOLDER": (str, ""),
    "CLAMAV_URL": (str, ""),
    "MEDIA_ROOT": (str, ""),
    "S3_BUCKET": (str, ""),
    "S3_ENDPOINT_URL": (str, ""),
    "S3_REGION": (str, ""),
    "S3_ACCESS_KEY": (str, ""),
    "S3_SECRET_KEY": (str, ""),
    "DATA_DIR": (str, ""),
    "STATIC_ROOT": (str, ""),
    "METRICS_TOKEN": (str, ""),
    "ALERT_EMAIL": (str, ""),
    "ALERT_WEBHOOK_URL": (str, ""),
    "ALERT_WEBHOOK_SECRET": (str, ""),
    "ALERT_HEARTBEAT_URL": (str, ""),
    "LOG_JSON": (bool, False),
    "SENTRY_DSN": (str, ""),
    "TRUSTED_PROXIES": (int, 0),
}


# The sandbox's mail server needs the port after PORT.
RANGES = {
    "PORT": (1, 65_534), "WEB_WORKERS": (1, 64), "WEB_THREADS": (1, 64), "TRUSTED_PROXIES": (0, 9),
    "EMAIL_CONNECTIONS": (1, 20),
}  # fmt: skip
_WEB = ("https", "http")
SCHEMES = {
    "DATABASE_URL": ("postgres", "postgresql", "sqlite"),
    "REDIS_URL": ("redis", "rediss"),
    "EMAIL_URL": ("smtp+tls", "smtp+ssl", "smtp"),
    "CLAMAV_URL": ("tcp", "unix"),
    **dict.fromkeys(
        ("PUBLIC_URL", "MOLLIE_API_URL", "SMS_API_URL", "S3_ENDPOINT_URL", "SENTRY_DSN", "ALERT_WEBHOOK_URL"), _WEB
    ),
}


def read() -> dict[str, Any]:
    """Return all variables with their defaults applied; exit with a sentence when one of them can't be read.

    What is not set is looked for in ENV_FILE, and then in what the last `make demo` chose, so that `manage.py` commands
    meet that demo.
    """
    if name := os.environ.get("ENV_FILE", VARIABLES["ENV_FILE"][1]):
        _read_file(ROOT / name)
    if "SECRET_KEY" not in os.environ:  # production has one, and never meets a demo
        _read_file(demo_choices())
    env = environ.Env(**VARIABLES)
    return {name: _value(env, name) for name in VARIABLES}


def _read_file(path: Path) -> None:
    if path.exists():  # else django-environ logs that it does not
        environ.Env.read_env(path)


def _value(env: environ.Env, name: str) -> Any:
    kind, _default = VARIABLES[name]
    text = os.environ.get(name, "")
    # django-environ would take what it does not know for "no".
    if kind is bool and text.lower() not in (*env.BOOLEAN_TRUE_STRINGS, "false", "off", "n", "no", "0", ""):
        raise _refusal(f"{name} must be 1 or 0, not {text!r}.")
    if text and name in SCHEMES and not _is_url(text, SCHEMES[name]):
        # Without its value, which may hold a password.
        raise _refusal(f"{name} must be an address that begins with {' or '.join(f'{s}://' for s in SCHEMES[name])}.")
    if text and name == "SENTRY_DSN":
        try:
            Dsn(text)
        except BadDsn:
            raise _refusal("SENTRY_DSN must be the address of a project, with its key.") from None
    try:
        value = env(name)
    except ValueError:
        raise _refusal(f"{name} must be a whole number, not {text!r}.") from None
    least, most = RANGES.get(name, (value, value))
    if not least <= value <= most:
        raise _refusal(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return value


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether this is a URL with one of these schemes, and a port that exists when there is one."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and port != 0 and bool(parts.netloc or parts.path.strip("/"))


def _refusal(sentence: str) -> SystemExit:
    return SystemExit(f"{sentence} See .env.example.")


def demo_choices() -> Path:
    """Return the file in which a demo keeps its SANDBOX and PORT."""
    return Path(os.environ.get("DATA_DIR") or ROOT / "var") / "demo.env"
