"""docs/asvs.md holds every requirement of ASVS 5.0.0 at levels 1 and 2 once, and SECURITY.md counts as it does."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POLICY = (ROOT / "SECURITY.md").read_text()
TABLE = (ROOT / "docs" / "asvs.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if re.match(r"\| \d", line)
]
LEFT_OUT = [
    name
    for line in TABLE.splitlines()
    if line.startswith("Not applicable: ")
    for name in re.findall(r"\b\d+\.\d+\.\d+\b", re.sub(r"\([^)]*\)", "", line))
]
# The standard as of May 2025: for each section the level of its first, second, … requirement.
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223",
    "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222", "10.6": "22",
    "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
STANDARD = {
    f"{section}.{number}": level for section, levels in LEVELS.items() for number, level in enumerate(levels, start=1)
}


def test_the_standard_is_whole():
    """As many as it says of itself."""
    assert Counter(STANDARD.values()) == {"1": 70, "2": 183, "3": 92}


def test_every_requirement_of_levels_1_and_2_stands_once():
    ids = [row[0] for row in ROWS] + LEFT_OUT
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert set(ids) - set(STANDARD) == set()
    assert {name for name, level in STANDARD.items() if level != "3"} - set(ids) == set()


def test_every_row_has_its_level_its_state_and_a_proof():
    for name, level, short, state, proof in ROWS:
        assert level == STANDARD[name], name
        assert state in ("met", "partly", "not met"), name
        assert short, name
        assert proof, name
        assert state != "met" or "`" in proof, f"{name}: met, and nothing shows it"


def test_rows_stand_in_their_chapter_and_order():
    chapters = re.split(r"^## V", TABLE, flags=re.M)[1:]
    assert [int(chapter.split()[0]) for chapter in chapters] == list(range(1, 18))
    for chapter in chapters:
        ids = re.findall(r"^\| (\d+\.\d+\.\d+) ", chapter, re.M)
        assert ids == sorted(ids, key=lambda name: [int(part) for part in name.split(".")])
        assert {name.split(".")[0] for name in ids} <= {chapter.split()[0]}


def test_what_does_not_apply_says_why():
    for line in TABLE.splitlines():
        if line.startswith("Not applicable: "):
            assert re.fullmatch(r"Not applicable: (\d+\.\d+\.\d+, )*\d+\.\d+\.\d+ \(.+\)(, .+\))*\.", line)


def test_the_text_counts_what_the_table_says():
    counts = Counter(row[3] for row in ROWS)
    counted = (
        f"{counts['met']} met, {counts['partly']} partly, {counts['not met']} not met, {len(LEFT_OUT)} not applicable"
    )
    assert counted in TABLE
    assert counted in POLICY


def test_what_is_not_met_is_said_in_the_policy():
    for row in ROWS:
        if row[3] == "not met":
            assert row[0] in POLICY, row[0]
