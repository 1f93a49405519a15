"""Settings of the project; what differs between machines comes from `portal/env.py`."""

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import environ
from kombu import Queue

from portal import env as environment
from portal import s3
from portal.secrets import stored_secret

ROOT = environment.ROOT
ENV = environment.read()
SANDBOX: bool = ENV["SANDBOX"]
DEBUG: bool = ENV["DEBUG"]
TESTING = os.environ.get("ZORGREKENING_TESTS") == "1"

# Everything the running product writes lies here, readable by its owner only.
DATA_DIR = Path(ENV["DATA_DIR"] or ROOT / "var")
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
MEDIA_ROOT = Path(ENV["MEDIA_ROOT"] or DATA_DIR / "media")

_MAY_MAKE_KEYS = SANDBOX or DEBUG
SECRET_KEY = ENV["SECRET_KEY"] or stored_secret(DATA_DIR / "secret_key", allowed=_MAY_MAKE_KEYS)
FIELD_KEYS = ENV["FIELD_KEYS"] or stored_secret(DATA_DIR / "field_keys", allowed=_MAY_MAKE_KEYS, prefix="1:")
# Not needed to serve anybody, so it may be missing where backups are made elsewhere: then `backup` refuses.
BACKUP_KEY = ENV["BACKUP_KEY"] or (stored_secret(DATA_DIR / "backup_key", allowed=True) if _MAY_MAKE_KEYS else "")

PORT: int = ENV["PORT"]
PUBLIC_URL: str = (ENV["PUBLIC_URL"] or f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = ENV["ALLOWED_HOSTS"] or (["127.0.0.1", "localhost", "[::1]"] if _MAY_MAKE_KEYS else [])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES: int = ENV["TRUSTED_PROXIES"]

# --- applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "billing",
    "coulance",
    "portal",
    *(["portal.sandbox"] if SANDBOX else []),
    "portal.staff_app.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "phonenumber_field",
]
MIDDLEWARE = [
    "portal.middleware.RequestId",
    "portal.middleware.SecurityHeaders",
    "portal.middleware.HttpsForMachines",
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.KnownMethods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.site",
            ],
        },
    }
]
FORM_RENDERER = "portal.forms.PortalRenderer"

# --- database -----------------------------------------------------------------------------------
_SQLITE_OPTIONS = {
    # IMMEDIATE is what makes row locks work on SQLite: writers queue up before they read. Without it half of
    # all concurrent commands fail with "database is locked". Never combine it with ATOMIC_REQUESTS.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
    " PRAGMA journal_size_limit=27103364;",
}
if ENV["DATABASE_URL"]:
    DATABASES = {"default": environ.Env.db_url_config(ENV["DATABASE_URL"])}
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    else:
        DATABASES["default"]["OPTIONS"] = _SQLITE_OPTIONS
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "zorgrekening.sqlite3",
            "OPTIONS": _SQLITE_OPTIONS,
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},  # a file: threads and a live server share it
        }
    }

# Opening a connection costs more than a page's two queries. A file of SQLite that was put aside is let go in a minute.
DATABASES["default"]["CONN_MAX_AGE"] = 60 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else None

# --- people and sessions ------------------------------------------------------------------------
AUTH_USER_MODEL = "billing.Staff"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.passwords.EasyToGuessValidator"},
    {"NAME": "portal.passwords.NotThePresentOneValidator"},
]
LOGIN_URL = "admin:login"
OTP_TOTP_ISSUER = "Zorgrekening"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_VERBOSE = False  # it would log user names and addresses
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"
AXES_RESET_ON_SUCCESS = True  # both factors: a right password with a wrong code counts as a failure
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]  # kept out of its table of failures
AXES_CLIENT_IP_CALLABLE = "portal.access.client_address"
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-zorgrekening" if HTTPS else "zorgrekening"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SAME_SITE: Literal["Lax"] = "Lax"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = SAME_SITE
LANGUAGE_COOKIE_SAMESITE: Literal["Lax"] = SAME_SITE
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
MESSAGE_STORAGE = "portal.message_storage.MessageStorage"
MESSAGE_COOKIE_NAME = "__Host-messages" if HTTPS else "messages"

