"""What is read while a person waits takes two seconds and 100 MB at most, whatever somebody fills a file with."""

import gc
import time
from pathlib import Path

import pytest

from billing.errors import Refused
from billing.models import SubmittedFile
from portal.intake.adapters import citizen, recognising, table
from tests.portal.intake.adapters import made_gds801, made_mz301
from tests.portal.intake.adapters.test_formats import SHEET

SECONDS, MEMORY = 2.0, 100 * 1024**2
MB = 1024**2
HEAD = b";".join(b"c%d" % place for place in range(102)) + b"\n"
LIST = b"[" + b",".join([b"[" + b",".join([b"[]"] * 400) + b"]"] * 400) + b"]"


def empty_cells(megabytes):
    row = b";" * 101 + b"\n"
    return HEAD + row * ((megabytes * MB - len(HEAD)) // len(row))


def sheet(rows):
    head, first = SHEET.strip().splitlines()[:2]
    return "\n".join([head, *(f"{first}{place}" for place in range(rows))]).encode()


FILES = {
    "17 MB of empty cells": (lambda: empty_cells(17), Refused),
    "8 MB of empty cells": (lambda: empty_cells(8), None),
    "rows of one cell": (lambda: HEAD + b"x\n" * (3 * MB), Refused),
    "rows of nothing": (lambda: HEAD + b"\n" * (7 * MB), Refused),
    "many full rows": (lambda: sheet(40_000), Refused),
    "records of nothing": (lambda: made_mz301.many(1).content()[:312] + b"\n" * (7 * MB), Refused),
    "25 MB of records": (lambda: made_mz301.many(1).content() + b"98".ljust(312) * (25 * MB // 312), Refused),
    "elements of nothing": (
        lambda: made_gds801.file(made_gds801.insured()).replace(b"<Verzekerde>", b"<Verzekerde>" + b"<a/>" * MB, 1),
        Refused,
    ),
}


def read(content):
    kind = recognising.kind_of(content)
    if kind == SubmittedFile.Kind.CSV:
        table.read(content).content()
    elif kind != SubmittedFile.Kind.JSON:
        recognising.convert(kind, content, agb_code="11012345")


def taken(content):
    """Return seconds of the processor, the most memory at a time beside what there was, and how it ended."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the most memory begins again
    before, started = memory_now("VmRSS"), time.process_time()
    try:
        read(content)
    except Refused:
        ended: type[Exception] | None = Refused
    else:
        ended = None
    return time.process_time() - started, memory_now("VmHWM") - before, ended


def memory_now(name):
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("name", FILES)
def test_what_somebody_fills_a_file_with_is_read_or_refused_in_time(name):
    made, ends = FILES[name]
    seconds, memory, ended = taken(made())
    assert (ended, seconds < SECONDS, memory < MEMORY) == (ends, True, True), (seconds, memory)


def test_one_invoice_that_never_ends_is_not_held_whole():
    content = b'{"format":"invoice-batch/2","invoices":[{"a":[' + b",".join([LIST] * 20) + b"]}]}"
    seconds, memory, _ended = taken(content)
    assert (seconds < SECONDS, memory < MEMORY) == (True, True), (seconds, memory)
    assert list(citizen.patients_of(content)) == []


def test_what_is_short_enough_and_empty_keeps_its_rows_in_their_places():
    read = table.read(b"a;b\n;\n1;2\n ; \n3;4\n")
    assert read.rows == [["", ""], ["1", "2"], ["", ""], ["3", "4"]]
    assert table.stored(read.content()).rows == read.rows
