"""Every environment variable the product reads, declared once: name, kind, default, help.

`.env.example` is checked against this table by a test; settings.py and serving.py (gunicorn's) are the only readers.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

import environ

ROOT = Path(__file__).resolve().parent.parent


class Variable(NamedTuple):
    kind: type
    default: object
    help: str


VARIABLES: dict[str, Variable] = {
    "SANDBOX": Variable(bool, False, "1: stand-in bank, SMS and mail servers inside the app (never in production)"),
    "DEBUG": Variable(bool, False, "1: Django's debug pages (never in production)"),
    "SECRET_KEY": Variable(str, "", "signing key, letters and digits; made under var/ when SANDBOX or DEBUG is on"),
    "FIELD_KEYS": Variable(
        str, "", "keys for encrypted columns, newest first: id:base64url(32 bytes)[,…]; made under var/ like SECRET_KEY"
    ),
    "BACKUP_KEY": Variable(
        str, "", "key of `manage.py backup`: base64url(32 bytes); keep it apart from the backups; made like SECRET_KEY"
    ),
    "ALLOWED_HOSTS": Variable(list, [], "host names served, separated by commas"),
    "PUBLIC_URL": Variable(str, "", "the address patients see, https://…; default http://127.0.0.1:PORT"),
    "PORT": Variable(int, 8000, "the port to listen on"),
    "BIND": Variable(str, "127.0.0.1", "the address to listen on; 0.0.0.0 in a container, whose proxy is elsewhere"),
    "DATABASE_URL": Variable(str, "", "postgres://…; empty: SQLite under var/"),
    "REDIS_URL": Variable(str, "", "redis://…; empty: Celery on its filesystem broker under var/"),
    "MOLLIE_API_KEY": Variable(str, "", "live_… or test_… key of the gateway"),
    "ALLOW_TEST_KEY": Variable(bool, False, "1: start with a test_… key, for a rehearsal in which nobody really pays"),
    "MOLLIE_API_URL": Variable(str, "https://api.mollie.com", "endpoint of the gateway, without /v2"),
    "SMS_API_KEY": Variable(str, "", "key of the SMS provider (Spryng)"),
    "SMS_API_URL": Variable(str, "https://rest.spryngsms.com/v1/messages", "where an SMS is posted"),
    "SMS_SENDER": Variable(str, "Zorgrek", "sender of every SMS: 3 to 11 letters and digits"),
    "EMAIL_URL": Variable(
        str, "", "smtp+tls://user:password@host:587, or smtp+ssl://…:465 for a server that begins with TLS"
    ),
    "DEFAULT_FROM_EMAIL": Variable(str, "Zorgrekening <rekening@zorgrekening.example>", "sender of every mail"),
    "CLAMAV_URL": Variable(
        str, "", "tcp://host:3310 or unix:///run/clamav/clamd.ctl; empty: what patients send is not scanned for viruses"
    ),
    "MEDIA_ROOT": Variable(str, "", "where documents are kept; default var/media"),
    "S3_BUCKET": Variable(str, "", "bucket for the documents instead of MEDIA_ROOT; what goes there is sealed already"),
    "S3_ENDPOINT_URL": Variable(str, "", "https://… of the provider of the bucket; empty: Amazon's own"),
    "S3_REGION": Variable(str, "", "region of the bucket, such as eu-central-1"),
    "S3_ACCESS_KEY": Variable(str, "", "key id for the bucket; empty: the role of the machine"),
    "S3_SECRET_KEY": Variable(str, "", "secret that belongs to S3_ACCESS_KEY"),
    "DATA_DIR": Variable(str, "", "everything the running product writes; default var/ in the checkout"),
    "STATIC_ROOT": Variable(
        str, "", "where `collectstatic` puts style sheets and scripts; default static/ in DATA_DIR"
    ),
    "METRICS_TOKEN": Variable(
        str, "", "what Prometheus shows as its bearer token at /metrics; empty: there is no such page"
    ),
    "LOG_JSON": Variable(bool, False, "1: one JSON object for each line of the log, for a machine that collects them"),
    "SENTRY_DSN": Variable(
        str, "", "https://key@host/project of a Sentry in the EU that hears of errors, without words or people"
    ),
    "TRUSTED_PROXIES": Variable(int, 0, "number of reverse proxies in front, for the client's address"),
}


def read() -> dict[str, Any]:
    """All variables with their defaults applied. What is not set is looked for in `.env` beside manage.py, and then
    in what the last `make demo` chose, so that `manage.py` commands meet that demo; tests read neither."""
    if os.environ.get("ZORGREKENING_TESTS") != "1":
        environ.Env.read_env(ROOT / ".env")
        if "SECRET_KEY" not in os.environ:  # production has one, and never meets a demo
            environ.Env.read_env(demo_choices())
    env = environ.Env()
    return {name: env.get_value(name, cast=v.kind, default=v.default) for name, v in VARIABLES.items()}


def demo_choices() -> Path:
    """The file in which a demo keeps its SANDBOX and PORT."""
    return Path(os.environ.get("DATA_DIR") or ROOT / "var") / "demo.env"


def example() -> str:
    """The text of `.env.example`."""
    lines = ["# Every variable the product reads, with its default. Copy to .env and set what differs.", ""]
    for name, variable in VARIABLES.items():
        shown = (
            int(variable.default)
            if isinstance(variable.default, bool)
            else ""
            if variable.default == []
            else variable.default
        )
        lines += [f"# {variable.help}", f"#{name}={shown}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201  `python -m portal.environment > .env.example`
