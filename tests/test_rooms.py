"""A room is one folder and one line in INSTALLED_APPS: proven by making one."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from billing import rooms
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


def test_two_rooms_with_one_name_are_refused(monkeypatch):
    twice = rooms.Announcement(audit_labels={"same": "words"})
    monkeypatch.setattr(rooms, "announcements", lambda: (twice, twice))
    rooms.audit_labels.cache_clear()
    with pytest.raises(ImproperlyConfigured, match="same"):
        rooms.audit_labels()
    rooms.audit_labels.cache_clear()
