"""What all tests of the bank need."""

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Let refusals be in English, as the tests quote them."""
    with translation.override("en"):
        yield
