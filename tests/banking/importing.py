"""Hands files in, for tests."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from banking import details
from banking.importing import Outcome, import_file
from banking.models import BankLine
from tests.banking import lines
from tests.banking.camt_files import MONDAY


def hand_in(folder: Path, content: bytes, **options: Any) -> Outcome:
    """Hand in a file with these bytes, on a day after all statements of the tests unless said otherwise."""
    lines.account()
    path = folder / f"{uuid4().hex}.file"
    path.write_bytes(content)
    return import_file(path, by="test", **{"today": MONDAY.replace(month=12)} | options)


def amounts() -> list[str]:
    """Return the amounts of all lines in the order of their days."""
    return [str(line.amount) for line in BankLine.objects.exclude(status="replaced")]


def texts() -> list[str]:
    """Return the texts of all lines in the order of their days."""
    return [details.of_line(line).text for line in BankLine.objects.exclude(status="replaced")]
