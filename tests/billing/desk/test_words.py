"""The trail in words: every detail that a rule writes has a word, or is left out on purpose; codes become labels."""

import ast

import pytest
from django.conf import settings

from billing import audit
from billing.desk.words import LEFT_OUT, NAMES, in_words
from billing.desk.words.notes import NOTES, note_in_words
from billing.dunning.blockers import REASONS
from billing.models import AuditEvent
from tests import factories

PACKAGES = ("billing", "guests", "coulance", "complaints", "banking", "debt_collection", "forbearance", "portal")
RECORDING = ("audit.record", "audit.record_each", "audit.event")
OF_RECORD = {"by", "invoice", "invoices", "patient", "written", None}


def details_written() -> set[str]:
    """The names of all details that are passed to `audit.record` by name, anywhere."""
    found: set[str] = set()
    for path in (path for package in PACKAGES for path in (settings.ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())) if "audit.record" in path.read_text() else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) in RECORDING:
                found |= {keyword.arg for keyword in node.keywords}
    return found - OF_RECORD


def test_every_detail_has_a_word_or_is_left_out():
    written = details_written()
    assert len(written) > 20
    assert written - NAMES.keys() - LEFT_OUT == set(), "give it a word in billing/desk/words, or leave it out there"
    assert not NAMES.keys() & LEFT_OUT


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"reason": "handed_over"}, "reden: een incassobureau int deze rekening"),
        ({"reason": "no_address"}, "reden: er is geen e-mailadres bekend"),
        ({"kind": "surplus", "task": 7}, "soort: te veel betaald: keur de terugbetaling goed"),
        ({"amount": "1234.50", "on": "2026-11-03"}, "bedrag: €\u00a01.234,50, dag: 03-11-2026"),
        ({"was": "50.00"}, "was: €\u00a050,00"),
        ({"role": "approver"}, "rol: beslisser van de zorgaanbieder"),
        ({"act": "pause", "granted": False}, "recht: een rekening pauzeren, medewerkers mogen: nee"),
        ({"fields": ["email"]}, "velden: e-mail"),
        ({"reason": "something_new"}, "reden: something new"),
        ({"digest": "abc", "message": 3}, ""),
    ],
)
def test_codes_are_labels(details, words):
    event = AuditEvent(action="hold_placed", by="system", details=details)
    assert in_words(event, {}).startswith(words)
    assert in_words(event, {}) != "" or words == ""


def constants_of_tasks() -> set[str]:
    """What rules write on tasks and always the same."""
    found: set[str] = set()
    paths = (path for package in PACKAGES for path in (settings.ROOT / package).rglob("*.py"))
    texts = (text for text in (path.read_text() for path in paths) if "_task(" in text or "close_superseded(" in text)
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.close_superseded", "audit.open_task"):
                values = [keyword.value for keyword in node.keywords if keyword.arg in ("reason", "note")]
                found |= {value.value for value in values if isinstance(value, ast.Constant)}
    return found


def test_every_note_of_a_task_has_words():
    written = constants_of_tasks()
    assert {"refused", "intake_alive", "bounced"} <= written
    assert written - NOTES.keys() - REASONS.keys() == set(), "give it words in billing/desk/words/notes.py"


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("40.00: refund approved", "€\u00a040,00: terugbetaling goedgekeurd"),
        ("intake_alive", "mails die terugkomen bereiken ons weer"),
        ("bounced: looked_up", "de e-mail kwam terug: opgezocht"),
        ("2026-12-31", "31-12-2026"),
        ("11012345", "11012345"),
        ("", "–"),
    ],
)
def test_the_note_of_a_task_is_read_in_words(note, words):
    assert note_in_words(note) == words


@pytest.mark.django_db
def test_a_member_of_staff_is_named():
    member = factories.staff(username="an")
    assert in_words(AuditEvent(action="x", by="system", details={"staff": member.pk}), {}) == "medewerker: an"
    assert audit.actor("staff:an") == "an"
