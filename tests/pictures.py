"""Pictures of pages for who wants to look at them."""

import os
from pathlib import Path

from playwright.sync_api import Page


def keep(page: Page, name: str) -> None:
    """Take a picture of the whole page, when the environment names a folder for them: SCREENSHOTS=/tmp/shots."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
