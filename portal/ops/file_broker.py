"""The broker without a server: kombu's messages as files, each of them whole or not there at all.

kombu opens a message's file, then locks it, then writes; its reader takes the file without asking for the lock. Under
load that reader meets empty and half files, and the worker ends on them. Here a message gets its name when it is
complete, and a file that can't be read is dropped: the rows are the queue, and beat sweeps.
"""

import contextlib
import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = Path(self.data_folder_out, _message_name(queue))
        _write_whole(name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            path = Path(self.data_folder_in, name)
            try:
                content = path.read_bytes()
                path.unlink()  # of all who read it, the one that removes it has it
            except FileNotFoundError:
                continue
            try:
                return loads(content.decode())
            except ValueError:
                logger.warning("dropped an unreadable message of %d bytes; the next sweep does its work", len(content))
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:  # type: ignore[override]
        """The table of an exchange, too, is there whole: kombu makes it empty first, and a reader may see that."""
        table = self._exchange_file(exchange)  # type: ignore[attr-defined]  # the stubs are older
        if not table.exists():
            _write_whole(table, "[]", replace=False)
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)
        except ValueError:
            logger.warning("replaced the unreadable table of the exchange %r", exchange)
            _write_whole(table, "[]")
            super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    Channel = Channel


def _message_name(queue: str) -> str:
    """A name that sorts by time and that the reader of this queue knows."""
    return f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"


def _write_whole(path: Path, text: str, *, replace: bool = True) -> None:
    """Write beside it, then give it its name in one step; without `replace`, only if nobody was first."""
    beside = path.with_name(f".{uuid.uuid4()}.part")
    try:
        beside.write_text(text)
        if replace:
            beside.rename(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(beside)
    finally:
        beside.unlink(missing_ok=True)
