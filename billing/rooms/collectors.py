"""Who else collects claims of ours, as a type."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collector:
    """Who collects claims of ours, as our letters name it: whom to pay, call and write to, and who settles disputes.

    The number is as it is dialled from abroad; the address on the web may be empty.
    """

    iban: str
    phone: str
    email: str
    dispute_body_url: str
