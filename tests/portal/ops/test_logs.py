"""What may not stand in a log: a token, a forged line, a traceback for every stranger."""

import json
import logging
import logging.config
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from structlog.contextvars import bound_contextvars

from billing import audit
from billing.models import StaffTask
from portal.ops.logs import formatter, on_one_line, without_people, without_tokens
from tests import factories
from tests.faults.parts import Keeper, Part
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "aB3_dE5-gH7jK9mN1pQ3sT5u"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"GET /rekening/{TOKEN}/ 200", "GET /rekening/…/ 200"),
        (f"GET /betaling/{TOKEN}/status.json 200", "GET /betaling/…/status.json 200"),
        (f"Not Found: /mollie/{TOKEN}", "Not Found: /mollie/…"),
        *((f"(see /rekening/{TOKEN}{after}", f"(see /rekening/…{after}") for after in ".),>&;'\"?#: …|"),
        ("PATCH /api/v1/patients/P-1001 200", "PATCH /api/v1/patients/… 200"),
        ("POST /api/v1/invoices/2026-1/withdrawal 201", "POST /api/v1/invoices/…/withdrawal 201"),
        ("GET /beheer/wachtwoord-kiezen/5.dissk2-ca30c12d6b12/ 200", "GET /beheer/wachtwoord-kiezen/…/ 200"),
        ("GET /beheer/uitnodiging/7:1vQ:abc_DEF-1/ 200", "GET /beheer/uitnodiging/…/ 200"),
        ("GET /beheer/billing/invoice/ 200", "GET /beheer/billing/invoice/ 200"),
        ("GET /static/css/components.0a1b2c3d4e5f.css 200", "GET /static/css/components.0a1b2c3d4e5f.css 200"),
    ],
)
def test_no_token_reaches_a_log(line, shown):
    assert without_tokens(line) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to j.de-vries+x@post.example failed", "mail to …@… failed"),
        ("Key (mobile)=(+31612345678) already exists", "Key (mobile)=(+…) already exists"),
        ("reference 9000000012345674 and NL91ABNA0417164300", "reference … and NL91ABNA…"),
        ("payment 1234567 of 2026-11-22 10:31:00", "payment 1234567 of 2026-11-22 10:31:00"),
    ],
)
def test_no_person_reaches_a_log(text, shown):
    assert without_people(text) == shown


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_tells_where_it_happened_and_not_what_was_in_the_row(caplog, as_json):
    caplog.handler.setFormatter(formatter(as_json=as_json))
    try:
        try:
            raise ValueError("Key (surname)=(de Vries) already exists")
        except ValueError as cause:
            raise RuntimeError("for J. de Vries") from cause
    except RuntimeError:
        logging.getLogger("portal").exception("broken at /rekening/%s)", TOKEN, extra={"surname": "de Vries"})
    assert "ValueError" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "tests/portal/ops/test_logs.py:" in caplog.text
    assert "broken at /rekening/…)" in caplog.text
    assert "Vries" not in caplog.text


def test_a_line_for_a_machine_is_one_json_object_of_known_keys(caplog):
    caplog.handler.setFormatter(formatter(as_json=True))
    with bound_contextvars(request_id="r-1"):
        logging.getLogger("portal").warning("one\ntwo", extra={"status": 200, "user": "Vries", "path": "/a/" + TOKEN})
    line = json.loads(caplog.text)
    assert line.pop("time").endswith("Z")
    wanted = {"level": "warning", "logger": "portal", "event": "one\\ntwo", "request_id": "r-1", "status": 200}
    assert line == wanted | {"path": "/a/…"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n2026 ERROR forged", r"a\n2026 ERROR forged"),
        ("a\r\x1b[2Jb\x00", r"a\r\x1b[2Jb\x00"),
        ("\x85\u2028\u202e", r"\x85\u2028\u202e"),
        ("één €", "één €"),
    ],
)
def test_nobody_forges_a_line(text, shown):
    assert on_one_line(text) == shown


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/a%0A2026-11-22%20ERROR%20forged", "/a%1b[2J", "/a%00b"])
def test_a_path_stays_on_its_line_in_djangos_log(client, caplog, path):
    caplog.handler.setFormatter(formatter(as_json=False))
    assert client.get(path).status_code == 404
    assert [line.split(" ", 1)[1][:33] for line in caplog.text.splitlines()] == ["WARNING django.request Not Found:"]
    assert not set(caplog.text) & {"\x1b", "\x00"}


def test_a_wrong_host_gets_one_line_and_no_traceback(client, caplog):
    caplog.handler.setFormatter(formatter(as_json=False))
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
    (line,) = caplog.text.splitlines()
    assert "ERROR django.security.DisallowedHost Invalid HTTP_HOST header: 'evil.example'" in line


def test_gunicorn_logs_what_strangers_ask_on_lines_of_its_own(tmp_path):
    port = free_port()
    settings = {"SANDBOX": "1", "DATA_DIR": str(tmp_path), "PORT": str(port)}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        for path in (
            "a%0AGET%20/forged%20200",
            "b%1b[2J",
            "c%00",
            "%E2%82%AC",
            f"rekening/{TOKEN.replace('a', '%61', 1)}.)",
        ):
            requests.get(f"http://127.0.0.1:{port}/static/{path}", timeout=10)
        requests.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": "evil.example"}, timeout=10)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    for shown in (
        "/static/a%0AGET%20/forged%20200",
        "/static/b%1B%5B2J",
        "/static/c%00",
        "/static/%E2%82%AC",
        "/static/rekening/….%29",
    ):
        assert f"request method=GET path={shown} status=404 " in output
    assert "Invalid HTTP_HOST" in output
    assert "Traceback" not in output
    assert TOKEN not in output
    assert not {character for character in output if ord(character) < 32} - {"\n", "\t"}


def wait_for(url, *, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            return requests.get(url, timeout=30)
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.django_db
def test_the_canaries_sing(canaries, client):
    """The twin of all tests that leak nothing: here everything leaks once, and is seen."""
    before = dict(canaries.searched)
    invoice = factories.invoice()
    assert canaries.leaks == []
    logging.getLogger("portal").warning("a mail for %s", invoice.patient.surname)
    client.get("/", {"name": "de Vries"})
    audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key="1", invoice=invoice, note="1980-02-29")
    seen = [leak.split(":")[0] for leak in canaries.leaks]
    canaries.leaks.clear()
    assert seen == ["'Vries' in log", "'Vries' in url", "'1980-02-29' in database"]
    assert all(canaries.searched[place] > before[place] for place in before)


def test_what_another_process_logs_is_read_when_it_ended(tmp_path):
    """As the simulations and journeys do: a name on either of its streams, as it is or in a URL, is found."""
    code = "import sys; print('GET /?q=Dorps%73traat'); print('fine'); print('for p1@post.example', file=sys.stderr)"
    part = Part("leaky", [sys.executable, "-c", code], os.environ, tmp_path / "leaky.log", lambda *_: True)
    keeper = Keeper([part])
    part.start()
    part.process.wait(timeout=60)
    keeper.stop()
    assert sorted(leak.partition(": ")[2].split(" in ")[0] for leak in keeper.leaks()) == [
        "'@post.example'",
        "'Dorpsstraat'",
    ]
