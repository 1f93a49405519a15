import pytest


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A document storage of this test alone."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path
