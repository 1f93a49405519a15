"""A return path for each message (VERP): a bounce says by its address which message it is about.

Relays replace a Message-ID and some reports return nothing of the mail, but a report always goes to the return path.
The token is keyed, so that nobody can report a message of which they have not seen the envelope.
"""

import re
from datetime import date
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from billing.text.addresses import in_ascii

_PROBE = "probe"
_TOKEN = re.compile(r"\+(?P<name>[0-9]{1,18}|probe[0-9]{8})-(?P<mac>[0-9a-f]{20})@", re.IGNORECASE)


def sender() -> str:
    """Return the address in From."""
    return _address_in(settings.DEFAULT_FROM_EMAIL)


@lru_cache(maxsize=1)  # each mail asks twice
def _address_in(named: str) -> str:
    return in_ascii(parseaddr(named)[1])


def address_of(message_id: int) -> str:
    """Return the return path of the message with this key; the sender's own address where BOUNCE_ADDRESS is not set."""
    return _tagged(str(message_id)) if settings.BOUNCE_ADDRESS else sender()


def probe_address(day: date) -> str:
    """Return the address of our own bounces for the mail that shows, on `day`, that they are taken in."""
    return _tagged(f"{_PROBE}{day:%Y%m%d}")


def message_of(text: str) -> int | None:
    """Return the key of the message whose return path stands in `text`; None when there is none of ours."""
    return next((int(name) for name in _names(text) if name.isdecimal()), None)


def holds_probe(text: str) -> bool:
    """Tell whether the address of one of our own probes stands in `text`."""
    return any(name.startswith(_PROBE) for name in _names(text))


def _names(text: str) -> list[str]:
    return [found["name"].lower() for found in _TOKEN.finditer(text) if _is_ours(found["name"], found["mac"])]


def _tagged(name: str) -> str:
    local, _at, domain = in_ascii(settings.BOUNCE_ADDRESS).rpartition("@")
    return f"{local}+{name}-{_mac(name, settings.SECRET_KEY)}@{domain}"


def _is_ours(name: str, mac: str) -> bool:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(mac.lower(), _mac(name.lower(), str(key))) for key in keys)


def _mac(name: str, key: str) -> str:
    return salted_hmac("return-path", name, secret=key, algorithm="sha256").hexdigest()[:20]
