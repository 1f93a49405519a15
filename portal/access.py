"""Who is asking, how often, and what this browser may see."""

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    return request.META["REMOTE_ADDR"]
