"""The doors between the rooms, the single writers, and the sizes: read from the folders, so nobody has to remember."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GROUND, GUESTS, TOP, STAND_INS = "billing", "guests", "portal", "sandbox"
# Whoever has a room.py and is not one of the three floors that every room stands on or under.
ROOMS = sorted({path.parent.name for path in ROOT.glob("*/room.py")} - {GROUND, GUESTS, TOP})
PACKAGES = (GROUND, GUESTS, *ROOMS, TOP, STAND_INS)
SOURCES = sorted(path for room in PACKAGES for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NETWORK = ("requests", "urllib.request", "urllib3", "http.client", "smtplib", "socket", "mollie", "httpx", "aiosmtpd")
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|process|handle)(_|$)")
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_MODULES = 400, 50, 14
WRITES = {"save", "create", "bulk_create", "bulk_update", "update_or_create", "get_or_create", "delete"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every dotted name that a file imports, wherever in the file."""
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(found)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def reached(path: Path, *targets: str) -> list[str]:
    """What `path` imports of `targets`, as lines for a list of offenders."""
    hits = [name for name in imports(path) if any(name == t or name.startswith(f"{t}.") for t in targets)]
    return [f"{name_of(path)} imports {hit}" for hit in hits]


def sources(*rooms: str) -> list[Path]:
    return [path for path in SOURCES if room_of(path) in rooms]


def written_rows(path: Path) -> Iterator[str]:
    """Calls that write rows: `.save()`, `.update()`, `.create()` and their kin on `objects` or a row; and new rows."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield f"{node.func.id}."  # makes a row, for `insert_rows`
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            source = ast.unparse(node.func)
            if node.func.attr in WRITES or (node.func.attr == "update" and ".objects" in source):
                yield source


def writes_of_others(path: Path, *below: str) -> list[str]:
    models = {name.rsplit(".", 1)[-1] for name in imports(path) if name.startswith(below)}
    calls = [call for call in written_rows(path) if any(call.startswith(f"{model}.") for model in models)]
    return [f"{name_of(path)}: {call}: call a rule" for call in calls]


def test_there_is_a_room():
    assert "coulance" in ROOMS


def test_imports_go_only_downward():
    """portal → rooms → guests → billing; the stand-ins know nobody, and nobody knows them."""
    forbidden = {
        GROUND: (GUESTS, *ROOMS, TOP, STAND_INS),
        GUESTS: (*ROOMS, TOP, STAND_INS),
        **{room: (*(other for other in ROOMS if other != room), TOP, STAND_INS) for room in ROOMS},
        TOP: (*ROOMS, STAND_INS),
        STAND_INS: (GROUND, GUESTS, *ROOMS, TOP),
    }
    assert [hit for path in SOURCES for hit in reached(path, *forbidden[room_of(path)])] == []


def test_nobody_names_a_room():
    """Below and above it, but for the one line that installs it."""
    words, installed = re.compile("|".join(ROOMS), re.IGNORECASE), ROOT / TOP / "settings" / "base.py"
    naming = {name_of(path): words.findall(text_of(path)) for path in sources(GROUND, GUESTS, TOP) if path != installed}
    assert {name: found for name, found in naming.items() if found} == {}
    lines = [line for line in text_of(installed).split("\n") if words.search(line)]
    assert [re.sub(r'\.room\.[A-Z]\w*Room",$', "", line) for line in lines] == [f'    "{room}' for room in ROOMS]


def package_of(dotted: str) -> str:
    """The folder that a module belongs to, and of a module beside folders the module itself."""
    return ".".join(dotted.split(".")[:2])


def test_no_circle_between_packages():
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES}
    arrows: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        source = package_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        if path.name == "room.py":
            continue  # it announces: imported by nobody, it may reach everything of its own
        for name in imports(path):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            if name and package_of(name) != source:
                arrows[source].add(package_of(name))
    while free := {package for package in arrows if not arrows[package] & arrows.keys()}:
        for package in free:
            del arrows[package]
    assert dict(arrows) == {}, "these import each other in a circle"


def test_rows_are_written_by_the_room_that_owns_them():
    offenders = [hit for path in sources(GUESTS, *ROOMS) for hit in writes_of_others(path, "billing.models")]
    below = ("billing.models", "guests.models", *(f"{room}.models" for room in ROOMS))
    offenders += [hit for path in sources(TOP) for hit in writes_of_others(path, *below)]
    assert offenders == []


def test_only_a_channel_opens_a_connection():
    outside = [path for path in sources(GROUND, GUESTS, *ROOMS) if "channels" not in path.parts]
    assert [hit for path in outside for hit in reached(path, *NETWORK)] == []


def test_pages_desks_and_tasks_call_rules_and_nothing_else():
    faces = [
        path
        for path in sources(GROUND, GUESTS, *ROOMS, TOP)
        if "pages" in path.parts or path.stem in ("tasks", "views") or reached(path, "django.contrib.admin")
    ]
    assert [hit for path in faces for hit in reached(path, "django.db.transaction", *NETWORK)] == []


def test_single_writers():
    """The ledger writes entries and what is settled; the schedule writes the pointer of the reminders."""
    writers = {
        r"\b(LedgerTransaction|Posting)(\.objects\.create)?\((?!models)|settled_at=t": {"billing/ledger/__init__.py"},
        r"\.update\([^)]*next_step": {"billing/invoices/schedule.py"},
    }
    for pattern, wanted in writers.items():
        assert {name_of(path) for path in SOURCES if re.search(pattern, text_of(path))} == wanted


def test_files_and_functions_stay_small():
    faces = [path for place in ("templates", "static") for path in (ROOT / place).rglob("*.*") if path.suffix != ".svg"]
    offenders = [name_of(p) for p in (*SOURCES, *TESTS, *faces) if text_of(p).count("\n") > MAX_FILE_LINES]
    for path in (*SOURCES, *TESTS):
        for node in ast.walk(tree_of(path)):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES:
                offenders.append(f"{name_of(path)}: {node.name}")
    assert offenders == []


def test_folders_stay_small():
    modules = Counter(name_of(path.parent) for path in SOURCES if path.name not in ("__init__.py", "__main__.py"))
    crowded = {folder: count for folder, count in modules.items() if count > MAX_MODULES}
    crowded.pop("portal/management/commands", None)  # Django looks for commands in this one folder
    assert crowded == {}


def test_names_say_what_a_thing_is():
    offenders = [name_of(path) for path in SOURCES if BANNED_NAMES.search(path.stem)]
    for path in SOURCES:
        for node in tree_of(path).body:  # a method's name may be a framework's wish
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and BANNED_NAMES.search(node.name.lower()):
                offenders.append(f"{name_of(path)}: {node.name}")
    assert offenders == []


def test_nothing_left_open():
    faces = [*SOURCES, *(ROOT / "templates").rglob("*.*"), *(ROOT / "static").rglob("*.*")]
    sought = [path for path in faces if path.suffix in {".py", ".html", ".css", ".js"}]
    assert [name_of(path) for path in sought if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text_of(path))] == []
