"""A real Chromium at the running product."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.product import Product
from tests.journeys.visitor import Visitor


@pytest.fixture
def visit(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visitor]]:
    """Open a window: `visit(width=320, javascript=False, dark=True)`."""
    visitors: list[Visitor] = []

    def open_window(*, width: int = 1280, javascript: bool = True, dark: bool = False) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            locale="nl-NL",
        )
        name = request.node.name.removeprefix("test_").translate(str.maketrans("[]", "- ")).strip()
        visitors.append(Visitor(context, home=product.url, name=name, javascript=javascript))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.page.context.close()
    problems = [problem for visitor in visitors for problem in visitor.problems]
    assert not problems, "\n".join(problems)
