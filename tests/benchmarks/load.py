"""Many users at one web server: each asks again as soon as it was answered, on a connection that stays open."""

import asyncio
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    answers: list[Answer]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.answers) / self.seconds

    def milliseconds(self, percent: int) -> float:
        """The time within which `percent` of 100 were answered."""
        return 1000 * statistics.quantiles((answer.seconds for answer in self.answers), n=100)[percent - 1]


def request(method: str, path: str, *, body: bytes = b"", **headers: str) -> bytes:
    """A whole request; underscores in the names of headers are hyphens."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, requests: Iterable[bytes], *, users: int, expect: int) -> Run:
    """Send all `requests` with so many `users` at a time; AssertionError when one is not answered with `expect`."""
    answers: list[Answer] = []
    began = time.perf_counter()
    asyncio.run(_crowd(port, iter(requests), users, answers))
    seconds = time.perf_counter() - began
    wrong = [answer for answer in answers if answer.status != expect]
    assert not wrong, (len(wrong), wrong[0])
    return Run(answers, seconds)


async def _crowd(port: int, requests: Iterator[bytes], users: int, answers: list[Answer]) -> None:
    await asyncio.gather(*(_user(port, requests, answers) for _ in range(users)))


async def _user(port: int, requests: Iterator[bytes], answers: list[Answer]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for sent in requests:
        began = time.perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        body = await reader.readexactly(int(found[1])) if found else b""
        answers.append(Answer(int(head[9:12]), head, body, time.perf_counter() - began))
        if b"\r\nConnection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()