# --- headers ------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
# same-origin, not no-referrer: with no-referrer Chromium posts `Origin: null`, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]

# --- language and time --------------------------------------------------------------------------
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
LOCALE_PATHS = [ROOT / "portal" / "locale"]
FORMAT_MODULE_PATH = ["portal.formats"]
TIME_ZONE = "Europe/Amsterdam"
USE_TZ = True
# A thousand separator would also land in ids; money is formatted by the `euro` filter alone.
USE_THOUSAND_SEPARATOR = False
PHONENUMBER_DEFAULT_REGION = "NL"
PHONENUMBER_DB_FORMAT = "E164"

# --- static files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(ENV["STATIC_ROOT"] or DATA_DIR / "static")
STATICFILES_DIRS = [ROOT / "static"]
_MANIFEST = not (DEBUG or TESTING)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if ENV["S3_BUCKET"]:
    STORAGES["default"] = s3.storage(
        bucket=ENV["S3_BUCKET"],
        endpoint=ENV["S3_ENDPOINT_URL"],
        region=ENV["S3_REGION"],
        access_key=ENV["S3_ACCESS_KEY"],
        secret_key=ENV["S3_SECRET_KEY"],
    )
WHITENOISE_USE_FINDERS = not _MANIFEST
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nobody else's pages need our files
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half as many to compress, and every URL may be cached for ever

METRICS_TOKEN = ENV["METRICS_TOKEN"]

# --- messages -----------------------------------------------------------------------------------
SANDBOX_SMTP_PORT = PORT + 1  # the stand-in mail server listens beside the web server
_email = environ.Env.email_url_config(ENV["EMAIL_URL"] or f"smtp://127.0.0.1:{SANDBOX_SMTP_PORT}")
EMAIL_IS_SET = bool(ENV["EMAIL_URL"])
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"] or "", _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV["DEFAULT_FROM_EMAIL"]

# --- what patients send -------------------------------------------------------------------------
CLAMAV_URL = ENV["CLAMAV_URL"]
UPLOAD_MOST_BYTES = 10 * 1024**2  # of one file
UPLOAD_MOST_FILES = 10  # of one case at a time
UPLOAD_MOST_TRIES = 40  # of one case, with all that was refused or taken back
# What patients send is never on a disk unsealed, so no handler for temporary files: all that SizeLimit lets through
# stays in memory.
FILE_UPLOAD_HANDLERS = ["portal.uploads.SizeLimit", "portal.uploads.InMemory"]
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# --- the payment gateway ------------------------------------------------------------------------
MOLLIE_API_URL = ENV["MOLLIE_API_URL"]
MOLLIE_API_KEY = ENV["MOLLIE_API_KEY"]
ALLOW_TEST_KEY: bool = ENV["ALLOW_TEST_KEY"]
if SANDBOX and not MOLLIE_API_KEY:
    MOLLIE_API_URL, MOLLIE_API_KEY = f"{PUBLIC_URL}/sandbox/mollie", "test_" + "s" * 30
MOLLIE_METHODS = ["ideal"]  # "iDEAL | Wero" is this one method; Wero alone will be a second

# --- text messages ------------------------------------------------------------------------------
SMS_API_URL = ENV["SMS_API_URL"]
SMS_API_KEY = ENV["SMS_API_KEY"]
SMS_SENDER = ENV["SMS_SENDER"]
if SANDBOX and not SMS_API_KEY:
    SMS_API_URL, SMS_API_KEY = f"{PUBLIC_URL}/sandbox/sms/v1/messages", "sandbox"
SMS_COUNTRIES = ["NL"]  # mobile numbers of other countries cost more and are where SMS fraud pays

