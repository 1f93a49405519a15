"""Real servers for the suite, started in a temporary folder and ended with it. System services are left alone."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 30


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen[bytes], *, seconds: float = START_SECONDS) -> None:
    """Until `port` accepts; RuntimeError when the process ends first or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen on {port} after {seconds} s")


def start_all(on_end: Callable[[Callable[[], object]], object], *, kept_in: Path | None = None) -> dict[str, str]:
    """Start PostgreSQL and Redis; their URLs as environment variables. `on_end` takes what ends them.

    What PostgreSQL holds is gone with it, unless it is `kept_in` a folder, where the next one finds it.
    """
    folder = Path(tempfile.mkdtemp(prefix="zorgrekening-servers-"))
    on_end(lambda: shutil.rmtree(folder, ignore_errors=True))
    return {"DATABASE_URL": _start_postgresql(kept_in or folder, on_end), "REDIS_URL": start_redis(folder, on_end)}


def start_redis(folder: Path, on_end: Callable[[Callable[[], object]], object]) -> str:
    """A Redis of its own that keeps nothing; its URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with open(folder / "redis.log", "wb") as log:
        process = subprocess.Popen(["redis-server", *options], stdout=log, stderr=log)
    on_end(lambda: _end(process))
    wait_for_port(port, process)
    return f"redis://127.0.0.1:{port}/0"


def _start_postgresql(folder: Path, on_end: Callable[[Callable[[], object]], object]) -> str:
    """A cluster of its own. PostgreSQL refuses root, so root hands the folder to the user postgres."""
    binaries = _postgresql_binaries()
    data, port = folder / "postgresql", free_port()
    is_new = not data.exists()
    data.mkdir(mode=0o700, exist_ok=True)
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        account = pwd.getpwnam(user)
        folder.chmod(0o711)
        os.chown(data, account.pw_uid, account.pw_gid)
    as_owner = {"user": user, "group": user, "extra_groups": []} if user else {}
    if is_new:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "zorgrekening", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **as_owner,
        )  # fmt: skip
    # A test cluster may lose everything in a crash: no fsync, so that a flush between tests costs little.
    options = f"-p {port} -h 127.0.0.1 -k {data} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    options += " -c log_min_error_statement=panic -c log_error_verbosity=terse"  # as deployed
    with open(folder / "postgresql.log", "wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options.split()], stdout=log, stderr=log, cwd="/", **as_owner
        )
    on_end(lambda: _end(process, by=signal.SIGINT))  # SIGTERM would wait for clients to leave
    wait_for_port(port, process)
    _wait_until_ready(binaries / "pg_isready", port)
    if is_new:
        as_client = ["-h", "127.0.0.1", "-p", str(port), "-U", "zorgrekening"]
        subprocess.run([binaries / "createdb", *as_client, "zorgrekening"], check=True)
    return f"postgres://zorgrekening@127.0.0.1:{port}/zorgrekening"


def _wait_until_ready(pg_isready: Path, port: int) -> None:
    """PostgreSQL listens before it lets anybody in, on a busy machine long before."""
    until = time.monotonic() + START_SECONDS
    while subprocess.run([pg_isready, "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode:
        if time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL on port {port} lets nobody in after {START_SECONDS} s")
        time.sleep(0.05)


def _postgresql_binaries() -> Path:
    """Debian keeps initdb off the PATH, in a folder per version: the newest one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    path = found[-1] if found else shutil.which("initdb")
    if path is None:
        raise RuntimeError("PostgreSQL is not installed: run bin/setup --test")
    return Path(path).parent


def _end(process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM) -> None:
    process.send_signal(by)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
