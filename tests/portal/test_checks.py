"""What stops a wrong installation: the checks one by one, and every kind of process that obeys them."""

import os
import subprocess
import sys
from functools import partial

import pytest
from django.conf import settings as django_settings
from django.db import connection

from portal import checks
from tests.journeys.product import two_free_ports
from tests.migrated import put_migrated
from tests.portal.test_settings import PRODUCTION, ROOT


@pytest.fixture
def production(settings, monkeypatch):
    """As a site for patients: nothing is wrong until a test makes it so."""
    settings.SANDBOX = settings.DEBUG = False
    settings.PUBLIC_URL, settings.HTTPS = PRODUCTION["PUBLIC_URL"], True
    settings.ALLOWED_HOSTS = [PRODUCTION["ALLOWED_HOSTS"]]
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"]
    settings.MOLLIE_API_KEY, settings.MOLLIE_API_URL = PRODUCTION["MOLLIE_API_KEY"], checks.MOLLIE
    settings.SMS_API_KEY, settings.SMS_API_URL = PRODUCTION["SMS_API_KEY"], "https://sms.example"
    settings.SMS_SENDER, settings.EMAIL_IS_SET = "Zorgrek", True
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "mail.example", True
    settings.DEFAULT_FROM_EMAIL = PRODUCTION["DEFAULT_FROM_EMAIL"]
    settings.TRUSTED_PROXIES, settings.REDIS_URL = 1, ""
    monkeypatch.setattr(django_settings, "DATABASES", {"default": {"HOST": ""}})
    return settings


def ids(*found):
    return {message.id for messages in found for message in messages}


def all_of_security():
    return ids(
        checks.check_production(), checks.check_tls(), checks.check_no_live_key(), checks.check_sandbox_is_local()
    )


def test_nothing_is_wrong_with_a_right_installation(production):
    assert all_of_security() == set()


@pytest.mark.parametrize("key", ["short", "a" * 64, "abab" * 20, "django-insecure-" + "0123456789abcdef" * 4])
def test_a_key_that_can_be_guessed_stops_it(production, key):
    production.SECRET_KEY = key
    assert all_of_security() == {"portal.E014"}


def test_a_test_key_stops_it_unless_it_is_a_rehearsal(production):
    production.MOLLIE_API_KEY = "test_" + "a" * 30
    assert all_of_security() == {"portal.E015"}
    production.ALLOW_TEST_KEY = True
    assert all_of_security() == set()
    assert ids(checks.check_payment_key()) == {"portal.W001"}, "and there is still a warning before deploying"


def test_a_demo_takes_no_real_money(settings):
    assert checks.check_no_live_key() == []
    settings.MOLLIE_API_KEY = "live_" + "a" * 30
    assert ids(checks.check_no_live_key()) == {"portal.E016"}


@pytest.mark.parametrize(
    "endpoint", ["http://api.mollie.com", "https://api.mollie.com.example", "http://127.0.0.1:9/m"]
)
def test_payments_go_to_mollie_alone(production, endpoint):
    production.MOLLIE_API_URL = endpoint
    assert all_of_security() == {"portal.E008"}


@pytest.mark.parametrize(
    ("host", "options", "warned"),
    [
        ("db.example", {}, {"portal.W006"}),
        ("db.example", {"sslmode": "prefer"}, {"portal.W006"}),
        ("db.example", {"sslmode": "verify-full"}, set()),
        ("db.example", {"sslmode": "require"}, {"portal.W006"}),
        ("10.0.0.5", {"sslmode": "verify-ca"}, set()),
        ("127.0.0.1", {}, set()),
        ("/run/postgresql", {}, set()),
    ],
)
def test_a_database_elsewhere_is_reached_through_tls(production, host, options, warned):
    production.DATABASES["default"] |= {"HOST": host, "OPTIONS": options}
    assert all_of_security() == warned


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("redis://cache.example:6379/0", {"portal.W007"}),
        ("rediss://cache.example:6379/0", set()),
        ("redis://localhost:6379/0", set()),
        ("redis://[::1]:6379/0", set()),
    ],
)
def test_a_redis_elsewhere_is_reached_through_tls(production, url, warned):
    production.REDIS_URL = url
    assert all_of_security() == warned


def test_https_without_a_counted_proxy_would_redirect_for_ever(production):
    production.TRUSTED_PROXIES = 0
    assert all_of_security() == {"portal.W008"}


def test_a_mail_server_elsewhere_is_reached_through_tls(production):
    production.EMAIL_USE_TLS = production.EMAIL_USE_SSL = False
    assert all_of_security() == {"portal.E022"}
    production.EMAIL_HOST = "127.0.0.1"
    assert all_of_security() == set()


def test_a_scanner_elsewhere_would_get_files_in_clear(production):
    production.CLAMAV_URL = "tcp://scanner.example:3310"
    assert all_of_security() == {"portal.W011"}
    production.CLAMAV_URL = "unix:///run/clamav/clamd.ctl"
    assert all_of_security() == set()


PYTHON = sys.executable
PROCESSES = {
    "serve": [PYTHON, "manage.py", "serve"],
    "gunicorn": [PYTHON, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"],
    "worker": [PYTHON, "-m", "celery", "-A", "portal.celery", "worker", "--pool", "solo"],
    "beat": [PYTHON, "-m", "celery", "-A", "portal.celery", "beat"],
}


@pytest.mark.parametrize("name", PROCESSES)
def test_no_process_starts_with_a_key_that_everybody_knows(name, tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    wrong = {"SECRET_KEY": "x" * 64, "MOLLIE_API_KEY": "test_" + "a" * 30, "PORT": "8479"}
    environment = kept | PRODUCTION | wrong | {"ENV_FILE": "", "DATA_DIR": str(tmp_path)}
    ended = subprocess.run(PROCESSES[name], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "portal.E014" in ended.stderr
    assert "portal.E015" in ended.stderr
    assert not list(tmp_path.glob("*.sqlite3")), "it stops before it touches a database"


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_database_that_logs_failed_statements_gets_a_warning(production):
    """PostgreSQL does so unless it is configured otherwise, as the servers of the tests are."""
    ask = partial(checks.check_database_log, databases=["default"])
    assert ask() == []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL log_min_error_statement = 'error'")
        assert ids(ask()) == {"portal.W010"}
        assert checks.check_database_log(databases=None) == []


OTHER_KEYS = "1:qB0vN8Jz5mX2cRk7Yt4WfLh1Pd9GsEa6uTo3iZxKwMM="


@pytest.mark.slow_because("four programs start and stop")
def test_no_process_starts_with_keys_that_do_not_fit_the_data(tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment = kept | {"SANDBOX": "1", "ENV_FILE": "", "DATA_DIR": str(tmp_path), "PORT": str(two_free_ports())}
    fill = "from portal.management.commands.demo import fill; import datetime; fill(datetime.date.today())"
    put_migrated(tmp_path)
    subprocess.run([PYTHON, "manage.py", "shell", "-c", fill], env=environment, cwd=ROOT, check=True)
    for name, command in (PROCESSES | {"check": [PYTHON, "manage.py", "check"]}).items():
        if name == "beat":
            continue  # without Redis there is none
        ended = subprocess.run(
            command, env=environment | {"FIELD_KEYS": OTHER_KEYS}, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode != 0, name
        assert "FIELD_KEYS does not fit the data" in ended.stderr + ended.stdout, name
        assert "Traceback" not in ended.stderr, name
