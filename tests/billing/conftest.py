"""Fixtures that several of these test modules share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.smtp_sink import Sink


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """Start a real mail server for this test only, and point the settings to it."""
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink
