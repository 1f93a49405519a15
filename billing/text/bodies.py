"""To whom outside the product people are sent."""

from dataclasses import dataclass

from billing.rooms.desk import Text


@dataclass(frozen=True, slots=True)
class Body:
    """Somebody outside: what they do, how to call them (empty: not by one number), and their address on the web."""

    name: Text
    what: Text
    phone: str
    url: str
