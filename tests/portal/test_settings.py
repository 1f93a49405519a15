"""Settings, system checks and what stands in `.env.example`."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured

from guests.files import checks as file_checks
from guests.files.sanitizer import isolation
from portal import checks, environment
from portal.settings.secrets import stored_secret

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "PUBLIC_URL": "https://rekening.example",
    "ALLOWED_HOSTS": "rekening.example",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "FIELD_KEYS": "1:qB0vN8Jz5mX2cRk7Yt4WfLh1Pd9GsEa6uTo3iZxKwMM=",
    "BACKUP_KEY": "9fKzXq2Lw7RtYb4Nc1VmGh8Js5Dp3Ae6UoIiTyQrEwk=",
    "DIGEST_KEYS": "1:Rk3vYw8LqZ1xTbNc6Jd0UfHs5MpEa9GiOoKt2XeQrVA=",
    "OPERATOR_NAME": "Rekeningdienst B.V.",
    "OPERATOR_ADDRESS": "Kade 1, 3511 AA Utrecht",
    "OPERATOR_KVK": "12345678",
    "OPERATOR_PHONE": "+31 30 123 45 67",
    "OPERATOR_HOURS": "ma-vr 9:00-17:00",
    "OPERATOR_EMAIL": "hulp@rekening.example",
    "OPERATOR_VAT": "NL100000009B01",
    "OPERATOR_WKI": "I12345",
    "OPERATOR_DPO": "fg@rekening.example",
    "OPERATOR_PROCESSORS": "Servers B.V. (servers|hosting) NL",
    "MOLLIE_API_KEY": "live_" + "a" * 30,
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "BOUNCE_ADDRESS": "bounces@rekening.example",
    "SMS_API_KEY": "0123456789abcdefghij" * 2,
    "DEFAULT_FROM_EMAIL": "Rekeningdienst <rekening@rekening.example>",
    "TRUSTED_PROXIES": "1",
}


def encoded(key):
    return base64.urlsafe_b64encode(key).decode()


GUESSABLE = [
    encoded(key)
    for key in (bytes(32), b"\1\2" * 16, bytes(range(32)), b"wachtwoordwachtwoord123456789012", b"\xff" * 32)
]


def manage(*arguments, folder, **variables):
    """`manage.py` in a process of its own, with exactly these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    # A developer's own .env is kept out.
    environment = kept | {"ENV_FILE": "", "DATA_DIR": str(folder)} | variables
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments], env=environment, cwd=folder, capture_output=True, text=True
    )


def test_the_example_lists_every_variable_with_its_default_and_help():
    example = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^# \S.+\n#([A-Z0-9_]+)=(.*)$", example, re.MULTILINE)
    assert [name for name, _ in listed] == re.findall(r"^#([A-Z0-9_]+)=", example, re.MULTILINE), "help is missing"
    shown = {bool: int, int: int, str: str, list: ",".join}
    assert listed == [(name, str(shown[kind](default))) for name, (kind, default) in environment.VARIABLES.items()]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PORT": "abc"}, "PORT must be a whole number, not 'abc'."),
        ({"PORT": "99999"}, "PORT must be a whole number from 1 to 65534, not '99999'."),
        ({"PORT": "0"}, "PORT must be a whole number from 1 to 65534, not '0'."),
        ({"WEB_THREADS": "0"}, "WEB_THREADS must be a whole number from 1 to 64, not '0'."),
        ({"EMAIL_CONNECTIONS": "0"}, "EMAIL_CONNECTIONS must be a whole number from 1 to 20, not '0'."),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES must be a whole number from 0 to 9, not '-1'."),
        *(
            (
                {"DATABASE_URL": url},
                "DATABASE_URL must be an address that begins with postgres:// or postgresql:// or sqlite://.",
            )
            for url in ("foo", "mysql://u:p@db/x", "postgres://", "postgres://u:p@db:99999/x", "postgres://[/x")
        ),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must be an address that begins with redis:// or rediss://."),
        (
            {"EMAIL_URL": "mail.example"},
            "EMAIL_URL must be an address that begins with smtp+tls:// or smtp+ssl:// or smtp://.",
        ),
        ({"CLAMAV_URL": "clamd"}, "CLAMAV_URL must be an address that begins with tcp:// or unix://."),
        ({"PUBLIC_URL": "rekening.example"}, "PUBLIC_URL must be an address that begins with https:// or http://."),
        ({"TRUSTED_PROXIES": "1.5"}, "TRUSTED_PROXIES must be a whole number, not '1.5'."),
        ({"SANDBOX": "maybe"}, "SANDBOX must be 1 or 0, not 'maybe'."),
        ({"SENTRY_DSN": "http://x"}, "SENTRY_DSN must be the address of a project, with its key."),
    ],
)
def test_a_value_that_can_not_be_read_is_explained(variables, sentence, tmp_path):
    result = manage("check", folder=tmp_path, **PRODUCTION | variables)
    assert result.returncode == 1
    assert result.stderr == f"{sentence} See .env.example.\n"


