"""System checks on the configuration. Web, worker and beat refuse to start on an error."""

import ctypes
import re
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils import timezone
from stdnum import iban
from stdnum.nl import btw

from billing import rooms
from billing.channels.sms import SENDER
from billing.dunning import law_dates
from billing.encryption import current_key_id, parse_keys
from billing.integrity import keyed
from billing.law import calendar, interest
from billing.submission.fields import INVOICE
from portal import environment
from portal.ops.backup.sealing import BackupUnusable, identity_from

PDF_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
PDF_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-open-sans"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOLLIE = "https://api.mollie.com"
MOLLIE_KEY = re.compile(r"(live|test)_[A-Za-z0-9]{30,100}")
TOKEN_MIN_LENGTH = 20
KEY_MIN_UNIQUE = 18
REPEATED_MAX = 12
SECRET_KEY_MIN_LENGTH, SECRET_MIN_UNIQUE = 50, 5  # as Django's own security.W009, which only warns
VERIFIED_SSLMODES = ("verify-ca", "verify-full")  # "require" does not verify the server


@register(Tags.compatibility)
def check_rooms(**kwargs: Any) -> list[CheckMessage]:
    """Check that no two rooms use one name, and none a field of an invoice that is billing's own."""
    try:
        rooms.check_names()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="portal.E017")]
    own = INVOICE.keys() & rooms.intake_fields().keys()
    return [Error(f"A room announces {name}, a field of every invoice.", id="portal.E017") for name in sorted(own)]


@register(Tags.compatibility)
def check_pdf_libraries(**kwargs: Any) -> list[CheckMessage]:
    """Check that the libraries for PDF can be loaded. Importing WeasyPrint would take a second and raise OSError."""
    missing = [name for name in PDF_LIBRARIES if not _can_load(name)]
    if not missing:
        return []
    return [
        Error(
            f"The libraries that make PDF files are missing: {', '.join(missing)}.",
            hint=f"apt-get install -y {PDF_PACKAGES}",
            id="portal.E001",
        )
    ]


