"""What the documents name exists, and the map of ARCHITECTURE.md is that of the code."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.test_architecture import GROUND, PACKAGES, ROOT, SOURCES, TOP, imports, name_of, package_of

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "demo" / "README.md"])
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"var"}
NAMES = {path.name for path in SOURCES}
FLOORS = (GROUND, TOP)
A_FILE = re.compile(r"[\w./@*-]+\.(py|md|html|css|js|toml|txt|yaml|conf|in)")
STATUS = re.compile(r"\*\*Status\.\*\* (Accepted|Superseded by (\d{4})(?: and (\d{4}))?)\.", re.MULTILINE)
SETTINGS = "".join(
    path.read_text()
    for path in [*(ROOT / "portal" / "settings").glob("*.py"), *ROOT.glob("*/room.py"), ROOT / ".env.example"]
)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()


def is_path(name: str) -> bool:
    """Whether what stands in backticks means a file or folder of ours: `billing/law/`, not `/metrics`."""
    if name.startswith("/") or not re.fullmatch(r"[\w./@*-]+", name):
        return False
    return ("/" in name and name.split("/")[0] in FOLDERS) or bool(A_FILE.fullmatch(name))


def exists(name: str, document: Path) -> bool:
    """Whether a path leads somewhere from the root or the document; for a bare name, whether any file bears it."""
    places = [ROOT / name, document.parent / name]
    if "/" not in name:
        return any(place.exists() for place in places) or name in NAMES
    return any(next(place.parent.glob(place.name), None) for place in places)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_and_link_leads_somewhere(document):
    text = document.read_text()
    named = [name for name in re.findall(r"`([^`\n]+)`", text) if is_path(name)]
    missing = [name for name in named if not exists(name, document)]
    links = [link.split("#")[0] for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text)]
    missing += [link for link in links if link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_setting_is_known(document):
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z0-9]+)+)`", document.read_text()))
    assert {name for name in named if name not in SETTINGS} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_exists(document):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) - targets == set()
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) - get_commands().keys() == set()


def test_architecture_is_two_pages():
    assert len(ARCHITECTURE.splitlines()) <= 145


def test_every_package_is_on_the_map():
    packages = {f"{package}/" for package in PACKAGES if package not in FLOORS}
    packages |= {f"{name_of(path.parent)}/" for floor in FLOORS for path in (ROOT / floor).glob("*/*.py")}
    packages -= {"billing/migrations/", "portal/migrations/"}
    assert {package for package in packages if f"`{package}`" not in ARCHITECTURE} == set()


def test_the_drawing_shows_who_imports_whom():
    """Each line of billing in the drawing imports only from the lines below it, and every package stands in it."""
    drawing = ARCHITECTURE.split("```")[1].split("billing   ")[1]
    names = {path.relative_to(ROOT / GROUND).parts[0].removesuffix(".py") for path in SOURCES if GROUND in path.parts}
    lines = [[word for word in line.split() if word in names] for line in drawing.splitlines()]
    height = {name: -number for number, line in enumerate(lines) for name in line}
    folders = {path.parent.name for path in (ROOT / GROUND).glob("*/__init__.py")}
    assert folders - height.keys() == {"management", "migrations", "templatetags"}
    offenders = []
    for path in SOURCES:
        source = package_of(".".join(path.relative_to(ROOT).with_suffix("").parts)).removeprefix("billing.")
        targets = {package_of(name).removeprefix("billing.") for name in imports(path) if name.startswith("billing.")}
        for target in targets & height.keys() - {source}:
            if source in height and height[target] >= height[source] and path.name != "room.py":
                offenders.append(f"{source} imports {target}")
    assert offenders == []


def test_every_decision_is_in_the_index_and_says_whether_it_holds():
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    numbers = [path.name[:4] for path in ADRS]
    assert len(numbers) == len(set(numbers))
    for path in ADRS:
        text = path.read_text()
        found = STATUS.search(text)
        assert found, path.name
        assert {number for number in found.groups()[1:] if number} <= set(numbers), path.name
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, f"{path.name} has no {part}"
        title = text.splitlines()[0].removeprefix("# ").strip()
        assert title.startswith(f"{path.name[:4]}: "), path.name
        assert f"]({path.name})" in index, path.name
