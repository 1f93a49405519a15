"""`manage.py sandbox` as its own process: ready, at work, gone."""

import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrated import put_migrated
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_takes_mail_and_ends_cleanly(tmp_path, end):
    port = free_port()
    environment = os.environ | {"DATA_DIR": str(tmp_path), "PORT": str(port - 1), "SANDBOX": "1", "DATABASE_URL": ""}
    manage = [sys.executable, str(ROOT / "manage.py")]
    put_migrated(tmp_path)
    process = subprocess.Popen([*manage, "sandbox"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == f"sandbox ready: mail on 127.0.0.1:{port}, webhooks running\n"
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\ny")
        process.send_signal(end)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.stdout.close()
