"""What every page may use."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {"sandbox": settings.SANDBOX, "site_host": urlsplit(settings.PUBLIC_URL).netloc}
