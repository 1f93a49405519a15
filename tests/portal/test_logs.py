"""What may not stand in a log: a token, a forged line, a traceback for every stranger."""

import logging
import logging.config
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from portal.logs import Formatter, on_one_line, without_tokens
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "aB3_dE5-gH7jK9mN1pQ3sT5u"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"GET /rekening/{TOKEN}/ 200", "GET /rekening/…/ 200"),
        (f"GET /betaling/{TOKEN}/status.json 200", "GET /betaling/…/status.json 200"),
        (f"Not Found: /mollie/{TOKEN}", "Not Found: /mollie/…"),
        *((f"(see /rekening/{TOKEN}{after}", f"(see /rekening/…{after}") for after in ".),>&;'\"?#: …|"),
        ("GET /beheer/billing/invoice/ 200", "GET /beheer/billing/invoice/ 200"),
        ("GET /static/css/components.0a1b2c3d4e5f.css 200", "GET /static/css/components.0a1b2c3d4e5f.css 200"),
    ],
)
def test_no_token_reaches_a_log(line, shown):
    assert without_tokens(line) == shown


def test_no_token_stands_in_a_traceback(caplog):
    caplog.handler.setFormatter(Formatter("%(message)s"))
    try:
        raise ValueError(f"no answer from http://127.0.0.1/mollie/{TOKEN}.")
    except ValueError:
        logging.getLogger("portal").exception("broken at /rekening/%s)", TOKEN)
    assert "ValueError: no answer from http://127.0.0.1/mollie/…." in caplog.text
    assert "broken at /rekening/…)" in caplog.text
    assert TOKEN not in caplog.text


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
    caplog.handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    assert client.get(path).status_code == 404
    assert [line[:18] for line in caplog.text.splitlines()] == ["WARNING Not Found:"]
    assert not set(caplog.text) & {"\x1b", "\x00"}


def test_a_wrong_host_gets_one_line_and_no_traceback(client, caplog):
    caplog.handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
    (line,) = caplog.text.splitlines()
    assert line.startswith("ERROR Invalid HTTP_HOST header: 'evil.example'")


def test_gunicorn_logs_what_strangers_ask_on_lines_of_its_own(tmp_path):
    port = free_port()
    settings = {"SANDBOX": "1", "DATA_DIR": str(tmp_path), "PORT": str(port)}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        for path in ("a%0AGET%20/forged%20200", "b%1b[2J", "c%00", f"rekening/{TOKEN.replace('a', '%61', 1)}.)"):
            requests.get(f"http://127.0.0.1:{port}/static/{path}", timeout=10)
        requests.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": "evil.example"}, timeout=10)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    for shown in ("/static/a%0AGET%20/forged%20200", "/static/b%1B%5B2J", "/static/c%00", "/static/rekening/….%29"):
        assert f"GET {shown} 404 " in output
    assert "Invalid HTTP_HOST" in output
    assert "Traceback" not in output
    assert TOKEN not in output
    assert not {character for character in output if ord(character) < 32} - {"\n", "\t"}


def wait_for(url, *, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            return requests.get(url, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.1)
