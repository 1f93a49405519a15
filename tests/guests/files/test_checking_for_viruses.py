"""The client of the virus scanner, against a daemon that speaks its protocol."""

import contextlib
import socket
import threading
import time

import pytest

from billing.channels import virus_scan
from billing.errors import GatewayUnknown
from tests.guests.files import hostile


def test_a_scanner_answers_yes_and_no(settings):
    with FakeScanner() as url:
        assert virus_scan._ask(hostile.EICAR, url=url)
        assert not virus_scan._ask(b"%PDF-" + b"x" * 200_000, url=url)
        with pytest.raises(GatewayUnknown):
            virus_scan._ask(b"too large", url=url)


class FakeScanner:
    """A daemon that speaks INSTREAM, and thinks for some seconds before it answers."""

    def __init__(self, seconds=0):
        self.seconds = seconds

    def __enter__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return f"tcp://127.0.0.1:{self.server.getsockname()[1]}"

    def serve(self):
        while True:
            try:
                line, _address = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=[line], daemon=True).start()

    def answer(self, line):
        with line, line.makefile("rb") as given:
            assert given.read(10) == b"zINSTREAM\0"
            content = b""
            while size := int.from_bytes(given.read(4), "big"):
                content += given.read(size)
            answer = b"stream: OK"
            if hostile.EICAR in content:
                answer = b"stream: Eicar-Test-Signature FOUND"
            elif content == b"too large":
                answer = b"INSTREAM size limit exceeded. ERROR"
            time.sleep(self.seconds)
            with contextlib.suppress(OSError):  # the worker was ended meanwhile
                line.sendall(answer + b"\0")

    def __exit__(self, *error):
        self.server.close()
