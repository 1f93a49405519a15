"""SECURITY.md names files and tests as proof: they exist, and the counts are those of the table."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if re.match(r"\| \d", line)]


def test_every_requirement_stands_once_with_its_level_and_state():
    ids = [row[0] for row in ROWS]
    assert len(ids) > 90
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", name) for name in ids)
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda name: [int(part) for part in name.split(".")])
    assert {row[1] for row in ROWS} <= {"1", "2", "3"}
    assert {row[3] for row in ROWS} == {"met", "partly", "not met"}
    assert all(row[4] for row in ROWS)


def test_the_text_counts_what_the_table_says():
    counts = Counter(row[3] for row in ROWS)
    assert f"{counts['met']} met, {counts['partly']} partly, {counts['not met']} not met" in TEXT


def test_every_file_that_is_named_exists():
    named = {name for name in re.findall(r"`([\w./-]+)`", TEXT) if "/" in name or name.endswith((".md", ".txt"))}
    missing = [name for name in sorted(named) if not name.startswith("/") and not (ROOT / name).exists()]
    assert missing == []
    assert len(named) > 70
