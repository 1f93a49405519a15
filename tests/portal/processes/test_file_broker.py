"""The broker of files: nothing unreadable under load, and nothing unreadable ends the worker."""

import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from tests.portal.processes.worker import Worker

ROOT = Path(__file__).resolve().parents[3]
OURS, KOMBUS = "portal.ops.file_broker:Transport", "kombu.transport.filesystem:Transport"

PRODUCER = """
import sys
from kombu import Connection
transport, folder, start = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder + "/control"}
with Connection("localhost", transport=transport, transport_options=options) as connection:
    channel = connection.channel()
    for number in range(start, start + 200):
        channel._put("celery", {"number": number, "body": "x" * 2000})
"""


def channel(transport, folder):
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    return Connection("localhost", transport=transport, transport_options=options).channel()


def take_from_four_producers(transport, folder):
    """The numbers that arrive while four processes write 200 messages each."""
    commands = ([sys.executable, "-c", PRODUCER, transport, str(folder), str(i * 200)] for i in range(4))
    producers = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    found, reader = [], channel(transport, folder)
    try:
        while True:
            running = any(producer.poll() is None for producer in producers)
            try:
                found.append(reader._get("celery")["number"])
            except Empty:
                if not running:
                    return found
    finally:
        for producer in producers:
            producer.kill()
            producer.wait()


def test_four_producers_and_no_unreadable_message(tmp_path, caplog):
    assert sorted(take_from_four_producers(OURS, tmp_path)) == list(range(800))
    assert caplog.text == ""
    assert list(tmp_path.iterdir()) == []


def test_two_readers_share_and_none_gets_a_message_twice(tmp_path):
    writer = channel(OURS, tmp_path)
    for number in range(300):
        writer._put("celery", {"number": number})
    found = []

    def read():
        reader = channel(OURS, tmp_path)
        while True:
            try:
                found.append(reader._get("celery")["number"])
            except Empty:
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(found) == list(range(300))


@pytest.mark.parametrize("content", [b"", b'{"body": "aGFs', b"\xff\xfe"], ids=["empty", "half", "no text"])
def test_an_unreadable_message_is_dropped_and_the_next_one_read(tmp_path, caplog, content):
    (tmp_path / "0.celery.msg").write_bytes(content)
    both = channel(OURS, tmp_path)
    both._put("celery", {"number": 1})
    assert both._get("celery") == {"number": 1}
    assert caplog.text.count("\n") == 1
    assert "unreadable" in caplog.text
    with pytest.raises(Empty):
        both._get("celery")


def test_kombus_own_reader_ends_on_it(tmp_path):
    """The twin: what our transport is for."""
    (tmp_path / "0.celery.msg").write_bytes(b"")
    with pytest.raises(ValueError, match="Expecting value"):
        channel(KOMBUS, tmp_path)._get("celery")


def test_an_unreadable_table_of_an_exchange_is_made_again(tmp_path):
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "celery.exchange").write_text("")
    one = channel(OURS, tmp_path)
    one._queue_bind("celery", "celery", None, "celery")
    one._queue_bind("other", "other", None, "other")
    assert [row.queue for row in one.get_table("celery")] == ["celery"]
    assert [row.queue for row in one.get_table("other")] == ["other"]


def test_the_worker_sweeps_on_when_it_meets_unreadable_messages(tmp_path):
    with Worker(tmp_path) as worker:
        worker.wait_for("ready.", times=1)
        for name, content in (("0", b""), ("00", b'{"body": "W1td')):
            (tmp_path / "queue" / "messages" / f"{name}.celery.msg").write_bytes(content)
        worker.wait_for("unreadable message", times=2)
        seen = sum("sweep_outbox" in line and "succeeded" in line for line in worker.lines)
        worker.wait_for("succeeded", times=seen + 2)
        assert not any("Traceback" in line for line in worker.lines)
