"""What stands around the product: the proxy as deploy/nginx.conf sets it up, gunicorn, and where both may lead."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.test import Client

from tests import factories
from tests.portal.ops.test_logs import wait_for
from tests.portal.staff.staff_client import code_of, enrolled
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[3]
NGINX = (ROOT / "deploy" / "nginx.conf").read_text()
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "\\\\evil.example",
)


def test_the_proxy_speaks_only_tls_that_is_still_good():
    (protocols,) = re.findall(r"ssl_protocols ([^;]+);", NGINX)
    (ciphers,) = re.findall(r"ssl_ciphers ([^;]+);", NGINX)
    assert set(protocols.split()) == {"TLSv1.2", "TLSv1.3"}
    for cipher in ciphers.split(":"):
        assert cipher.startswith("ECDHE-"), "forward secrecy"
        assert "GCM" in cipher or "CHACHA20" in cipher, "authenticated"
    assert "ssl_prefer_server_ciphers on;" in NGINX


def test_the_proxy_overwrites_what_a_client_says_of_itself():
    headers = dict(re.findall(r"proxy_set_header (\S+) (\S+);", NGINX))
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["X-Forwarded-Proto"] == "$scheme"
    assert headers["X-Forwarded-Host"] == '""'
    assert headers["X-Request-ID"] == "$request_id"


def test_the_proxy_lists_no_folder_caches_nothing_and_goes_to_the_product_alone():
    assert "autoindex" not in NGINX
    assert "proxy_cache" not in NGINX
    assert set(re.findall(r"proxy_pass ([^;]+);", NGINX)) == {"http://127.0.0.1:8000"}
    assert re.findall(r"^ +root ([^;]+);", NGINX, re.M) == ["/var/www/acme"]
    assert {path.split("/")[4] for path in re.findall(r"^ +alias ([^;]+);", NGINX, re.M)} == {"pages"}


def test_machines_are_not_sent_on_to_https():
    plain = NGINX.split("listen 443")[0]
    for place in ("= /metrics", "/mollie/"):
        assert re.search(rf"location {place} {{\s+return 403;", plain)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_the_history_of_the_source_is_out_of_reach(unit):
    assert "InaccessiblePaths=-/opt/zorgrekening/.git" in unit.read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ".*" in ignored, "history, keys and the virtual environment begin with a dot"
    assert [line for line in ignored if line.startswith("!.")] == []


def answers_to(port: int, request: bytes) -> bytes:
    """Everything that comes back on one connection, until it is closed or silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


SMUGGLED = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
DOUBTFUL = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "a coding that is none": b"Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a space in a name": b"Content-Length : %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
}


def queues_at(port: int) -> int:
    """How many sockets listen on this port: Linux spreads connections over them."""
    rows = (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def test_each_process_has_its_own_queue_and_no_request_without_a_clear_end_is_taken(tmp_path):
    port = free_port()
    settings = {"SANDBOX": "1", "DATA_DIR": str(tmp_path), "PORT": str(port), "WEB_WORKERS": "2"}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        head = b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        assert answers_to(port, head + b"Content-Length: 0\r\n\r\n" + SMUGGLED).count(b"HTTP/1.1 ") == 2, "the twin"
        for name, rest in DOUBTFUL.items():
            got = answers_to(port, head + rest)
            assert got.count(b"HTTP/1.1 ") == 1, name
            assert got.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), name
        patience = time.monotonic() + 30  # the second process may begin later than the first
        while queues_at(port) < 2 and time.monotonic() < patience:
            time.sleep(0.1)
        assert queues_at(port) == 2
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_page_leads_on_to_another_site(address):
    chosen = Client().post("/taal/", {"language": "en", "next": address})
    assert chosen["Location"] == "/"
    member, key = enrolled()
    fields = {"username": member.username, "password": factories.PASSWORD, "code": code_of(key), "next": address}
    signed_in = Client().post("/beheer/login/", fields)
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/beheer/")
