"""gunicorn's worker with threads, in which a request takes a thread only when it has come in whole.

gunicorn's own (27) passes a new connection to a thread, which reads at the speed of the client: as many slow senders as
threads stop the site. Here the loop of the worker collects what comes and waits for nobody. A request with a large body
goes to threads of its own as soon as its head is there, so that the application can refuse it unread, and so that slow
uploads hold up other uploads only. What a proxy that buffers does for a site, this does for a process without one.
"""

import errno
import re
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

LARGE_BODY_BYTES = 64 * 1024  # collected in memory up to here
HEAD_MAX_BYTES = 64 * 1024
ARRIVAL_SECONDS = 20  # for the head and a small body together
STALL_SECONDS = 10  # in which a large body brings something, and an answer is taken
LARGE_BODY_SECONDS = 600
LARGE_BODY_THREADS = 2
INCOMING_MAX = 400  # of one process; then whoever takes longest is cut off
UNREAD_SECONDS = 0.05  # for what an answer left unread
LINGER_SECONDS = 2  # so that a client that still sends reads our answer first

_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_UNCLEAR = re.compile(rb"\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class ClientSocket(socket.socket):
    """A socket that waits for its client for a limited time, where gunicorn sets it to wait for ever."""

    ends_at = float("inf")  # by the monotonic clock

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(STALL_SECONDS if flag else 0)

    def recv(self, *args: Any) -> bytes:
        """Receive; raises ConnectionResetError, which gunicorn takes for a client that left, when nothing comes."""
        if self.gettimeout() and time.monotonic() > self.ends_at:
            raise ConnectionResetError(errno.ECONNRESET, "the client takes too long")
        try:
            return super().recv(*args)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client stopped sending") from None

    def sendall(self, *args: Any) -> None:
        """Send; raises ConnectionResetError when the client does not take it."""
        try:
            super().sendall(*args)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client stopped reading") from None


class Connection(TConn):
    """A connection with what has come of its next request."""

    def __init__(self, worker: "Worker", sock: ClientSocket, *others: Any) -> None:
        super().__init__(worker.cfg, sock, *others)
        self._worker = worker
        self.come = bytearray()
        self.arrives_until = 0.0
        self.data_ready = True  # a thread need not wait for anything

    def init(self) -> None:
        """Hand over to gunicorn's parser what has come."""
        super().init()
        self.parser.unreader.unread(bytes(self.come))
        self.come.clear()

    def close(self, graceful: bool = False) -> None:
        """Close; `graceful` in the loop of the worker, where gunicorn would let it wait for the client."""
        if graceful:
            self._worker.linger(self)
        else:
            self.sock.close()


class Worker(ThreadWorker):
    """The worker class of `portal/serving`."""

    def init_process(self) -> None:
        self._incoming: dict[Connection, None] = {}  # the oldest first
        self._lingering: dict[Connection, float] = {}
        self._large = ThreadPoolExecutor(LARGE_BODY_THREADS, thread_name_prefix="large-body")
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Accept a connection and wait, in the loop, for its first request."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        if len(self._incoming) >= INCOMING_MAX:
            self._cut_off(next(iter(self._incoming)), _TOO_SLOW)
        sock = ClientSocket(fileno=accepted.detach())
        self.enqueue_req(Connection(self, sock, address, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """Wait for the next request of `conn`; gunicorn calls it where a thread would begin to read."""
        conn.sock.setblocking(False)
        conn.arrives_until = time.monotonic() + ARRIVAL_SECONDS
        if conn.parser is not None:  # what was read along with the request before
            conn.come += conn.parser.unreader.take_buffered()
        self._incoming[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        if conn.come:
            self._look_at(conn)

    def _receive(self, conn: Connection, _sock: Any) -> None:
        try:
            data = conn.sock.recv(LARGE_BODY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._cut_off(conn, b"")
            return
        conn.come += data
        self._look_at(conn)

    def _look_at(self, conn: Connection) -> None:
        """Pass a request on to a thread when enough of it is there."""
        head_ends = conn.come.find(b"\r\n\r\n")
        if head_ends < 0:
            if len(conn.come) > HEAD_MAX_BYTES:
                self._cut_off(conn, _HEAD_TOO_LARGE)
            return
        head = bytes(conn.come[: head_ends + 2])
        length = _LENGTH.search(head)
        body = int(length[1]) if length else 0
        large = body > LARGE_BODY_BYTES or _UNCLEAR.search(head) is not None
        if large or len(conn.come) >= head_ends + 4 + body:
            self._begin(conn, self._large if large else self.tpool)

    def _begin(self, conn: Connection, threads: ThreadPoolExecutor) -> None:
        del self._incoming[conn]
        self.poller.unregister(conn.sock)
        conn.sock.ends_at = time.monotonic() + LARGE_BODY_SECONDS
        done = threads.submit(self.handle, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def _cut_off(self, conn: Connection, answer: bytes) -> None:
        del self._incoming[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        with suppress(OSError):  # nobody may be listening
            conn.sock.send(answer)
        conn.close(graceful=bool(answer))

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Tell whether the connection can be used again: not when a body was refused unread, of which more may come."""
        return bool(keepalive and conn.parser.finish_body(deadline=time.monotonic() + UNREAD_SECONDS))

    # --- closing ----------------------------------------------------------------------------------
    def linger(self, conn: Connection) -> None:
        """Say that nothing more comes, and close when the client does, or after LINGER_SECONDS."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.sock.close()
            return
        self._lingering[conn] = time.monotonic() + LINGER_SECONDS
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Connection, _sock: Any) -> None:
        try:
            over = not conn.sock.recv(LARGE_BODY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            over = True
        if over:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        del self._lingering[conn]
        self.poller.unregister(conn.sock)
        conn.sock.close()

    def murder_pending(self) -> None:
        """Cut off whom nobody need wait for any longer; gunicorn calls it in each round of its loop."""
        now = time.monotonic()
        for conn in [conn for conn in self._incoming if conn.arrives_until < now or not (self.alive or conn.come)]:
            self._cut_off(conn, _TOO_SLOW if conn.come else b"")
        for conn in [conn for conn, ends in self._lingering.items() if ends < now]:
            self._end(conn)
