"""supervisord as `manage.py serve` runs it, with real processes, and `serve` where it refuses to start."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from portal.serving import ports

ROOT = Path(__file__).resolve().parents[3]

# In one write each: what two processes print in parts arrives mixed.
POLITE = r"import os, time; os.write(1, b'up %d\n' % os.getpid()); time.sleep(60)"
STUBBORN = POLITE.replace("import", "import signal; signal.signal(15, signal.SIG_IGN); import", 1)
FAILING = "import sys, time; time.sleep(0.1); sys.exit(7)"

# Runs the process tree as the program would, with the sources of the processes given as arguments.
RUNNER = """
import os, sys
from portal.management.commands import serve
serve.STOP_SECONDS, serve.START_RETRIES = 1, 1
commands = {f"part{i}": [sys.executable, "-S", "-c", source] for i, source in enumerate(sys.argv[1:])}
tree = serve.ProcessTree(commands, is_ready=lambda: True, on_ready=lambda: os.write(1, b"ready\\n"))
sys.exit(tree.run_until_stopped())
"""


class Run:
    """A process tree in a process of its own, and what it printed."""

    def __init__(self, *sources, runner=RUNNER):
        command = [sys.executable, "-c", runner, *sources]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        timer = threading.Timer(60, self.process.kill)  # so that waiting for its words ends
        timer.daemon = True
        timer.start()

    def started(self, *, ups):
        """The pids of so many children, from what they say, once `on_ready` was called too."""
        pids = []
        while len(pids) < ups or "ready" not in self.lines:
            line = self.read_to("")
            if line.startswith("up "):
                pids.append(int(line.split()[1]))
        return pids

    def read_to(self, text):
        """The next line with this text."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"{text!r} never came: {self.lines}")

    def end(self):
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, "\n".join([*self.lines, output])


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pids, *, seconds=10):
    until = time.monotonic() + seconds
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_running, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_ends_every_process_and_exits_with_zero(number):
    run = Run(POLITE, POLITE)
    pids = run.started(ups=2)
    run.process.send_signal(number)
    code, output = run.end()
    assert code == 0, output
    assert "Stopped." in output
    assert gone(pids)


def test_what_is_killed_is_started_again_and_the_others_go_on():
    run = Run(POLITE, POLITE)
    stays, killed = run.started(ups=2)
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    assert "terminated by SIGKILL; not expected" in run.read_to("exited: part")
    again = int(run.read_to("up ").split()[1])
    assert time.monotonic() - began < 10
    assert again not in (stays, killed)
    assert is_running(stays)
    run.process.terminate()
    code, output = run.end()
    assert code == 0, output
    assert output.count("ready") == 1
    assert gone([stays, again])


def test_what_keeps_ending_at_its_start_ends_the_rest_and_is_named():
    run = Run(POLITE, FAILING)
    (stays,) = run.started(ups=1)
    code, output = run.end()
    assert code == 1
    assert output.count("exited: part1 (exit status 7; not expected)") == 2
    assert "part1 ended 2 times right after the start; ending the others." in output
    assert gone([stays])


def test_what_does_not_listen_is_killed_after_the_time_limit():
    run = Run(STUBBORN)
    pids = run.started(ups=1)
    run.process.terminate()
    assert run.end()[0] == 0
    assert gone(pids)


def test_a_killed_supervisor_leaves_no_orphans():
    run = Run(POLITE, POLITE)
    pids = run.started(ups=2)
    run.process.kill()
    run.process.wait()
    assert gone(pids)


def test_without_the_death_signal_a_killed_supervisor_does_leave_them():
    """The twin that shows what the death signal is for."""
    run = Run(POLITE, runner=RUNNER.replace("serve.STOP_SECONDS", "serve.WITH_PARENT = []\nserve.STOP_SECONDS"))
    (pid,) = run.started(ups=1)
    run.process.kill()
    run.process.wait()
    assert not gone([pid], seconds=1)
    os.kill(pid, signal.SIGKILL)


def test_nobody_reading_the_output_ends_it():
    chatty = "import time\nwhile True: print('line', flush=True); time.sleep(0.05)"
    run = Run(POLITE, chatty)
    pids = run.started(ups=1)
    run.process.stdout.close()
    run.process.wait(timeout=20)
    assert gone(pids)


def test_output_that_goes_to_a_file_is_there_whole(tmp_path):
    """The children's lines come by another descriptor than our own: neither may overwrite the other's."""
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", RUNNER, POLITE], cwd=ROOT, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while "up " not in (tmp_path / "log").read_text():
            assert time.monotonic() < until
            time.sleep(0.1)
        process.terminate()
        assert process.wait(30) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert "ready" in lines
    assert lines[-1] == "Stopped."
    assert sum(line.startswith("up ") for line in lines) == 1


def test_a_busy_port_is_explained(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not ports.is_free(port)
        environment = os.environ | {"PORT": str(port), "DATA_DIR": str(tmp_path)}
        result = subprocess.run(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True
        )
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr
    assert "Traceback" not in result.stderr
    assert ports.is_free(port)


def test_two_products_on_neighbouring_ports_never_both_think_that_a_port_is_free(tmp_path):
    """Nobody listens yet: the first still prepares. The second would take the first one's port for mail."""
    port = free_pair()
    held = ports.reserve([port, port + 1])
    try:
        environment = os.environ | {"PORT": str(port + 1), "DATA_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "serve"]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"CommandError: Port {port + 1} is in use")
        proposed = int(result.stderr.partition("PORT=")[2].split()[0])
        assert ports.is_free(proposed)
    finally:
        for each in held:
            each.close()
    for each in ports.reserve([port + 1, port + 2]):
        each.close()


def test_without_the_reservation_both_think_so():
    """The twin: what was asked before, whether anybody listens."""
    port = free_pair()
    held = ports.reserve([port, port + 1])
    assert ports.is_free(port + 1)
    for each in held:
        each.close()


def free_pair():
    return next(port for port in range(20_000, 60_000, 17) if all(ports.is_free(port + i) for i in range(3)))


def test_who_ends_again_and_again_is_reported_however_long_it_ran(tmp_path):
    slow = "import time; time.sleep(1.2); raise SystemExit(7)"
    runner = RUNNER.replace("serve.STOP_SECONDS", "serve.START_SECONDS = 1; serve.STOP_SECONDS")
    run = Run(
        POLITE,
        slow,
        runner="import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup()" + runner,
    )
    line = run.read_to("ended by itself 3 times")
    assert "ERROR zorgrekening.serve part1 ended by itself 3 times within 60 minutes" in line
    run.process.terminate()
    code, output = run.end()
    assert code == 0
    lines = [line for line in output.splitlines() if "exited: part1" in line]
    assert len(lines) >= 2
    for line in lines:
        assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z WARNING zorgrekening.serve exited: part1", line), (
            "UTC, as all lines"
        )


def test_its_output_may_be_a_socket():
    """As of a program that reads us, of journald, or of ssh without a terminal: Linux opens no socket a second time."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    with ours, subprocess.Popen([sys.executable, "-c", RUNNER, POLITE], cwd=ROOT, stdout=theirs) as runner:
        theirs.close()
        read = b""
        while not (b"up " in read and b"ready" in read):
            part = ours.recv(4096)
            assert part, read
            read += part
        runner.terminate()
        assert runner.wait(30) == 0