def test_words_for_yes_and_no_are_understood(monkeypatch):
    monkeypatch.setenv("DEBUG", "True")
    monkeypatch.setenv("SANDBOX", "off")
    read = environment.read()
    assert (read["DEBUG"], read["SANDBOX"]) == (True, False)


def test_settings_read_the_environment_only_through_the_table():
    source = "".join(path.read_text() for path in (ROOT / "portal" / "settings").glob("*.py"))
    assert "os.environ" not in source
    for name in environment.VARIABLES:
        assert name in source or name in ("ENV_FILE", "BIND", "WEB_WORKERS", "WEB_THREADS"), name  # gunicorn's alone


def test_production_starts_with_everything_set(tmp_path):
    # All but "law": a rate that was not decreed yet is a warning to a person, and stops nobody.
    tags = [f"--tag={tag}" for tag in sorted(registry.tags_available(deployment_checks=True) - {"law"})]
    result = manage("check", "--deploy", "--fail-level", "WARNING", *tags, folder=tmp_path, **PRODUCTION)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("changed", "complaints"),
    [
        ({"SECRET_KEY": ""}, ["SECRET_KEY is not set"]),
        ({"FIELD_KEYS": ""}, ["FIELD_KEYS is not set"]),
        ({"DIGEST_KEYS": ""}, ["DIGEST_KEYS is not set"]),
        ({"DIGEST_KEYS": "1:" + "A" * 43 + "="}, ["portal.E030"]),
        ({"SANDBOX": "1"}, ["portal.E002"]),
        ({"DEBUG": "1"}, ["portal.E003"]),
        ({"PUBLIC_URL": "http://rekening.example", "ALLOWED_HOSTS": "*"}, ["portal.E004", "portal.E005"]),
        ({"ALLOWED_HOSTS": "", "MOLLIE_API_KEY": "", "EMAIL_URL": ""}, ["portal.E006", "portal.E007", "portal.E009"]),
        ({"SMS_API_KEY": "", "SMS_API_URL": "http://sms.example"}, ["portal.E011", "portal.E012"]),
        ({"SMS_SENDER": "Zorgrekening.nl"}, ["portal.E013"]),
        ({"SECRET_KEY": "short", "MOLLIE_API_KEY": "test_" + "a" * 30}, ["portal.E014", "portal.E015"]),
        ({"ALLOWED_HOSTS": ".example"}, ["portal.E018"]),
        ({"ALLOWED_HOSTS": "rekening.example,*.example"}, ["portal.E018"]),
        ({"PUBLIC_URL": "https://rekening.example/portaal"}, ["portal.E019"]),
        ({"PUBLIC_URL": "https://elders.example"}, ["portal.E020"]),
        ({"MOLLIE_API_KEY": "hello"}, ["portal.E021"]),
        ({"MOLLIE_API_KEY": "live_short"}, ["portal.E021"]),
        ({"EMAIL_URL": "smtp://user:password@mail.example:587"}, ["portal.E022"]),
        ({"METRICS_TOKEN": "x", "SMS_API_KEY": "y" * 40}, ["METRICS_TOKEN is no secret", "SMS_API_KEY is no secret"]),
        ({"DEFAULT_FROM_EMAIL": "", "BOUNCE_ADDRESS": "nonsense"}, ["portal.E026", "portal.E027"]),
        *(({"FIELD_KEYS": f"1:{key}"}, ["portal.E024"]) for key in GUESSABLE),
        ({"DIGEST_KEYS": f"1:{GUESSABLE[1]}"}, ["portal.E024"]),
        ({"FIELD_KEYS": f"{PRODUCTION['FIELD_KEYS']},2:{GUESSABLE[0]}"}, ["portal.E024"]),
        ({"SECRET_KEY": "0" * 64}, ["portal.E014"]),
        ({"SECRET_KEY": "changeme" * 8}, ["portal.E014"]),
        ({"MOLLIE_API_URL": "https://api.mollie.example", "FIELD_KEYS": "1:short"}, ["portal.E008", "portal.E010"]),
    ],
)
def test_production_refuses_to_start_wrong(changed, complaints, tmp_path):
    result = manage("check", folder=tmp_path, **PRODUCTION | changed)
    assert result.returncode != 0
    for complaint in complaints:
        assert complaint in result.stderr


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"MOLLIE_API_KEY": "test_" + "a" * 30, "ALLOW_TEST_KEY": "1"}, "portal.W001"),
        ({"BACKUP_KEY": ""}, "portal.W005"),
        ({"BACKUP_KEY": "short"}, "portal.W005"),
    ],
)
def test_a_test_key_or_no_backup_is_a_warning_before_deploying(changed, warning, tmp_path):
    result = manage(
        "check", "--deploy", "--tag", "security", "--fail-level", "WARNING", folder=tmp_path, **PRODUCTION | changed
    )
    assert result.returncode != 0
    assert warning in result.stderr


