from tests.coulance.conftest import media  # noqa: F401
