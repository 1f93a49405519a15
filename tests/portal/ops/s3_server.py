"""A bucket on this machine: as much of S3 as storing, reading, listing and deleting ask for."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket:
    """A context manager; `objects` by key, `headers` of every request that stored one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Bucket":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def listing(self, prefix: str) -> str:
        below = [key.removeprefix(prefix) for key in sorted(self.objects) if key.startswith(prefix)]
        files = "".join(f"<Contents><Key>{escape(prefix + name)}</Key></Contents>" for name in below if "/" not in name)
        folders = sorted({name.split("/")[0] for name in below if "/" in name})
        prefixes = "".join(
            f"<CommonPrefixes><Prefix>{escape(prefix + one)}/</Prefix></CommonPrefixes>" for one in folders
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{files}{prefixes}</ListBucketResult>"


def _handler(bucket: Bucket) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _key(self) -> str:
            name, _, key = unquote(urlsplit(self.path).path).removeprefix("/").partition("/")
            assert name == bucket.name, self.path
            return key

        def _answer(self, status: int, body: bytes = b"", *, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.send_header("ETag", '"x"')
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT")
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            bucket.headers.append(dict(self.headers))
            bucket.objects[self._key()] = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(200)

        def do_HEAD(self) -> None:
            found = bucket.objects.get(self._key())
            self._answer(404 if found is None else 200, length=len(found or b""))

        def do_GET(self) -> None:
            key = self._key()
            if not key:
                asked = parse_qs(urlsplit(self.path).query)
                return self._answer(200, bucket.listing(asked.get("prefix", [""])[0]).encode())
            if key not in bucket.objects:
                return self._answer(404)
            return self._answer(200, bucket.objects[key])

        def do_DELETE(self) -> None:
            bucket.objects.pop(self._key(), None)
            self._answer(204)

        def log_message(self, *_: Any) -> None:
            return None

    return Handler