# --- Celery -------------------------------------------------------------------------------------
REDIS_URL = ENV["REDIS_URL"]
_QUEUE = DATA_DIR / "queue"
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, int | float | str] = {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
    }
else:
    for _folder in ("messages", "control"):
        (_QUEUE / _folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_URL = "localhost"
    CELERY_BROKER_TRANSPORT = "portal.file_broker:Transport"  # kombu's own breaks under load
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE / "messages"),
        "data_folder_out": str(_QUEUE / "messages"),
        "control_folder": str(_QUEUE / "control"),
        "polling_interval": 0.1,  # the default of 1 s makes a mail wait half a second for nothing
    }
# Every worker takes from both in turn: a morning of 50,000 letters must not make a payment of that morning wait.
CELERY_TASK_QUEUES = [Queue("celery", routing_key="celery"), Queue("mail", routing_key="mail")]
CELERY_TASK_ROUTES = {"billing.deliver_message": {"queue": "mail"}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker is only a bell: the rows are the queue. So ringing it may fail fast, never hang a request.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# --- house rules (business numbers; the law's own numbers stand in billing/law/) -----------------
PAYMENT_TERM_DAYS = 30
LATE_INVOICE_TERM_DAYS = 14  # for an invoice whose due date has gone by when it reaches us
NOTE_BEFORE_DUE_DAYS = 7  # the friendly note
REMINDER_AFTER_WORKING_DAYS = 3  # after the last day to pay: payments of that day have arrived by then
REMINDER_INTERVAL_DAYS = 10  # from the delivery of a letter to the next one; the 14-day letter has the law's own term
RESUME_AFTER_DAYS = 7  # from the last day to pay after a plan or a hold: nobody gets the next letter at once
# Paying later is free of charge; charged credit would fall under the law on consumer credit.
DEFERRAL_DAYS = 30  # after the last day to pay, once for an invoice
PLAN_FROM_AMOUNT = Decimal("30.00")
PLAN_SMALL_AMOUNT = Decimal("100.00")  # up to and including it, the smaller number of installments
PLAN_MOST_INSTALLMENTS_SMALL, PLAN_MOST_INSTALLMENTS = 3, 5
PLAN_FIRST_WITHIN_DAYS = 30
INSTALLMENT_NOTICE_DAYS = 7  # the mail before an installment
INSTALLMENT_GRACE_DAYS = 7  # after the one free reminder of a missed installment
LINK_VALID_DAYS = 90  # the link in a mail about an invoice
# The notice of a new invoice is no reminder, but it should not wake anybody up. A demo is looked at at any hour.
NOTICE_HOURS = (0, 24) if SANDBOX else (7, 22)
COULANCE_SPECIFICATION_DAYS = 30  # to send what the insurer decided
COULANCE_NUDGE_BEFORE_DAYS = 7  # before the last day to send it
COULANCE_REOPEN_DAYS = 30  # after a decision, in which a second specification opens the case again
COULANCE_REOPENINGS = 2
COULANCE_ANSWER_DAYS = 14  # at least, to send what the provider still asks
COULANCE_PAY_DAYS = 14  # at least, from the decision
COULANCE_PROVIDER_WORKING_DAYS = 5  # to decide, before it is late
STAFF_IDLE_SECONDS = 60 * 60  # and SESSION_COOKIE_AGE at most: what NIST SP 800-63B asks of two factors
GUEST_IDLE_SECONDS = 15 * 60
GUEST_ABSOLUTE_SECONDS = 60 * 60
CODE_DIGITS = 6
CODE_VALID_SECONDS = 10 * 60
CODE_ATTEMPTS = 5  # for one code; a wrong one more and it is dead
CODE_COOLDOWN_SECONDS = 60  # between two codes
# For one invoice from one address, so that a stranger elsewhere can't use up what the patient has.
CODE_SENDS_AT_ONCE = 3  # but for the pause
CODE_NEXT_SECONDS = 15 * 60  # the longest wait for the next one, until the day's are used up
CODE_SENDS_PER_DAY = 6
# For one invoice, and for one number, from all addresses together: what bounds guessing and pestering. One more
# comes every CODE_NEXT_SECONDS, so that nobody keeps a patient out for longer.
CODE_SENDS_FROM_ALL_AT_ONCE = 12
CODE_SENDS_BY_RESERVE_PER_DAY = 12  # for one number: one for each network that did not ask yet, while those are used up
# For one invoice, for those who came by the link in our mail: strangers can't use these up.
CODE_SENDS_BY_LINK_PER_DAY = 12
CODE_SENDS_PER_ADDRESS_PER_HOUR = 30  # for all invoices: a household or a clinic, not a robot
SMS_DAILY_BUDGET = 5000  # for everybody: what a day of fraud may cost at most
DOCUMENT_GRANT_SECONDS = 15 * 60  # after the code
LOOKUP_FAILURES_PER_ADDRESS = 5  # within LOOKUP_ADDRESS_SECONDS
LOOKUP_ADDRESS_SECONDS = 10 * 60
LOOKUP_FAILURES_GLOBAL = 1000  # within LOOKUP_GLOBAL_SECONDS: a breaker against guessing from many addresses
LOOKUP_GLOBAL_SECONDS = 60 * 60
PAYMENT_REUSE_MARGIN_SECONDS = 120  # a link to the bank that dies sooner is not offered again
OUTBOX_MAX_TRIES = 8

# --- how long things are kept (retention.py of each room; `run_daily` removes what is older) ------
# Money: AWR art. 52 and BW 2:10 oblige to keep the books for seven years after the year. Then nothing justifies
# keeping a name or care beside an amount any longer (AVG art. 5.1.e).
RETAIN_INVOICE_YEARS = 7  # after the year of the last movement, and settled
# NEN 7513 and MedMij (A.12.4.1): five years. The database itself refuses less.
RETAIN_ACCESS_LOG_YEARS = 5
# The rest has no term in law: as short as it serves (AVG art. 5.1.e).
RETAIN_UPLOAD_DAYS = 90  # after the case was closed: a case may open again, and a patient may object
RETAIN_MESSAGE_DAYS = 180  # after sending, and nothing is owed any more: until then a letter is evidence (BW 6:96)
RETAIN_WEBHOOK_CALL_DAYS = 90  # after it was dealt with: as long as a bank may still take a payment back
RETAIN_SIGN_IN_DAYS = 90  # failures and successes at /beheer/: to look into misuse
RETAIN_CODE_DAYS = 2  # after it ended: what is known of a code by SMS
RETAIN_SANDBOX_DAYS = 30  # the stand-in mailbox of a demo
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # portal.middleware.SecurityHeaders sends X-Frame-Options
    *([] if HTTPS else ["security.W008"]),
    # `serve` has printed the warnings about the law's dates: its processes need not say them again.
    *(["portal.W002", "portal.W003"] if os.environ.get("ZORGREKENING_SERVED") == "1" else []),
]

_SENTRY = {"()": "portal.sentry.Reporter", "dsn": ENV["SENTRY_DSN"], "level": "ERROR"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"drawn": {"()": "portal.logs.formatter", "as_json": ENV["LOG_JSON"]}},
    "filters": {"no_traceback": {"()": "portal.logs.WithoutTraceback"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "drawn"},
        **({"sentry": _SENTRY} if ENV["SENTRY_DSN"] else {}),
    },
    "loggers": {
        "django.security.DisallowedHost": {"filters": ["no_traceback"]},
        **{name: {"level": "WARNING"} for name in ("weasyprint", "fontTools", "pikepdf")},  # a line for every step
    },
    "root": {"handlers": ["stderr", *(["sentry"] if ENV["SENTRY_DSN"] else [])], "level": "INFO"},
}
