"""The doors between the rooms, the single writers, and the sizes: read from the source, so nobody has to remember."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("billing", "coulance", "portal")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LEAVES = (
    "audit", "transitions", "money", "law", "encryption", "errors", "links", "bell", "messages", "mime",
    "rows",
)  # fmt: skip
MIDDLE = ("ledger", "outbox", "invoices", "ladder", "breakdown")
NETWORK = ("requests", "urllib.request", "urllib3", "http.client", "smtplib", "socket", "mollie", "httpx", "aiosmtpd")
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|process|handle)(_|$)")
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 50


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reaches(path: Path, *targets: str) -> list[str]:
    return [name for name in imports(path) if any(name == t or name.startswith(f"{t}.") for t in targets)]


def rooms(room: str) -> list[Path]:
    return [path for path in SOURCES if path.relative_to(ROOT).parts[0] == room]


def in_sandbox(path: Path) -> bool:
    return path.relative_to(ROOT).parts[:2] == ("portal", "sandbox")


def written_rows(path: Path) -> Iterator[str]:
    """Calls that write rows: `.save()`, `.update()`, `.create()` and their kin on `objects` or a row."""
    verbs = {"save", "create", "bulk_create", "bulk_update", "update_or_create", "get_or_create", "delete"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            source = ast.unparse(node.func)
            if node.func.attr in verbs or (node.func.attr == "update" and ".objects" in source):
                yield source


@pytest.mark.parametrize("path", rooms("billing"), ids=name_of)
def test_billing_is_the_ground(path):
    assert reaches(path, "coulance", "portal") == []
    assert "coulance" not in path.read_text().lower(), "billing never learns that word"


@pytest.mark.parametrize("path", rooms("coulance"), ids=name_of)
def test_coulance_stands_on_billing_rules(path):
    assert reaches(path, "portal", "billing.channels") == []
    billing_models = {n.rsplit(".", 1)[-1] for n in reaches(path, "billing.models")}
    for call in written_rows(path):
        assert not any(call.startswith(f"{model}.") for model in billing_models), f"{call}: call a billing rule"


@pytest.mark.parametrize("path", [p for p in rooms("portal") if not in_sandbox(p)], ids=name_of)
def test_portal_only_reads_the_rows_of_the_rooms_below(path):
    below = {n.rsplit(".", 1)[-1] for n in reaches(path, "billing.models", "coulance.models")}
    for call in written_rows(path):
        assert not any(call.startswith(f"{model}.") for model in below), f"{call}: call a rule"
    if path.name != "urls.py":
        assert reaches(path, "sandbox") == [], "only urls.py names the sandbox"


@pytest.mark.parametrize("path", [p for p in rooms("portal") if in_sandbox(p)], ids=name_of)
def test_the_sandbox_knows_nothing_of_the_product(path):
    ours = [n for n in reaches(path, "billing", "coulance", "portal") if not n.startswith("sandbox")]
    assert ours == []


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if not in_sandbox(p) and ({"views", "admin"} & {*p.parts, p.stem} or p.stem == "tasks")],
    ids=name_of,
)
def test_views_admin_and_tasks_call_rules_and_nothing_else(path):
    assert reaches(path, "django.db.transaction", *NETWORK) == []
    for other in ("views", "admin", "tasks"):
        if other not in {*path.parts, path.stem}:
            assert not [n for n in imports(path) if other in n.split(".")[1:2] and n.split(".")[0] in ROOMS]


@pytest.mark.parametrize("path", rooms("billing"), ids=name_of)
def test_inside_billing_the_leaves_hang_on_nothing(path):
    place = path.relative_to(ROOT / "billing")
    part = place.parts[0].removesuffix(".py")
    rules = {n.split(".")[1] for n in imports(path) if n.startswith("billing.")} - {"models", part}
    if part in ("models", "gateways"):
        assert rules <= {*LEAVES, "gateways"} - {"audit"}
    elif part in LEAVES:
        assert rules <= set(LEAVES)
    elif part in MIDDLE:
        assert rules <= {*LEAVES, *MIDDLE, "gateways", "verification"}
    assert not (part not in ("gateways",) and reaches(path, *NETWORK)), "only a gateway opens a connection"


def test_only_the_ledger_writes_entries():
    writers = [
        name_of(p)
        for p in SOURCES
        if re.search(r"LedgerEntry\.objects\.(create|bulk_create)|settled_at=t", p.read_text())
    ]
    assert writers == ["billing/ledger/__init__.py"]


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name_of)
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


def test_sheets_scripts_and_templates_stay_small():
    faces = [*(ROOT / "templates").rglob("*.*"), *(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]
    assert faces
    assert [name_of(p) for p in faces if p.read_text().count("\n") > MAX_FILE_LINES] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_names_say_what_a_thing_is(path):
    assert not BANNED_NAMES.search(path.stem)
    for node in ast.parse(path.read_text()).body:  # a method's name may be a framework's wish
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert not BANNED_NAMES.search(node.name.lower()), node.name


def test_nothing_left_open():
    for path in [*SOURCES, *(ROOT / "templates").rglob("*"), *(ROOT / "static").rglob("*")]:
        if path.is_file() and path.suffix in {".py", ".html", ".css", ".js"}:
            assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text()), name_of(path)
