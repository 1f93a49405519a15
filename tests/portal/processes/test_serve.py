"""The supervisor with real processes, and `manage.py serve` where it refuses to start."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import supervisor

ROOT = Path(__file__).resolve().parents[3]

POLITE = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
FORKING = """
import os, signal, time
signal.signal(15, signal.SIG_IGN if os.fork() == 0 else signal.SIG_DFL)
os.write(1, f"up {os.getpid()}\\n".encode())
time.sleep(60)
"""
FAILING = "import sys, time; time.sleep(0.3); sys.exit(7)"

# Runs the supervisor as the program would, with the process sources given as arguments.
RUNNER = """
import sys
from pathlib import Path
from portal import supervisor
supervisor.STOP_SECONDS = 1.5
commands = {f"part{i}": [sys.executable, "-S", "-c", source] for i, source in enumerate(sys.argv[1:])}
one = supervisor.Supervisor(commands, Path("/"), ready=lambda: True, on_ready=lambda: print(
    "pids", *(child.pid for child in one.children.values()), flush=True))
sys.exit(one.run())
"""


class Run:
    """A supervisor in a process of its own, and what it printed."""

    def __init__(self, *sources, runner=RUNNER):
        command = [sys.executable, "-c", runner, *sources]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []

    def started(self, *, ups):
        """The pids of the children, once they have said `up` so many times."""
        pids = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("pids"):
                pids = [int(pid) for pid in line.split()[1:]]
            ups -= "| up" in line
            if pids and ups <= 0:
                return pids
        raise AssertionError(f"never started: {self.lines}")

    def read_to(self, text):
        """What it printed up to a line with this text."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return "\n".join(self.lines)
        raise AssertionError(f"{text!r} never came: {self.lines}")

    def end(self):
        output, _ = self.process.communicate(timeout=20)
        return self.process.returncode, "\n".join(self.lines) + output


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


def test_a_process_that_ends_by_itself_ends_the_rest_and_is_named():
    run = Run(POLITE, FAILING)
    pids = run.started(ups=1)
    code, output = run.end()
    assert code == 1
    assert "part1 ended by itself (exit code 7)" in output
    assert gone(pids)


RETURNING = RUNNER.replace("on_ready", "returning=['part1'], on_ready")


def test_what_may_come_back_is_started_again_when_it_is_killed():
    run = Run(POLITE, POLITE, runner=RETURNING)
    stays, killed = run.started(ups=2)
    os.kill(killed, signal.SIGKILL)
    assert "part1 ended by itself (exit code -9); starting it again (1 of 5 in 10 minutes)." in run.read_to(
        "part1   | up"
    )
    assert is_running(stays)
    run.process.terminate()
    code, output = run.end()
    assert code == 0, output
    assert gone([stays])


def test_what_keeps_ending_is_started_five_times_then_ends_the_rest_and_is_named():
    run = Run(POLITE, FAILING, runner=RETURNING)
    (stays, _) = run.started(ups=1)
    code, output = run.end()
    assert code == 1
    assert output.count("part1 ended by itself (exit code 7); starting it again") == 5
    assert "part1 ended by itself (exit code 7), after 5 new starts in 10 minutes; ending the others." in output
    assert gone([stays])


def test_it_is_ready_only_when_each_has_given_its_sign():
    late = "import time; time.sleep(1); print('now', flush=True); time.sleep(60)"
    run = Run(POLITE, late, runner=RUNNER.replace("on_ready", "signs={'part1': 'now'}, on_ready"))
    run.started(ups=1)
    assert any("| now" in line for line in run.lines)
    run.process.terminate()
    assert run.end()[0] == 0


def test_it_does_not_wait_for_a_sign_for_ever():
    runner = RUNNER.replace("on_ready", "signs={'part0': 'never'}, on_ready").replace(
        "STOP_", "READY_SECONDS = supervisor.STOP_"
    )
    run = Run(POLITE, runner=runner)
    run.started(ups=1)
    assert "Not ready after 1.5 seconds: part0. Going on; see its lines above." in run.lines
    run.process.terminate()
    assert run.end()[0] == 0


def test_what_does_not_listen_is_killed_after_the_time_limit():
    run = Run(STUBBORN)
    pids = run.started(ups=1)
    run.process.terminate()
    assert run.end()[0] == 0
    assert gone(pids)


def test_a_second_request_to_stop_does_not_wait():
    run = Run(STUBBORN, runner=RUNNER.replace("STOP_SECONDS = 1.5", "STOP_SECONDS = 600"))
    run.started(ups=1)
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    run.process.send_signal(signal.SIGINT)
    assert run.end()[0] == 0  # it waits less long than the supervisor would


def test_what_a_process_left_behind_is_ended_with_it():
    run = Run(FORKING)
    pids = run.started(ups=2)
    told = {int(line.split()[-1]) for line in run.lines if "| up" in line}
    assert len(told) == 2
    run.process.terminate()
    run.end()
    assert gone(told | set(pids))


def test_a_killed_supervisor_leaves_no_orphans():
    run = Run(POLITE, POLITE)
    pids = run.started(ups=2)
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    assert gone(pids)


def test_without_the_death_signal_a_killed_supervisor_does_leave_them():
    """The twin that shows what the death signal is for."""
    without = "supervisor.LAUNCHER = []\nsupervisor.STOP_SECONDS"
    run = Run(POLITE, runner=RUNNER.replace("supervisor.STOP_SECONDS", without))
    (pid,) = run.started(ups=1)
    run.process.kill()
    run.process.wait()
    assert not gone([pid], seconds=1)
    os.kill(pid, signal.SIGKILL)


def test_nobody_reading_the_output_ends_it():
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, "import time\nwhile True: print('line', flush=True); time.sleep(0.05)"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=20)


def test_a_busy_port_is_told_with_a_sentence(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not supervisor.port_is_free(port)
        environment = os.environ | {"PORT": str(port), "DATA_DIR": str(tmp_path)}
        result = subprocess.run(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True
        )
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr
    assert "Traceback" not in result.stderr
    assert supervisor.port_is_free(port)
