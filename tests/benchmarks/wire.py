"""A network between a host and a server, on one machine: each turn of the conversation costs time, and it can be cut.

For machines without `tc netem`. A `Wire` listens on a port of its own and passes bytes on. What one side says after the
other has spoken waits for half of the delay, so that a question with its answer waits for all of it; those are counted.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class _Spoken:
    """Who spoke last on a connection."""

    by: str = "server"
    lock: threading.Lock = field(default_factory=threading.Lock)


class Wire:
    """Used as a context manager; `cut` holds back every byte, as a cable that was pulled, until `mend`."""

    def __init__(self, to: int, *, delay: float) -> None:
        self.delay, self.round_trips, self._to = delay, 0, to
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Wire":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._whole.set()
        self._listener.close()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._whole.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            client.close()  # as from a server that is not up
            return
        spoken = _Spoken()
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target, who in ((client, server, "client"), (server, client, "server")):
            threading.Thread(target=self._pass_on, args=[source, target, who, spoken], daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, who: str, spoken: _Spoken) -> None:
        try:
            while data := source.recv(1 << 20):
                self._whole.wait()
                with spoken.lock:
                    turned, spoken.by = spoken.by != who, who
                if turned:
                    self.round_trips += who == "client"
                    time.sleep(self.delay / 2)
                target.sendall(data)
        except OSError:
            pass  # the other side is gone, and this one hears of it
        for one in (source, target):
            _end(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):  # it is closed
        one.shutdown(socket.SHUT_RDWR)
    one.close()
