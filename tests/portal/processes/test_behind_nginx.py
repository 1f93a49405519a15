"""Behind a real nginx as it is shipped: slow clients beside payers, and what nginx answers itself.

Slow are 64 sockets that send a byte a second, and ten uploads at 20 kB/s.
"""

import contextlib
import re
import sys
import threading
import time
from statistics import median
from types import SimpleNamespace

import pytest
import requests
from django.http import Http404
from django.urls import resolve

from tests.fuzz.requests import routes
from tests.portal.processes.proxied import SHIPPED, Proxied, SlowClients, csrf_field, p95
from tests.portal.test_headers_everywhere import faults as faults_of_pages

SLOW_SOCKETS, SLOW_UPLOADS, PAYERS, SECONDS = 64, 10, 4, 8
ROUND_SECONDS = 1.5  # from one payment of a payer to the next
# Half of the answers, and 95 of 100. The suite shares the machine: 1.1 s for the latter at a load of 12, and 10 s with
# nothing against slow clients.
HALF_SECONDS, LIMIT_SECONDS = 0.5, 2.5
STOCK = ("--worker-class", "gthread")
# What anybody may pay: not on hold (409, as it should be), in no plan, and no money under way.
REFERENCES = """
from billing.models import Hold, Invoice
rows = Invoice.objects.filter(settled_at=None, withdrawn_at=None, plans=None, payments=None)
rows = rows.exclude(pk__in=Hold.objects.filter(released_at=None).values("invoice")).order_by("-coulance_case", "pk")
print([row.payment_reference for row in rows])
"""


@contextlib.contextmanager
def product(folder, **options):
    stack = []
    try:
        yield Proxied(folder, stack, **options)
    finally:
        for end in reversed(stack):
            end()


def faults(answer):
    """What internet.nl would not pass of an answer of nginx."""
    return faults_of_pages(SimpleNamespace(headers=answer.headers, streaming=False, content=answer.content))


def report(who, took):
    """The figures, shown by `pytest -s`."""
    sys.stdout.write(f"{who}: {len(took)} answers, p95 {p95(took):.3f} s\n")


class Trickle:
    """A body of a multipart form at 20 kB/s."""

    def __init__(self, content, over):
        self._content, self._over, self._sent = content, over, 0

    def __len__(self):
        return len(self._content)

    def read(self, size=-1):
        if self._over.wait(0.1):
            raise OSError("enough")
        part = self._content[self._sent : self._sent + 2000]
        self._sent += len(part)
        return part


def upload_slowly(browser, address, field, over):
    head = f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{field}\r\n'
    head += '--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7 '
    body = head.encode() + b"%" * 1_000_000 + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Referer": address}
    with contextlib.suppress(OSError, requests.RequestException):
        browser.post(f"{address}coulance/", Trickle(body, over), headers=headers, timeout=60)


def pay(product, reference, until, took):
    """Look up an invoice and go to the bank, once in a while; the seconds of each step, or the limit of waiting.

    Not as fast as it goes: an invoice may be opened and paid only so often in an hour.
    """
    while (began := time.monotonic()) < until:
        next_round = began + ROUND_SECONDS
        try:
            browser, address = product.opened(reference)
            took.append((time.monotonic() - began) / 2)
            began = time.monotonic()
            page = browser.get(address, timeout=10)
            took.append(time.monotonic() - began)
            began = time.monotonic()
            form = csrf_field(page.text) | dict(re.findall(r'name="(amount)" value="([^"]+)"', page.text))
            bank = browser.post(f"{address}betalen/", form, headers={"Referer": address}, timeout=10)
            assert bank.ok, bank.status_code
            # Where the bank does not answer in time, the page of the payment waits for it: that counts as the limit.
            took.append(time.monotonic() - began if "naar-uw-bank" in bank.url else 10.0)
        except requests.RequestException:
            took.append(10.0)
        time.sleep(max(0, next_round - time.monotonic()))


def payers_beside_slow_clients(product, *, sockets=SLOW_SOCKETS):
    listed = product.output("shell", "--no-imports", given=REFERENCES)
    references = re.findall(r"\d{16}", listed)
    over, took = threading.Event(), []
    uploads = []
    for _ in range(SLOW_UPLOADS):
        browser, address = product.opened(references[0])
        field = csrf_field(browser.get(f"{address}coulance/", timeout=30).text)["csrfmiddlewaretoken"]
        uploads.append(threading.Thread(target=upload_slowly, args=(browser, address, field, over), daemon=True))
    with SlowClients(lambda: product.connect(product.tls), how_many=sockets):
        for upload in uploads:
            upload.start()
        until = time.monotonic() + SECONDS
        payers = [threading.Thread(target=pay, args=(product, references[-1 - i], until, took)) for i in range(PAYERS)]
        for payer in payers:
            payer.start()
        for payer in payers:
            payer.join()
        over.set()
    return took


def healthz_beside_slow_clients(product):
    """The seconds of /healthz without nginx, while slow clients sit at the web process itself."""
    took, until = [], time.monotonic() + SECONDS
    with SlowClients(lambda: product.connect(product.port), how_many=SLOW_SOCKETS):
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                assert requests.get(f"http://127.0.0.1:{product.port}/healthz", timeout=30).ok
                took.append(time.monotonic() - began)
            except requests.RequestException:
                took.append(5.0)
            time.sleep(0.05)
    return took


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with product(tmp_path_factory.mktemp("proxied")) as proxied:
        yield proxied


@pytest.mark.slow_because("three servers start, and slow clients are slow")
def test_payers_do_not_notice_slow_clients(running):
    took = payers_beside_slow_clients(running)
    report("payers", took)
    assert len(took) > 3 * PAYERS
    assert median(took) <= HALF_SECONDS, sorted(took)
    assert p95(took) <= LIMIT_SECONDS, sorted(took)[-10:]


@pytest.mark.slow_because("slow clients are slow")
def test_healthz_answers_beside_them_without_nginx(running):
    took = healthz_beside_slow_clients(running)
    report("/healthz", took)
    assert median(took) <= HALF_SECONDS, sorted(took)
    assert p95(took) <= LIMIT_SECONDS, sorted(took)[-10:]


@pytest.mark.long
@pytest.mark.slow_because("three servers start, and slow clients are slow")
def test_without_buffers_and_with_gunicorns_own_worker_both_fail(tmp_path):
    """The twin: bodies passed on as they come, and threads that read them."""
    unbuffered = lambda text: text.replace("proxy_http_version", "proxy_request_buffering off; proxy_http_version")  # noqa: E731
    with product(tmp_path, conf=unbuffered, gunicorn=STOCK) as twin:
        took = payers_beside_slow_clients(twin)
        report("payers without", took)
        assert p95(took) > LIMIT_SECONDS
        assert p95(healthz_beside_slow_clients(twin)) > LIMIT_SECONDS


def test_a_body_that_stops_is_cut_off(running):
    for port in (running.tls, running.port):
        with running.connect(port) as connection:
            connection.sendall(SlowClients.FORM + b"id=")
            began = time.monotonic()
            connection.settimeout(40)
            answer = received(connection)
            assert time.monotonic() - began < 30
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def received(connection):
    """Everything until the other side closes, in whichever way."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(4096):
            parts.append(part)
    return b"".join(parts)


# --- what nginx answers itself ---------------------------------------------------------------------
def test_the_pages_of_nginx_have_the_headers_of_the_product(running):
    browser = running.session()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = {
        413: browser.post(f"{running.url}/", b"a=" + b"b" * 100_000, headers=form, timeout=20),
        404: browser.get(f"{running.url}/metrics", timeout=20),
        405: browser.request("TRACE", f"{running.url}/", timeout=20),
        400: browser.get(f"{running.url}/", headers={"X-Long": "a" * 20_000, "X-More": "b" * 20_000}, timeout=20),
    }
    for status, answer in answers.items():
        assert (answer.status_code, faults(answer)) == (status, []), status
        assert "<h2>" in answer.text, "in both languages"
        assert answer.headers["Cache-Control"] == "no-store"
    assert "25&nbsp;MB" in answers[413].text
    sheet = browser.get(f"{running.url}/storing.css", timeout=20)
    assert (sheet.status_code, sheet.headers["Content-Type"]) == (200, "text/css")


def test_a_report_of_mollie_in_chunks_arrives(running):
    parts = iter([b"id=", b"tr_abcdefgh"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = running.session().post(f"{running.url}/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/", parts, headers=form, timeout=20)
    assert answer.status_code == 200
    straight = requests.post(
        f"http://127.0.0.1:{running.port}/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/",
        iter([b"id=", b"tr_abcdefgh"]), headers=form | {"X-Forwarded-Proto": "https"}, timeout=20,
    )  # fmt: skip
    assert straight.status_code == 411, "and never 200 for what was not read"


def test_only_pages_that_take_files_have_a_location_with_a_large_body():
    (pattern,) = re.findall(r"location ~ (\S+) \{", SHIPPED)
    addresses = ["/" + re.sub(r"\{\w+\}", "a" * 24, route) for route in routes()]
    large = {address for address in addresses if re.search(pattern, address)}
    takers = {address for address in addresses if getattr(view_of(address), "takes_files", False)}
    assert large == takers != set()


def view_of(address):
    try:
        return resolve(address).func
    except Http404:
        return None


def test_while_the_product_is_down_nginx_says_so(running):
    running.web.terminate()
    running.web.wait(timeout=20)
    answer = running.session().get(f"{running.url}/", timeout=20)
    assert (answer.status_code, faults(answer)) == (502, [])
    assert "Betaal dan niet nog een keer" in answer.text
