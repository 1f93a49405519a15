"""Posting to an address that somebody else chose: only https to a public host, one deadline, and no answer is kept.

Whoever names an address could mean a machine beside ours. So a name is resolved once for each call, each address that
it leads to must be public, and the connection goes to the very address that was looked at.
"""

import ipaddress

import requests
from django.conf import settings

from billing.channels import http

SECONDS = 10.0
_LOOK_PUBLIC = [ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotDelivered(Exception):
    """Nobody answered. `code` says why, in a word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_public(address: Address) -> bool:
    """Tell whether everybody on the internet reaches the same machine at this address.

    IPv6 addresses that stand for an IPv4 one are refused: what they lead to is not to be seen.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or any(address in network for network in _LOOK_PUBLIC):
            return False
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post `body` as JSON and return the status of the answer, whatever it is. Raises NotDelivered."""
    own = {"Content-Type": "application/json", "User-Agent": "Zorgrekening-Webhooks/1", "Accept": "*/*"}
    allowed = None if settings.SANDBOX and url.startswith("http://") else is_public
    if allowed is not None and not url.startswith("https://"):
        raise NotDelivered("not-https")
    try:
        with (
            http.session(SECONDS, allowed=allowed) as session,
            session.post(
                url, data=body, headers={**own, **headers}, timeout=SECONDS / 2, allow_redirects=False, stream=True
            ) as answer,
        ):
            return answer.status_code
    except requests.TooManyRedirects as redirect:  # requests looks where it leads even when it is not to follow
        return redirect.response.status_code if redirect.response is not None else 0
    except http.NotAllowed:
        raise NotDelivered("not-public") from None
    except requests.exceptions.SSLError:
        raise NotDelivered("tls") from None
    except (requests.exceptions.Timeout, TimeoutError):
        raise NotDelivered("timeout") from None
    except (requests.RequestException, OSError, ValueError):
        raise NotDelivered("no-connection") from None
