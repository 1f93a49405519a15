"""What several files of these tests share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.smtp_sink import Sink


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """A real mail server of this test alone, and the settings that lead to it."""
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink
