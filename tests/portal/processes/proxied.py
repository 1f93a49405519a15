"""The product on two processes as in production, behind a real nginx with deploy/nginx.conf; and slow clients."""

import getpass
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests
from cryptography import x509

from tests.certificates import signed_by_itself
from tests.migrated import put_migrated
from tests.servers import free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = (ROOT / "deploy" / "nginx.conf").read_text()
FILL = """
from django.utils import timezone
from portal.management.commands.demo import fill
fill(timezone.localdate())
"""


class Proxied:
    """gunicorn, a stand-in bank of its own and nginx; `conf` may change the shipped file, `gunicorn` adds arguments."""

    def __init__(self, folder, stack, *, conf=lambda text: text, gunicorn=()):
        self.folder, self.port, self.tls, self.bank = folder, free_port(), free_port(), free_port()
        self.url = f"https://localhost:{self.tls}"
        self.certificate, key = signed_by_itself(folder, x509.DNSName("localhost"))
        self._stack = stack
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = kept | {
            "SANDBOX": "1",
            "ENV_FILE": "",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATA_DIR": str(folder / "data"),
            "MOLLIE_API_URL": f"http://127.0.0.1:{self.bank}/sandbox/mollie",
            "MOLLIE_API_KEY": "test_" + "s" * 30,
        }
        self.front = self.environment | {
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "TRUSTED_PROXIES": "1",
        }
        put_migrated(folder / "data")
        self.output("shell", "--no-imports", given=FILL)
        serve = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving"]
        self._start([*serve, "portal.wsgi:application"], self.environment | {"PORT": str(self.bank)}, self.bank)
        self.web = self._start([*serve, *gunicorn, "portal.wsgi:application"], self.front, self.port)
        self._start_nginx(conf(self._placed(key)))

    def _placed(self, key):
        """The shipped file, at ports and in folders of this test."""
        text = SHIPPED.replace("rekening.example", "localhost")
        text = re.sub(r"ssl_certificate \S+;", f"ssl_certificate {self.certificate};", text)
        text = re.sub(r"ssl_certificate_key \S+;", f"ssl_certificate_key {key};", text)
        text = re.sub(r" +listen \[::\]:\d+.*\n", "", text).replace("listen 443", f"listen 127.0.0.1:{self.tls}")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
        text = text.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{self.port}")
        text = text.replace("/opt/zorgrekening/deploy/pages", str(ROOT / "deploy" / "pages"))
        text = text.replace("/var/lib/zorgrekening-uploads", str(self.folder / "uploads"))
        return text.replace("/var/log/nginx", str(self.folder))

    def _start_nginx(self, text):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        (self.folder / "nginx.conf").write_text(
            f"daemon off; user {getpass.getuser()}; worker_processes 2;"
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;"
            f"events {{ worker_connections 1024; }} http {{ default_type text/html; {places} {text} }}"
        )
        self._start(["nginx", "-c", str(self.folder / "nginx.conf")], os.environ, self.tls)

    def output(self, *arguments, given=None):
        """What `manage.py` prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, input=given, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _start(self, command, environment, port):
        with (self.folder / f"{port}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self._stack.append(lambda: (process.terminate(), process.wait(timeout=20)))
        wait_for_port(port, process)
        return process

    def session(self):
        new = requests.Session()
        new.trust_env, new.verify = False, self.certificate
        return new

    def opened(self, reference):
        """A browser that has opened an invoice, and the address of that invoice."""
        browser = self.session()
        field = csrf_field(browser.get(f"{self.url}/", timeout=30).text)
        page = browser.post(f"{self.url}/", field | {"reference": reference}, headers={"Referer": self.url}, timeout=30)
        assert "/rekening/" in page.url, page.status_code
        return browser, page.url

    def connect(self, port):
        """A connection: through TLS to nginx, plain to gunicorn."""
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        if port == self.port:
            return plain
        return ssl.create_default_context(cafile=self.certificate).wrap_socket(plain, server_hostname="localhost")


def csrf_field(page):
    return {"csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]}


class SlowClients:
    """Threads that send requests a byte a second, over and over, until the block ends."""

    HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 900
    FORM = b"POST /mollie/aaaaaaaaaaaaaaaaaaaaaaaa/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
    FORM += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"

    def __init__(self, connect, *, how_many):
        self._connect, self._over = connect, threading.Event()
        kinds = [(self.HEAD[:40], self.HEAD[40:]), (self.FORM, b"i" * 1000)]
        self._threads = [threading.Thread(target=self._send, args=kinds[i % 2], daemon=True) for i in range(how_many)]

    def _send(self, at_once, slowly):
        while not self._over.is_set():
            try:
                with self._connect() as connection:
                    connection.sendall(at_once)
                    for byte in slowly:
                        if self._over.wait(1):
                            return
                        connection.sendall(bytes([byte]))
            except OSError:
                self._over.wait(0.2)  # cut off: again

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        time.sleep(2)
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def p95(seconds):
    return sorted(seconds)[int(len(seconds) * 0.95)]
