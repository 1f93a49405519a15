"""Files that a worker draws: what a browser gets once it did."""

from typing import Any

from billing.documents import drawing


def downloaded(client: Any, address: str) -> Any:
    """Ask for a file, see the page that waits for it, let a worker draw it, and return the file."""
    led_on = client.get(address)
    assert led_on.status_code == 303, led_on
    waits = client.get(led_on["Location"])
    assert (waits.status_code, waits["Content-Type"][:9]) == (200, "text/html")
    assert 'http-equiv="refresh"' in waits.content.decode(), "it looks again by itself"
    drawing.sweep()
    return client.get(led_on["Location"])
