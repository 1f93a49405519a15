"""What runs in production: the files that start it, and the processes themselves on PostgreSQL and Redis."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import requests
import yaml
from django.core.management import CommandError, call_command, get_commands

from billing.models import Provider
from portal import checks
from portal.environment import VARIABLES
from tests import environment
from tests.canaries import leaks_in
from tests.servers import free_port, start_all, wait_for_port
from tests.smtp_sink import Sink

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
HOST = "rekening.example"
COPIES = 20
PRACTICE = shlex.split(
    "11012345 --name 'Tandartsen De Linde' --email praktijk@linde.zorgrekening-proef.nl --phone 0201234567"
    " --street Lindelaan --house-number 12 --postcode '3732 HJ' --city Utrecht --iban 'NL91 ABNA 0417 1643 00'"
)


def services():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def unit(name):
    """What a unit sets, by name; the last one counts, as for systemd."""
    lines = (ROOT / "deploy" / "systemd" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def started_by_procfile():
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(command) for name, command in (line.split(": ", 1) for line in lines)}


# --- the files ----------------------------------------------------------------------------------
def test_compose_runs_commands_that_exist_each_with_a_check_of_its_health():
    parts = services()
    assert {"migrate", "web", "worker", "files", "webhooks", "beat", "watch", "postgres", "redis"} == parts.keys()
    for name in ("migrate", "worker", "files", "webhooks", "beat", "watch"):
        program, *arguments = parts[name]["command"]
        if program == "python":
            assert arguments[0] == "manage.py"
            assert arguments[1] in get_commands()
        else:
            assert (BIN / program).exists()
    for name in ("worker", "files", "webhooks", "beat", "postgres", "redis"):
        assert parts[name]["healthcheck"]["test"], name
    for name in ("web", "worker", "files", "webhooks", "beat", "watch"):
        assert parts[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert parts[name]["cap_drop"] == ["ALL"]
        assert parts[name]["env_file"] == ".env"
        assert parts[name]["environment"].keys() <= VARIABLES.keys()
    assert "ports" not in parts["postgres"]
    assert "ports" not in parts["redis"]
    assert parts["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_a_worker_and_a_clock_are_started_in_the_same_way_everywhere():
    procfile = started_by_procfile()
    units = {"worker": "zorgrekening-worker@.service"}
    units |= {name: f"zorgrekening-{name}.service" for name in ("files", "webhooks")}
    for name, systemd in (units | {name: f"zorgrekening-{name}.service" for name in ("beat", "watch")}).items():
        by_compose = services()[name]["command"]
        by_systemd = shlex.split(unit(systemd)["ExecStart"])
        if name in ("files", "webhooks"):
            by_systemd[-1] = by_systemd[-1].replace("%%", "%")
        if name == "worker":
            by_systemd, named = by_systemd[:-2], by_systemd[-2:]
            assert named == ["--hostname", "%i@%%h"]  # several on one machine
        assert [Path(by_systemd[0]).name, *by_systemd[1:]] == by_compose
        assert [Path(procfile[name][0]).name, *procfile[name][1:]] == by_compose
    web = shlex.split(unit("zorgrekening-web.service")["ExecStart"])
    assert [Path(web[0]).name, *web[1:]] == [Path(procfile["web"][0]).name, *procfile["web"][1:]]
    assert all(f'"{word}"' in (ROOT / "Dockerfile").read_text() for word in [Path(web[0]).name, *web[1:]])


def test_what_ends_by_itself_is_started_anew_everywhere():
    """A worker whose Redis is killed with tasks in hand ends, by an error or in order: both begin anew, for ever."""
    lasting = {name for name in services() if name != "migrate"}
    assert {services()[name]["restart"] for name in lasting} == {"unless-stopped"}
    units = [unit(path.name) for path in UNITS if unit(path.name).get("Type") != "oneshot"]
    assert len(units) == len(lasting - {"postgres", "redis"})
    assert {found["Restart"] for found in units} == {"always"}
    # systemd gives up what is started five times within ten seconds.
    assert min(int(found["RestartSec"]) for found in units) * 5 >= 10


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_gives_its_process_no_right_that_it_could_lose(path):
    found = unit(path.name)
    assert (found["User"], found["EnvironmentFile"]) == ("zorgrekening", "/etc/zorgrekening/env")
    wanted = [
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "RestrictNamespaces",
        "RestrictSUIDSGID",
    ]
    assert {found[name] for name in wanted} == {"yes"}
    assert found["ProtectSystem"] == "strict"
    assert found["CapabilityBoundingSet"] == ""
    assert found["ReadWritePaths"].split()[0] == "/var/lib/zorgrekening"
    # Without this group the process that opens uploaded files could not install its seccomp filter.
    assert found["SystemCallFilter"] == "@system-service"


def test_systemd_understands_the_units(tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd here")
    (tmp_path / "bin").mkdir()
    for path in (ROOT / "deploy" / "systemd").iterdir():
        text = path.read_text().replace("/opt/zorgrekening/.venv/bin", str(BIN))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", *sorted(map(str, tmp_path.glob("zorg*")))], capture_output=True, text=True
    )
    assert [line for line in done.stderr.splitlines() if "zorgrekening" in line] == []


def test_the_image_runs_as_nobody_special_and_holds_what_makes_pdf_files():
    text = (ROOT / "Dockerfile").read_text()
    assert text.rindex("USER zorgrekening") < text.rindex("CMD")
    assert "HEALTHCHECK" in text
    assert "/healthz" in text
    assert all(package in text for package in checks.PDF_PACKAGES.split())
    kept_out = (ROOT / ".dockerignore").read_text().split()
    rooms = {path.parent.name for path in ROOT.glob("*/room.py")}
    assert not {*rooms, "sandbox", "manage.py", "requirements.txt", "static", "templates"} & set(kept_out)
    assert {".*", "var", "tests"} <= set(kept_out), "no keys, no data, no tests"


def test_the_page_about_deployment_names_what_there_is():
    text = (ROOT / "docs" / "deployment.md").read_text()
    commands = set(re.findall(r"\bmanage(?:\.py)? ([a-z][a-z_]+)", text))
    assert {"check", "migrate", "collectstatic", "add_staff", "import_invoices", "backup", "restore"} <= commands
    assert commands <= get_commands().keys()
    (written,) = re.findall(r"<<END\n(.*?)\nEND\n", text, flags=re.S)
    names = {line.split("=", 1)[0] for line in written.splitlines()}
    assert names <= VARIABLES.keys()
    for name in re.findall(r"\bzorgrekening-(?:web|worker|beat|backup)\b(?!@)(?:\.timer)?", text):
        suffix = "" if name.endswith(".timer") else "*.service"
        assert list((ROOT / "deploy" / "systemd").glob(f"{name}{suffix}")), name
    for path in re.findall(r"\]\((?!#)([^)]+)\)", text):
        assert (ROOT / "docs" / path).resolve().exists(), path


# --- the first practice --------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_practice_is_added_and_brought_up_to_date_by_command(capsys):
    call_command("add_provider", *PRACTICE)
    assert "Tandartsen De Linde" in capsys.readouterr().out
    with pytest.raises(CommandError, match="change_provider"):
        call_command("add_provider", *PRACTICE, "--name", "Iemand anders", "--iban", "NL20INGB0001234567")
    call_command("change_provider", "11012345", "--city", "De Bilt", "--iban", "NL20INGB0001234567")
    provider = Provider.objects.get(agb_code="11012345")
    assert (provider.name, provider.city, provider.iban) == ("Tandartsen De Linde", "De Bilt", "NL91ABNA0417164300")
    assert "/beheer/" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (("--iban", "NL00ABNA0417164300"), "iban"),
        (("--email", "nobody"), "email"),
        (("--postcode", "onzin"), "postcode"),
    ],
)
@pytest.mark.django_db
def test_a_practice_with_a_wrong_particular_is_not_added(changed, word):
    with pytest.raises(CommandError, match=word):
        call_command("add_provider", *PRACTICE, *changed)
    with pytest.raises(CommandError, match="8 cijfers"):
        call_command("add_provider", "00000000", *PRACTICE[1:])
    assert not Provider.objects.exists()


# --- the processes ------------------------------------------------------------------------------
class Machine:
    """PostgreSQL, Redis, a mail server, and the product beside them with the settings of production."""

    def __init__(self, folder, mail_port, stack):
        self.folder, self.port = folder, free_port()
        self.environment = environment.of_production(
            folder, host=HOST, port=self.port, servers=start_all(stack.append)
        ) | {"EMAIL_URL": f"smtp://127.0.0.1:{mail_port}"}
        self.parts = {}
        self._stack = stack

    def manage(self, *arguments, given=None):
        done = subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, input=given,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name, kind, *more):
        program, *arguments = started_by_procfile()[kind]
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            part = subprocess.Popen(
                [BIN / Path(program).name, *arguments, *more],
                env=self.environment, cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        self.parts[name] = part
        self._stack.append(lambda: part.poll() is None and part.kill())
        return part

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def ask(self, path, *, proto="https"):
        return requests.get(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Host": HOST, "X-Forwarded-Proto": proto, "X-Forwarded-For": "192.0.2.1"},
            allow_redirects=False,
            timeout=20,
        )

    def rows(self, statement):
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def machine(tmp_path_factory, sink):
    stack = []
    try:
        machine = Machine(tmp_path_factory.mktemp("machine"), sink.port, stack)
        machine.manage("migrate", "--verbosity", "0")
        machine.manage("collectstatic", "--no-input", "--verbosity", "0")
        machine.manage("add_provider", *PRACTICE)
        # Production refuses domains that are for examples; the sink takes what leaves for this one.
        batch = (ROOT / "demo" / "batch-example.json").read_text().replace("@post.example", "@zorgrekening-proef.nl")
        (machine.folder / "batch.json").write_text(batch)
        machine.manage("import_invoices", str(machine.folder / "batch.json"))
        wait_for_port(machine.port, machine.start("web", "web"))
        yield machine
    finally:
        for end in reversed(stack):
            end()
    assert [leak for log in machine.folder.glob("*.log") for leak in leaks_in(log.read_text().splitlines())] == []


def test_the_web_answers_behind_its_proxy_and_is_alive_without_it(machine):
    assert machine.ask("/healthz", proto="http").text == "ok\n"
    assert machine.ask("/readyz", proto="http").text == "ok\n"
    page = machine.ask("/")
    assert page.status_code == 200
    assert "max-age=63072000" in page.headers["Strict-Transport-Security"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    sheet = machine.ask(re.search(r'href="(/static/[^"]+\.css)"', page.text)[1])
    assert sheet.status_code == 200
    assert "immutable" in sheet.headers["Cache-Control"]
    assert sheet.headers["Content-Encoding"] in ("br", "gzip")
    led = machine.ask("/", proto="http")
    assert (led.status_code, led.headers["Location"]) == (301, f"https://{HOST}/")


def keeps_its_place(folder, clock):
    """Whether a clock has begun to write down where it is, under whatever ending its library gives the file."""
    return any(path.suffix != ".log" for path in folder.glob(f"{clock}*"))


WRITE = f"""
from billing.models import Invoice, OutboxMessage
invoice = Invoice.objects.first()
OutboxMessage.objects.bulk_create(
    OutboxMessage(kind="receipt", invoice=invoice, language="nl", recipient="a@post.example", subject="s", text="t",
                  html="h", dedupe_key=f"copy {{number}}")
    for number in range({COPIES})
)
"""


@pytest.mark.slow_because("four processes start, and a clock ticks")
def test_two_workers_and_two_clocks_send_every_message_once_and_end_when_asked(machine, sink):
    for name in ("one", "two"):
        machine.start(f"worker-{name}", "worker", "--hostname", f"{name}@%h")
        machine.start(f"beat-{name}", "beat", "--schedule", str(machine.folder / f"beat-{name}"))
    machine.manage("shell", "--no-imports", given=WRITE)
    until = time.monotonic() + 120
    sent = "SELECT count(*) FROM billing_outboxmessage WHERE dedupe_key LIKE 'copy %' AND status = 'sent'"
    while machine.rows(sent) != [(COPIES,)] and time.monotonic() < until:
        time.sleep(0.5)
    # Nothing woke a worker: it was a clock. Both run, and neither says all day long that nothing was due.
    while not all(keeps_its_place(machine.folder, f"beat-{name}") for name in ("one", "two")):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert not [
        line for name in ("one", "two") for line in machine.log(f"beat-{name}").splitlines() if " INFO " in line
    ]
    ended = []
    for part in machine.parts.values():
        part.send_signal(signal.SIGTERM)
    for name, part in machine.parts.items():
        ended.append((name, part.wait(timeout=40)))
    assert ended == [(name, 0) for name in machine.parts]
    assert machine.rows(sent) == [(COPIES,)]
    ids = [mail["Message-ID"] for mail in sink.mails]
    assert len(ids) == len(set(ids)) >= COPIES
    assert machine.rows("SELECT count(*) FROM billing_outboxmessage WHERE status NOT IN ('sent', 'queued')") == [(0,)]
