"""What somebody hears who can't see: the core journeys by keyboard in Chromium, with the screen reader Orca.

Run by its name alone, on a machine that has them (`docs/accessibility-by-hand.md`):
`HEARD=/tmp/heard.txt .venv/bin/python -m pytest -s tests/portal/pages/walk_with_orca.py`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import factories
from tests.orca import Orca

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow_because("a person listens")]


@pytest.fixture
def orca(tmp_path) -> Iterator[Orca]:
    with ExitStack() as stack:
        yield Orca(tmp_path, stack)


@pytest.fixture
def tell() -> Callable[[str, list[str]], None]:
    transcript = Path(os.environ["HEARD"])

    def write(title: str, lines: list[str]) -> None:
        with transcript.open("a") as file:
            file.write("\n".join([f"\n== {title}", *lines, ""]))

    return write


def find(orca, sandbox, invoice):
    orca.go(sandbox.url)
    orca.tab_to("Betalingskenmerk entry")
    orca.type(invoice.payment_reference)
    return orca.press("Return", at_least=20, until="Page has")


def test_pages_as_they_are_heard(orca, sandbox, tell):
    invoice = factories.invoice(amount="234.50")
    tell("the first page", orca.open(sandbox.url) + orca.lines())
    tell("the invoice", find(orca, sandbox, invoice) + orca.lines())
    for part in ("uitstel/", "betalingsregeling/", "stappen/", "klacht/"):
        tell(part, orca.go(f"{sandbox.url}/rekening/{invoice.token}/{part}") + orca.lines())
    for path in ("/echt/", "/hulp/", "/contact/"):
        tell(path, orca.go(sandbox.url + path) + orca.lines())


def test_what_is_done_and_done_wrong_is_heard(orca, sandbox, tell):
    invoice = factories.invoice(amount="234.50")
    orca.open(sandbox.url)
    orca.tab_to("Betalingskenmerk entry")
    orca.type("1234 5678")
    tell("a wrong reference", orca.press("Return", at_least=20, until="Page has"))
    find(orca, sandbox, invoice)
    orca.go(f"{sandbox.url}/rekening/{invoice.token}/uitstel/")
    tell("a later day: to the button", orca.tab_to("push button"))
    tell("a later day: done", orca.press("Return", at_least=20, until="Page has"))
