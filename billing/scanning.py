"""Asking the virus scanner about a file that somebody sent us."""

from django.conf import settings

from billing.gateways import virus_scan


def is_infected(content: bytes) -> bool:
    """Whether the scanner finds a virus; False when none is configured (CLAMAV_URL).

    Raises GatewayUnknown when one is configured and gives no answer: then nobody may open the file yet.
    """
    return bool(settings.CLAMAV_URL) and virus_scan.is_infected(content, url=settings.CLAMAV_URL)
