"""A room is one folder and one line in INSTALLED_APPS: proven by making one."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.urls import path

from billing import rooms
from portal import checks
from tests.toy.files import FILES


def test_a_room_in_a_folder_of_its_own_works_with_one_line(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    environment = os.environ | {
        "PYTHONPATH": f"{tmp_path}:{settings.ROOT}",
        "DJANGO_SETTINGS_MODULE": "settings",
        "DATA_DIR": str(tmp_path / "var"),
    }
    environment.pop("DATABASE_URL", None)
    played = subprocess.run(
        [sys.executable, "-m", "tests.toy.play", str(tmp_path)],
        cwd=settings.ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert played.stdout.endswith("every announcement did its work\n"), played.stderr


@pytest.fixture
def announced(monkeypatch):
    """Let other announcements stand in the place of those of the installed rooms, for this test."""
    merged = (rooms.message_kinds, rooms.audit_labels, rooms.acts, rooms.hold_reasons, rooms.beats, rooms.intake_fields)

    def forget():
        for of in merged:
            of.cache_clear()

    def announce(*announcements):
        forget()
        monkeypatch.setattr(rooms, "announcements", lambda: announcements)

    yield announce
    forget()


@pytest.mark.parametrize(
    "said",
    [
        {"audit_labels": {"same": "words"}},
        {"acts": {"same": rooms.Act("words")}},
        {"beat": {"same": rooms.Beat("toy.work", 1.0, expires=1)}},
        {"intake": rooms.Intake({"same": None}, print, print)},
        {"patient_urls": [path("same/", print, name="same")]},
    ],
    ids=lambda said: next(iter(said)),
)
def test_two_rooms_with_one_name_are_refused(said, announced):
    announced(rooms.Announcement(**said), rooms.Announcement(**said))
    (message,) = checks.check_rooms()
    assert (message.id, message.msg) == ("portal.E017", "Two rooms announce same.")
    announced(rooms.Announcement(**said))
    assert checks.check_rooms() == []


def test_a_field_of_every_invoice_is_no_rooms(announced):
    announced(rooms.Announcement(intake=rooms.Intake({"number": None}, print, print)))
    assert [message.id for message in checks.check_rooms()] == ["portal.E017"]
