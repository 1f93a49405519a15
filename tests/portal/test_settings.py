"""Settings, system checks and what stands in `.env.example`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured

from coulance.files import checks as coulance_checks
from coulance.files.sanitizer import isolation
from portal import checks, environment
from portal.settings.secrets import stored_secret

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "PUBLIC_URL": "https://rekening.example",
    "ALLOWED_HOSTS": "rekening.example",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "FIELD_KEYS": "1:" + "A" * 43 + "=",
    "BACKUP_KEY": "B" * 43 + "=",
    "DIGEST_KEYS": "1:" + "MDEy" * 10 + "MDE=",
    "OPERATOR_NAME": "Rekeningdienst B.V.",
    "OPERATOR_ADDRESS": "Kade 1, 3511 AA Utrecht",
    "OPERATOR_KVK": "12345678",
    "OPERATOR_PHONE": "+31 30 123 45 67",
    "OPERATOR_EMAIL": "hulp@rekening.example",
    "MOLLIE_API_KEY": "live_" + "a" * 30,
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "BOUNCE_ADDRESS": "bounces@rekening.example",
    "SMS_API_KEY": "s" * 40,
    "TRUSTED_PROXIES": "1",
}


def manage(*arguments, folder, **variables):
    """`manage.py` in a process of its own, with exactly these variables."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    # The flag of the suite keeps a developer's own .env out.
    environment = kept | {"ZORGREKENING_TESTS": "1", "DATA_DIR": str(folder)} | variables
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
        ({"TRUSTED_PROXIES": "1.5"}, "TRUSTED_PROXIES must be a whole number, not '1.5'."),
        ({"SANDBOX": "maybe"}, "SANDBOX must be 1 or 0, not 'maybe'."),
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
    assert set(re.findall(r"os\.environ\W+(?:get\W+)?(\w+)", source)) <= {"ZORGREKENING_TESTS", "ZORGREKENING_SERVED"}
    for name in environment.VARIABLES:
        assert name in source or name in ("BIND", "WEB_WORKERS", "WEB_THREADS"), name  # gunicorn's alone


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
        ({"DEBUG": "1", "ZORGREKENING_TESTS": "0"}, ["portal.E003"]),
        ({"PUBLIC_URL": "http://rekening.example", "ALLOWED_HOSTS": "*"}, ["portal.E004", "portal.E005"]),
        ({"ALLOWED_HOSTS": "", "MOLLIE_API_KEY": "", "EMAIL_URL": ""}, ["portal.E006", "portal.E007", "portal.E009"]),
        ({"SMS_API_KEY": "", "SMS_API_URL": "http://sms.example"}, ["portal.E011", "portal.E012"]),
        ({"SMS_SENDER": "Zorgrekening.nl"}, ["portal.E013"]),
        ({"SECRET_KEY": "short", "MOLLIE_API_KEY": "test_" + "a" * 30}, ["portal.E014", "portal.E015"]),
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
    result = manage("check", "--deploy", folder=tmp_path, **PRODUCTION | {"OPERATOR_KVK": "", "OPERATOR_PHONE": ""})
    assert "portal.W020" in result.stderr
    assert "OPERATOR_KVK, OPERATOR_PHONE is empty" in result.stderr


def test_a_mail_url_without_tls_in_its_scheme_has_none(tmp_path):
    """`?tls=True` looks as if it did something; it does not."""
    unsafe = {"EMAIL_URL": "smtp://user:password@mail.example:587/?tls=True"}
    assert "portal.W009" in manage("check", folder=tmp_path, **PRODUCTION | unsafe).stderr


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
    for name in ("ZORGREKENING_TESTS", "SANDBOX", "PORT", "SECRET_KEY"):
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


def test_missing_pdf_libraries_are_named_with_the_command_that_brings_them(monkeypatch):
    monkeypatch.setattr(checks, "PDF_LIBRARIES", ("libpango-1.0.so.0", "libdoes-not-exist.so.9"))
    (message,) = checks.check_pdf_libraries()
    assert message.id == "portal.E001"
    assert "libdoes-not-exist" in message.msg
    assert message.hint.startswith("apt-get install")


def test_a_machine_that_can_not_isolate_the_sanitizer_is_named(monkeypatch):
    assert coulance_checks.check_seccomp() == []
    monkeypatch.setattr(isolation, "LIBRARY", "libdoes-not-exist.so.9")
    (message,) = coulance_checks.check_seccomp()
    assert message.id == "coulance.W001"