def _can_load(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


@register(Tags.security)
def check_sandbox_is_local(**kwargs: Any) -> list[CheckMessage]:
    """Check that the sandbox and the debug pages are served on this machine only."""
    if urlsplit(settings.PUBLIC_URL).hostname in LOOPBACK and not set(settings.ALLOWED_HOSTS) - {*LOOPBACK, "[::1]"}:
        return []
    found: list[CheckMessage] = []
    if settings.SANDBOX:
        found.append(
            Error(
                "SANDBOX is on while PUBLIC_URL or ALLOWED_HOSTS name another machine than this one.",
                hint="Patients would pay a stand-in bank, and anybody could read the mails. Set SANDBOX=0.",
                id="portal.E002",
            )
        )
    if settings.DEBUG:
        found.append(
            Error(
                "DEBUG is on while PUBLIC_URL or ALLOWED_HOSTS name another machine than this one.",
                hint="Debug pages show settings and personal data. Set DEBUG=0.",
                id="portal.E003",
            )
        )
    return found


@register(Tags.security)
def check_production(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings that a site for real patients needs."""
    if settings.SANDBOX or settings.DEBUG:
        return []
    wanted = (*_about_addresses(), *_about_services(), *_about_secrets())
    return [
        Error(sentence, hint="See .env.example.", id=f"portal.{name}") for right, name, sentence in wanted if not right
    ]


def _about_addresses() -> Iterator[tuple[bool, str, str]]:
    hosts, url = settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL)
    yield url.scheme == "https", "E004", "PUBLIC_URL must be the https:// address of the site."
    yield "*" not in hosts, "E005", "ALLOWED_HOSTS must name the hosts, not '*'."
    yield bool(hosts), "E006", "ALLOWED_HOSTS is empty: no request would be answered."
    vague = [host for host in hosts if host != "*" and (host.startswith(".") or "*" in host)]
    yield not vague, "E018", "ALLOWED_HOSTS must name each host in full: '.example' would also serve look-alikes."
    bare = not (url.path.strip("/") or url.query or url.fragment or url.username)
    yield bare, "E019", "PUBLIC_URL must be a host name alone, without a path or a user name."
    named = "*" in hosts or not hosts or bool(vague) or url.hostname in [host.lower() for host in hosts]
    yield (
        named,
        "E020",
        "The host name of PUBLIC_URL is not in ALLOWED_HOSTS: links in mails would lead nowhere.",
    )


def _about_services() -> Iterator[tuple[bool, str, str]]:
    key = settings.MOLLIE_API_KEY
    yield bool(key), "E007", "MOLLIE_API_KEY is not set: nobody could pay."
    formed = not key or MOLLIE_KEY.fullmatch(key) is not None
    yield formed, "E021", "MOLLIE_API_KEY is no key of Mollie: live_ or test_ and thirty or more letters and digits."
    test = "MOLLIE_API_KEY is a test key: no real money would move. ALLOW_TEST_KEY=1 is for a rehearsal."
    yield settings.ALLOW_TEST_KEY or not key.startswith("test_"), "E015", test
    right = settings.MOLLIE_API_URL == MOLLIE
    yield right, "E008", f"MOLLIE_API_URL must be {MOLLIE}: payments go nowhere else."
    yield settings.EMAIL_IS_SET, "E009", "EMAIL_URL is not set: no receipt would be delivered."
    safe = _is_local(settings.EMAIL_HOST) or settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    yield safe, "E022", "EMAIL_URL goes to another machine without TLS: use smtp+tls:// or smtp+ssl://."
    wanted = "DEFAULT_FROM_EMAIL must be a mailbox of yours: answers to our mails and what bounces would be lost."
    yield _is_mailbox(settings.DEFAULT_FROM_EMAIL), "E026", wanted
    returns = settings.BOUNCE_ADDRESS
    yield not returns or _is_mailbox(returns), "E027", "BOUNCE_ADDRESS is no e-mail address."
    yield bool(settings.SMS_API_KEY), "E011", "SMS_API_KEY is not set: nobody could see their full invoice."
    yield settings.SMS_API_URL.startswith("https://"), "E012", "SMS_API_URL must be an https:// address."
    yield bool(SENDER.fullmatch(settings.SMS_SENDER)), "E013", "SMS_SENDER must have 3 to 11 letters and digits."


def _about_secrets() -> Iterator[tuple[bool, str, str]]:
    strong = "SECRET_KEY must be 50 or more characters that nobody can guess."
    yield _is_strong(settings.SECRET_KEY), "E014", strong
    for name in ("METRICS_TOKEN", "SMS_API_KEY"):
        value = getattr(settings, name)
        sentence = f"{name} is no secret: {TOKEN_MIN_LENGTH} or more characters that nobody can guess."
        yield not value or _is_random(value, least=TOKEN_MIN_LENGTH), "E023", sentence
    for name in ("FIELD_KEYS", "DIGEST_KEYS"):
        try:
            weak = any(is_guessable(key) for key in parse_keys(getattr(settings, name), name=name).values())
        except ImproperlyConfigured:
            continue  # told by a check of its own
        yield not weak, "E024", f"{name} holds a key that can be guessed: make one with 32 random bytes."


def _is_strong(key: str) -> bool:
    return _is_random(key, least=SECRET_KEY_MIN_LENGTH) and not key.startswith("django-insecure-")


def _is_random(text: str, *, least: int) -> bool:
    """Tell whether a secret has `least` characters and is no row of a few that repeat."""
    return len(text) >= least and len(set(text)) >= SECRET_MIN_UNIQUE and _period(text) > REPEATED_MAX


def _is_mailbox(text: str) -> bool:
    """Tell whether mail to this address can arrive; the default of the example can't."""
    address = parseaddr(text)[1]
    try:
        validate_email(address)
    except ValidationError:
        return False
    return address != parseaddr(environment.VARIABLES["DEFAULT_FROM_EMAIL"][1])[1]


def is_guessable(key: bytes) -> bool:
    """Tell whether these 32 bytes are no random ones: few different ones, a text, or a row of numbers.

    Of random ones about one in a billion would be refused.
    """
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    return len(set(key)) < KEY_MIN_UNIQUE or len(steps) < KEY_MIN_UNIQUE // 2 or key.isascii()


def _period(text: str) -> int:
    """Return after how many characters the text repeats itself; its length when it does not."""
    return (text + text).find(text, 1)


@register(Tags.security)
def check_no_live_key(**kwargs: Any) -> list[CheckMessage]:
    """Check that no live key of Mollie is used in a sandbox."""
    if settings.SANDBOX and settings.MOLLIE_API_KEY.startswith("live_"):
        return [
            Error(
                "MOLLIE_API_KEY is a live key while SANDBOX is on: visitors of a demo would pay real money.",
                hint="Leave MOLLIE_API_KEY empty, or set SANDBOX=0.",
                id="portal.E016",
            )
        ]
    return []


@register(Tags.security)
def check_tls(**kwargs: Any) -> list[CheckMessage]:
    """Check that connections to other machines use TLS, and that the proxy that terminates TLS is counted."""
    if settings.SANDBOX or settings.DEBUG:
        return []
    database = settings.DATABASES["default"]
    sslmode = database.get("OPTIONS", {}).get("sslmode")
    wanted = (
        (
            _is_local(database.get("HOST")) or sslmode in VERIFIED_SSLMODES,
            "W006",
            "DATABASE_URL goes to another machine without TLS that proves which one: add ?sslmode=verify-full.",
        ),
        (
            _is_local(urlsplit(settings.REDIS_URL).hostname) or settings.REDIS_URL.startswith("rediss://"),
            "W007",
            "REDIS_URL goes to another machine without TLS: use rediss://.",
        ),
        (
            not settings.HTTPS or settings.TRUSTED_PROXIES > 0,
            "W008",
            "PUBLIC_URL is https and TRUSTED_PROXIES is 0: every page would redirect to itself for ever, because the"
            " proxy that speaks https is not believed.",
        ),
        (
            _is_local(urlsplit(settings.CLAMAV_URL).hostname),
            "W011",
            "CLAMAV_URL goes to another machine: what patients send would cross the network as it is.",
        ),
    )
    return [
        Warning(sentence, hint="See .env.example.", id=f"portal.{name}")
        for right, name, sentence in wanted
        if not right
    ]


@register(Tags.database)
def check_database_log(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Check that PostgreSQL does not log failing statements with their values: a mail queued twice is one."""
    if not databases or settings.SANDBOX or connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('log_min_error_statement'), current_setting('log_error_verbosity')")
        if cursor.fetchone() == ("panic", "terse"):
            return []
    return [
        Warning(
            "PostgreSQL writes statements that fail into its own log, with the names and mails in them.",
            hint="ALTER ROLE … SET log_min_error_statement = 'panic', and SET log_error_verbosity = 'terse'.",
            id="portal.W010",
        )
    ]


def _is_local(host: str | None) -> bool:
    """Tell whether the host is a socket or the loopback address of this machine."""
    return not host or host.startswith(("/", "%2F", "%2f")) or host in LOOPBACK


@register(Tags.security)
def check_field_keys(**kwargs: Any) -> list[CheckMessage]:
    """Check FIELD_KEYS at start, rather than when the first invoice is encrypted."""
    try:
        current_key_id()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="portal.E010")]
    return []


@register(Tags.security)
def check_digest_keys(**kwargs: Any) -> list[CheckMessage]:
    """Check DIGEST_KEYS at start, rather than when the first amount is booked."""
    try:
        keyed.current_key_id()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See .env.example.", id="portal.E030")]
    return []


@register(Tags.security, deploy=True)
def check_backup_key(**kwargs: Any) -> list[CheckMessage]:
    """Check BACKUP_KEY at deployment, rather than on the day a backup is needed."""
    try:
        identity_from(settings.BACKUP_KEY)
    except BackupUnusable as error:
        return [Warning(str(error), hint="`manage.py backup` would refuse. See .env.example.", id="portal.W005")]
    return []


@register(Tags.compatibility, deploy=True)
def check_bounce_address(**kwargs: Any) -> list[CheckMessage]:
    """Warn when mails that come back can't be taken in: then no collection costs are booked."""
    if settings.SANDBOX or settings.BOUNCE_ADDRESS:
        return []
    sentence = "BOUNCE_ADDRESS is not set: nobody hears of mails that come back, so no collection costs are booked."
    return [Warning(sentence, hint="See 'Mail that comes back' in docs/deployment.md.", id="portal.W021")]


@register(Tags.security, deploy=True)
def check_payment_key(**kwargs: Any) -> list[CheckMessage]:
    """Warn when the key of Mollie is a test key."""
    if not settings.SANDBOX and settings.MOLLIE_API_KEY.startswith("test_"):
        return [Warning("MOLLIE_API_KEY is a test key: no real money would move.", id="portal.W001")]
    return []


@register("law", deploy=True)
def check_law_dates(**kwargs: Any) -> list[CheckMessage]:
    """Warn when the next interest rate (BW 6:120) or holidays (Algemene termijnenwet) have to be looked up."""
    today = timezone.localdate()
    found: list[CheckMessage] = []
    if not interest.is_confirmed(today + law_dates.ASKED_BEFORE):
        found.append(
            Warning(
                f"Nobody has confirmed the statutory interest rate from {interest.confirmed_until()}: no interest is"
                " charged over it.",
                hint="Look up the decree and change RATES and RATES_CONFIRMED_THROUGH in billing/law/interest.py.",
                id="portal.W002",
            )
        )
    if today + law_dates.HOLIDAYS_KNOWN_FOR > calendar.EQUATED_DAYS_KNOWN_THROUGH:
        found.append(
            Warning(
                "Days that are equated with holidays are not known a year ahead.",
                hint="Look up the decree and change EQUATED_DAYS in billing/law/calendar.py.",
                id="portal.W003",
            )
        )
    return found


# What AVG art. 13 and 37, 3:15d BW and the Wki want patients to read of a site that bills care.
OPERATOR_SHOULD = {
    "W022": ("OPERATOR_DPO", "the privacy page names no data protection officer, whom large-scale care data demand"),
    "W023": ("OPERATOR_PROCESSORS", "the privacy page names no companies that process data, nor where they do"),
    "W024": ("OPERATOR_VAT", "the page of who we are names no VAT number, and no fee can be charged"),
    "W025": ("OPERATOR_WKI", "no letter names a registration, which who collects for others needs (Wki)"),
}
OPERATOR_MUST = ("name", "address", "kvk", "phone", "email")  # 3:15d BW, art. 13 AVG


@register(Tags.compatibility, deploy=True)
def check_operator(**kwargs: Any) -> list[CheckMessage]:
    """Check that the site says who runs it, and that its account for transfers exists."""
    missing = [f"OPERATOR_{part.upper()}" for part in OPERATOR_MUST if not settings.OPERATOR[part]]
    found: list[CheckMessage] = []
    if missing:
        sentence = f"Patients can't read who runs this site: {', '.join(missing)} is empty."
        found.append(Warning(sentence, hint="See .env.example.", id="portal.W020"))
    values: dict[str, object] = {f"OPERATOR_{part.upper()}": value for part, value in settings.OPERATOR.items()}
    values["OPERATOR_PROCESSORS"] = settings.PROCESSORS
    for number, (name, without) in OPERATOR_SHOULD.items():
        if not values[name]:
            found.append(Warning(f"{name} is empty: {without}.", hint="See .env.example.", id=f"portal.{number}"))
    account = settings.OPERATOR["iban"]
    if account and not (iban.is_valid(account) and settings.OPERATOR["name"]):
        sentence = "OPERATOR_IBAN must be an IBAN, in the name that OPERATOR_NAME says: patients transfer money to it."
        found.append(Error(sentence, hint="See .env.example.", id="portal.E025"))
    if settings.OPERATOR["vat"] and not btw.is_valid(settings.OPERATOR["vat"]):
        sentence = "OPERATOR_VAT must be a Dutch VAT number like NL123456789B13: invoices to practices bear it."
        found.append(Error(sentence, hint="See .env.example.", id="portal.E040"))
    return found
