"""The virus scanner: ClamAV's daemon and its INSTREAM command."""

import socket
from urllib.parse import urlsplit

from django.conf import settings

from billing.errors import GatewayUnknown

CONNECT_SECONDS, ANSWER_SECONDS = 3, 60
_CHUNK = 64 * 1024
_MAX_ANSWER_BYTES = 4096


def is_infected(content: bytes) -> bool:
    """Tell whether the scanner at CLAMAV_URL (tcp://host:port or unix:///path) finds a virus; False without one.

    Raises GatewayUnknown when it can't be reached, closes the connection, or answers anything but yes or no, such as
    that the file is too large: then nobody may open the file yet.
    """
    return bool(settings.CLAMAV_URL) and _ask(content, url=settings.CLAMAV_URL)


def _ask(content: bytes, *, url: str) -> bool:
    try:
        with _connect(url) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                part = content[start : start + _CHUNK]
                connection.sendall(len(part).to_bytes(4, "big") + part)
            connection.sendall((0).to_bytes(4, "big"))
            answer = _read(connection)
    except OSError as error:
        raise GatewayUnknown(f"virus scanner: {type(error).__name__}") from error
    if answer == "stream: OK":
        return False
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return True
    raise GatewayUnknown("virus scanner: neither yes nor no")


def _connect(url: str) -> socket.socket:
    address = urlsplit(url)
    if address.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(address.path)
        except OSError:
            connection.close()
            raise
        return connection
    return socket.create_connection((address.hostname or "127.0.0.1", address.port or 3310), CONNECT_SECONDS)


def _read(connection: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _MAX_ANSWER_BYTES:
        part = connection.recv(1024)
        if not part:
            break
        answer += part
    return answer.rstrip(b"\0\n").decode("ascii", "replace")