def test_a_site_that_does_not_say_who_runs_it_is_a_warning_before_deploying(tmp_path):
    result = manage(
        "check",
        "--deploy",
        folder=tmp_path,
        **PRODUCTION | {"OPERATOR_KVK": "", "OPERATOR_PHONE": "", "OPERATOR_VAT": "NL1"},
    )
    assert "portal.W020" in result.stderr
    assert "OPERATOR_KVK, OPERATOR_PHONE is empty" in result.stderr
    assert "portal.E040" in result.stderr


def test_a_mail_url_without_tls_in_its_scheme_has_none(tmp_path):
    """`?tls=True` looks as if it did something; it does not."""
    unsafe = {"EMAIL_URL": "smtp://user:password@mail.example:587/?tls=True"}
    assert "portal.E022" in manage("check", folder=tmp_path, **PRODUCTION | unsafe).stderr


def test_the_sandbox_starts_without_any_key_and_keeps_those_it_made(tmp_path):
    assert manage("check", folder=tmp_path, SANDBOX="1").returncode == 0
    made = (tmp_path / "secret_key").read_text()
    assert manage("check", folder=tmp_path, SANDBOX="1").returncode == 0
    assert (tmp_path / "secret_key").read_text() == made
    assert (tmp_path / "field_keys").stat().st_mode & 0o777 == 0o600


def test_the_keys_of_a_demo_never_become_those_of_production(tmp_path):
    assert stored_secret(tmp_path / "secret_key", allowed=True)
    with pytest.raises(ImproperlyConfigured):
        stored_secret(tmp_path / "secret_key", allowed=False)


def test_commands_meet_the_last_demo_unless_a_key_is_set(tmp_path, monkeypatch):
    for name in ("ENV_FILE", "SANDBOX", "PORT", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "demo.env").write_text("SANDBOX=1\nPORT=8123\n")
    monkeypatch.setenv("SECRET_KEY", "0" * 64)
    assert environment.read()["SANDBOX"] is False
    monkeypatch.delenv("SECRET_KEY")
    # What is read lands in the environment of this process: put it back afterwards.
    monkeypatch.setenv("SANDBOX", "")
    monkeypatch.delenv("SANDBOX")
    monkeypatch.setenv("PORT", "")
    monkeypatch.delenv("PORT")
    assert (environment.read()["SANDBOX"], environment.read()["PORT"]) == (True, 8123)


@pytest.mark.parametrize("name", ["DEBUG", "SANDBOX"])
def test_no_variable_of_the_tests_serves_debug_pages_or_a_stand_in_bank_to_the_public(name, tmp_path):
    result = manage("check", folder=tmp_path, **PRODUCTION | {name: "1", "ZORGREKENING_TESTS": "1", "TESTING": "1"})
    assert result.returncode != 0
    assert "SystemCheckError" in result.stderr


def test_random_keys_are_taken():
    assert not [key for key in (os.urandom(32) for _ in range(20_000)) if checks.is_guessable(key)]


def test_what_is_missing_is_a_sentence_and_no_traceback(tmp_path):
    result = manage("check", folder=tmp_path, **PRODUCTION | {"SECRET_KEY": ""})
    assert result.stderr.startswith("SECRET_KEY is not set")
    assert "Traceback" not in result.stderr


def test_missing_pdf_libraries_are_named_with_the_command_that_brings_them(monkeypatch):
    monkeypatch.setattr(checks, "PDF_LIBRARIES", ("libpango-1.0.so.0", "libdoes-not-exist.so.9"))
    (message,) = checks.check_pdf_libraries()
    assert message.id == "portal.E001"
    assert "libdoes-not-exist" in message.msg
    assert message.hint.startswith("apt-get install")


def test_a_machine_that_can_not_isolate_the_sanitizer_is_named(monkeypatch):
    assert file_checks.check_seccomp() == []
    monkeypatch.setattr(isolation, "LIBRARY", "libdoes-not-exist.so.9")
    (message,) = file_checks.check_seccomp()
    assert message.id == "guests.W001"
