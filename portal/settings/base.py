"""Settings of the project; what differs between machines comes from `portal/environment.py`."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import environ
from kombu import Queue

from portal import environment, languages
from portal.settings import office, processors, s3
from portal.settings.secrets import stored_secret

ROOT = environment.ROOT
ENV = environment.read()
SANDBOX: bool = ENV["SANDBOX"]
DEBUG: bool = ENV["DEBUG"]

# Everything that the running product writes is here, readable by its owner only.
DATA_DIR = Path(ENV["DATA_DIR"] or ROOT / "var")
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
MEDIA_ROOT = Path(ENV["MEDIA_ROOT"] or DATA_DIR / "media")

_MAY_GENERATE_KEYS = SANDBOX or DEBUG
SECRET_KEY = ENV["SECRET_KEY"] or stored_secret(DATA_DIR / "secret_key", allowed=_MAY_GENERATE_KEYS)
FIELD_KEYS = ENV["FIELD_KEYS"] or stored_secret(DATA_DIR / "field_keys", allowed=_MAY_GENERATE_KEYS, prefix="1:")
DIGEST_KEYS = ENV["DIGEST_KEYS"] or stored_secret(DATA_DIR / "digest_keys", allowed=_MAY_GENERATE_KEYS, prefix="1:")
DIGESTS_FILE = Path(ENV["DIGESTS_FILE"] or DATA_DIR / "digests.jsonl")
# Not needed to serve pages, so it may be missing where backups are made in another way: then `backup` refuses.
BACKUP_KEY = ENV["BACKUP_KEY"] or (stored_secret(DATA_DIR / "backup_key", allowed=True) if _MAY_GENERATE_KEYS else "")

PORT: int = ENV["PORT"]
PUBLIC_URL: str = (ENV["PUBLIC_URL"] or f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = ENV["ALLOWED_HOSTS"] or (["127.0.0.1", "localhost", "[::1]"] if _MAY_GENERATE_KEYS else [])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES: int = ENV["TRUSTED_PROXIES"]

# --- who runs the site --------------------------------------------------------------------------
OPERATOR: dict[str, str] = {
    "name": ENV["OPERATOR_NAME"],
    "address": ENV["OPERATOR_ADDRESS"],
    "kvk": ENV["OPERATOR_KVK"],
    "wki": ENV["OPERATOR_WKI"],
    "phone": ENV["OPERATOR_PHONE"],
    "email": ENV["OPERATOR_EMAIL"],
    "iban": "".join(ENV["OPERATOR_IBAN"].split()).upper(),
    "vat": "".join(ENV["OPERATOR_VAT"].split()).upper(),
    "dpo": ENV["OPERATOR_DPO"],
}
if SANDBOX and not OPERATOR["name"]:  # nobody's: the number has no owner and .example no post
    OPERATOR = {
        "name": "Zorgrekening Demo B.V.",
        "address": "Voorbeeldstraat 1, 3500 AA Utrecht",
        "kvk": "00000000",
        "wki": "",
        "phone": "+31 30 000 00 00",
        "email": "hulp@zorgrekening.example",
        "iban": "NL02ABNA0123456789",
        "vat": "NL100000009B01",
        "dpo": "fg@zorgrekening.example",
    }
PROCESSORS = processors.read(ENV["OPERATOR_PROCESSORS"])
# When somebody answers, by weekday; and on days that differ from that, and from public holidays.
OFFICE_WEEK = office.week(ENV["OPERATOR_HOURS"] or ("ma-vr 9:00-17:00" if SANDBOX else ""))
OFFICE_EXCEPTIONS = office.exceptions(ENV["OPERATOR_HOURS_EXCEPTIONS"])
OFFICE_LANGUAGES: list[str] = ENV["OPERATOR_LANGUAGES"] or (["nl", "en"] if SANDBOX else [])

# --- applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "billing.room.BillingRoom",
    "guests.room.GuestsRoom",
    "banking.room.BankingRoom",
    "complaints.room.ComplaintsRoom",
    "coulance.room.CoulanceRoom",
    "debt_collection.room.DebtCollectionRoom",
    "forbearance.room.ForbearanceRoom",
    "helpdesk.room.HelpdeskRoom",
    "portal.room.PortalRoom",
    *(["sandbox"] if SANDBOX else []),
    "portal.staff.apps.StaffAdminConfig",
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
    "portal.api.edge.ApiAnswers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.ChosenLanguage",
    "guests.kept.ForgetWhatWasShown",
    "portal.edge.RequestLimits",
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
    {  # the guest's pages, the mails and the PDF; a room keeps its own in its folder `jinja2`
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "portal.jinja.environment",
            "context_processors": [
                "django.contrib.messages.context_processors.messages",
                "portal.context.csrf",
                "portal.context.site",
            ],
        },
    },
    {  # the staff site, which is Django's admin
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates" / "staff"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.site",
            ],
        },
    },
]
FORM_RENDERER = "portal.pages.forms.PortalRenderer"

# --- database -----------------------------------------------------------------------------------
_SQLITE_OPTIONS = {
    # IMMEDIATE makes up for row locks on SQLite: writers queue up before they read. Without it half of
    # all concurrent commands fail with "database is locked". Never combine it with ATOMIC_REQUESTS.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
    " PRAGMA journal_size_limit=27103364; PRAGMA busy_timeout=5;",  # the last: see portal/sqlite3/base.py
}
# A server that is gone without a word (its machine, the network) would keep a page waiting for a quarter of an hour.
# Milliseconds for what was sent, seconds for the rest; `?connect_timeout=…` in DATABASE_URL changes one of them.
_POSTGRESQL_LIMITS = {"connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 20, "keepalives_interval": 5}
if ENV["DATABASE_URL"]:
    DATABASES = {"default": environ.Env.db_url_config(ENV["DATABASE_URL"])}
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        DATABASES["default"] |= {
            "ENGINE": "portal.postgresql",
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": _POSTGRESQL_LIMITS | DATABASES["default"].get("OPTIONS", {}),
        }
    else:
        DATABASES["default"] |= {"ENGINE": "portal.sqlite3", "OPTIONS": _SQLITE_OPTIONS}
else:
    DATABASES = {
        "default": {
            "ENGINE": "portal.sqlite3",
            "NAME": DATA_DIR / "zorgrekening.sqlite3",
            "OPTIONS": _SQLITE_OPTIONS,
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},  # a file: threads and a live server share it
        }
    }

# Opening a connection costs more than a page's two queries. A replaced SQLite file is closed within a minute.
DATABASES["default"]["CONN_MAX_AGE"] = 60 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else None

# --- people and sessions ------------------------------------------------------------------------
AUTH_USER_MODEL = "billing.Staff"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.staff.passwords.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.staff.passwords.EasyToGuessValidator"},
    {"NAME": "portal.staff.passwords.UnchangedPasswordValidator"},
]
LOGIN_URL = "admin:login"
PASSWORD_RESET_TIMEOUT = 3600
OTP_TOTP_ISSUER = "Zorgrekening"
# Its waits are for the device, so strangers could make its owner wait: `portal/staff/sign_in/limits.py` counts instead.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_VERBOSE = False  # it would log user names and addresses
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
AXES_RESET_ON_SUCCESS = True  # both factors: a right password with a wrong code counts as a failure
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]  # not stored in its table of failures
AXES_CLIENT_IP_CALLABLE = "guests.access.network_address"
AXES_WHITELIST_CALLABLE = "portal.staff.sign_in.known_browsers.is_known"
SESSION_ENGINE = "portal.serving.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-zorgrekening" if HTTPS else "zorgrekening"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SAME_SITE: Literal["Lax"] = "Lax"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = SAME_SITE
LANGUAGE_COOKIE_SAMESITE: Literal["Lax"] = SAME_SITE
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf_failure"
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
LOCALE_PATHS = [ROOT / "portal" / "locale"]
LANGUAGES = languages.offered(LOCALE_PATHS[0])
READERS = languages.for_readers(LOCALE_PATHS[0])  # and how Dutch may be read
FORMAT_MODULE_PATH = ["portal.formats"]
TIME_ZONE = "Europe/Amsterdam"
USE_TZ = True
# A thousand separator would also appear in ids; money is formatted by the `euro` filter alone.
USE_THOUSAND_SEPARATOR = False
PHONENUMBER_DEFAULT_REGION = "NL"
PHONENUMBER_DB_FORMAT = "E164"

# --- static files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(ENV["STATIC_ROOT"] or DATA_DIR / "static")
STATICFILES_DIRS = [ROOT / "static"]
_MANIFEST = not DEBUG
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
WHITENOISE_ALLOW_ALL_ORIGINS = False  # other sites do not need our files
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half as many files to compress, and every URL can be cached for ever

METRICS_TOKEN = ENV["METRICS_TOKEN"]
ALERT_EMAIL: str = ENV["ALERT_EMAIL"]
ALERT_WEBHOOK_URL: str = ENV["ALERT_WEBHOOK_URL"]
ALERT_WEBHOOK_SECRET: str = ENV["ALERT_WEBHOOK_SECRET"]
ALERT_HEARTBEAT_URL: str = ENV["ALERT_HEARTBEAT_URL"]

# --- messages -----------------------------------------------------------------------------------
SANDBOX_SMTP_PORT = PORT + 1  # the stand-in mail server listens beside the web server
_email = environ.Env.email_url_config(ENV["EMAIL_URL"] or f"smtp://127.0.0.1:{SANDBOX_SMTP_PORT}")
EMAIL_IS_SET = bool(ENV["EMAIL_URL"])
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"] or "", _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
EMAIL_CONNECTIONS: int = ENV["EMAIL_CONNECTIONS"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV["DEFAULT_FROM_EMAIL"]
BOUNCE_ADDRESS: str = ENV["BOUNCE_ADDRESS"]  # the return path of mails, each with a tag of its own

STATEMENT_FOLDER: str = ENV["STATEMENT_FOLDER"]  # where statements of the bank are put; empty: nowhere

# --- uploads -------------------------------------------------------------------------
CLAMAV_URL = ENV["CLAMAV_URL"]
FORM_MAX_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # of any other request, refused unread
UPLOAD_MAX_BYTES = 25 * 1024**2  # of one file: the largest photo of a phone; a browser with JavaScript makes it smaller
UPLOAD_MAX_REQUEST_BYTES = 100 * 1024**2  # of all files of one request; deploy/nginx.conf lets a little more pass
UPLOAD_MAX_FILES = 10  # of one case at a time
UPLOAD_MAX_TRIES = 40  # of one case, including files that were refused or taken back
STORAGE_RESERVE_BYTES = 8 * 1024**2  # of the disk of the documents, on which the database may be too: not for uploads
# What SizeLimit accepts goes to disk encrypted: uploads are never there readable, and never in memory as a whole.
FILE_UPLOAD_HANDLERS = ["guests.uploads.SizeLimit", "guests.uploads.OnDisk"]
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# --- the payment gateway ------------------------------------------------------------------------
MOLLIE_API_URL = ENV["MOLLIE_API_URL"]
MOLLIE_API_KEY = ENV["MOLLIE_API_KEY"]
MOLLIE_ACCESS_TOKEN = ENV["MOLLIE_ACCESS_TOKEN"]  # for what a key may not read: settlements
ALLOW_TEST_KEY: bool = ENV["ALLOW_TEST_KEY"]
if SANDBOX and not MOLLIE_API_KEY:
    MOLLIE_API_URL, MOLLIE_API_KEY = f"{PUBLIC_URL}/sandbox/mollie", "test_" + "s" * 30
    MOLLIE_ACCESS_TOKEN = "access_" + "s" * 30
    BANK_GATEWAY_IBANS = ("NL08DEUT0319809633",)  # of the sandbox; in production a person tells it once
MOLLIE_METHODS = ["ideal"]  # "iDEAL | Wero" is this one method; Wero alone will be a second

# --- text messages ------------------------------------------------------------------------------
# What a machine reads of a paper is shown to who decides. Until then it is only compared with what they type.
PROPOSE_AMOUNTS = ENV["PROPOSE_AMOUNTS"] or SANDBOX
SMS_API_URL = ENV["SMS_API_URL"]
SMS_API_KEY = ENV["SMS_API_KEY"]
SMS_SENDER = ENV["SMS_SENDER"]
if SANDBOX and not SMS_API_KEY:
    SMS_API_URL, SMS_API_KEY = f"{PUBLIC_URL}/sandbox/sms/v1/messages", "sandbox"
SMS_COUNTRIES = ["NL"]  # SMS to other countries costs more, and that is where SMS pumping pays

# --- Celery -------------------------------------------------------------------------------------
REDIS_URL = ENV["REDIS_URL"]
# Without Redis the rows alone are the queue: the worker looks every second.
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, float] = (
    {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_timeout": 5}
    if REDIS_URL
    else {"polling_interval": 0.1}  # the default of 1 s delays a mail by half a second
)
# Every worker takes from the first two in turn, so that a morning's 50,000 letters do not delay its payments.
# Files have workers of their own, because a virus scanner may take a minute for each; so have webhooks, because the
# software of a practice may take as long as it is given.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("celery", "mail", "files", "webhooks")]
CELERY_TASK_ROUTES = {"billing.deliver_message": {"queue": "mail"}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker only wakes a worker: the rows are the queue. So enqueueing may fail fast, and never hang a request.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "portal.celery:FileTimetable"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # portal.middleware.SecurityHeaders sends X-Frame-Options
    *([] if HTTPS else ["security.W008"]),
]

_TASK_LOGGERS = ("celery.beat", "celery.worker.strategy", "celery.worker.request", "celery.app.trace")
_SENTRY = {"()": "portal.ops.sentry.Reporter", "dsn": ENV["SENTRY_DSN"], "level": "ERROR"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"drawn": {"()": "portal.ops.logs.formatter", "as_json": ENV["LOG_JSON"]}},
    "filters": {"no_traceback": {"()": "portal.ops.logs.WithoutTraceback"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "drawn"},
        **({"sentry": _SENTRY} if ENV["SENTRY_DSN"] else {}),
    },
    "loggers": {
        "django.security.DisallowedHost": {"filters": ["no_traceback"]},
        **{name: {"level": "WARNING"} for name in ("weasyprint", "fontTools")},  # they log every step
        **{name: {"level": "WARNING"} for name in _TASK_LOGGERS},  # else: that there was nothing to do, all day long
    },
    "root": {"handlers": ["stderr", *(["sentry"] if ENV["SENTRY_DSN"] else [])], "level": "INFO"},
}
