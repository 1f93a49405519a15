"""A real browser: what a page complains about, and the way to the next one."""

from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request


def listen(page: Page) -> list[str]:
    """Everything that the console or the network of `page` complains about from now on, and each word to a stranger."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
    page.on("requestfailed", lambda request: heard.append(request.url) if not _left_behind(request) else None)
    page.on("request", lambda request: heard.append(request.url) if _is_elsewhere(request.url) else None)
    return heard


def follow(target: Locator, key: str = "") -> None:
    """Click `target`, or press `key` on it, and wait until the page that it leads to stands. A click alone may return
    before that page begins: on a slow machine what comes next then looks at the page before."""
    with target.page.expect_navigation():
        if key:
            target.press(key)
        else:
            target.click()


def _left_behind(request: Request) -> bool:
    """The page was left while this was under way: on a slow machine a poll or the icon often is. What the headers
    refuse fails with another word."""
    return request.failure == "net::ERR_ABORTED"


def _is_elsewhere(url: str) -> bool:
    return urlsplit(url).scheme.startswith("http") and urlsplit(url).hostname not in ("127.0.0.1", "localhost")
