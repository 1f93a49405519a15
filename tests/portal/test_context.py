"""The token of a page's forms: Django's own in another mask for each page, drawn at once."""

import secrets

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CsrfViewMiddleware
from django.test import RequestFactory
from django.utils.crypto import get_random_string

from portal.context import masked


def answer(_request):
    return HttpResponse()


def a_secret():
    return get_random_string(32, CSRF_ALLOWED_CHARS)


def refusal(token, secret):
    """Return what Django answers to a form with this token from a browser with this secret; None when it lets it in."""
    request = RequestFactory().post("/", {"csrfmiddlewaretoken": token})
    request.COOKIES[settings.CSRF_COOKIE_NAME] = secret
    middleware = CsrfViewMiddleware(answer)
    middleware.process_request(request)
    return middleware.process_view(request, answer, (), {})


def test_django_takes_a_masked_secret_for_the_secret_and_for_no_other():
    for _ in range(100):
        secret = a_secret()
        assert refusal(masked(secret), secret) is None
    assert refusal(masked(secret), a_secret()).status_code == 403


def test_each_page_has_another_mask_of_all_characters():
    secret = a_secret()
    tokens = [masked(secret) for _ in range(1000)]
    assert len({token[:32] for token in tokens}) == len({token[32:] for token in tokens}) == 1000
    assert set("".join(token[:32] for token in tokens)) == set(CSRF_ALLOWED_CHARS)


def test_bytes_that_would_favour_some_characters_are_not_used(monkeypatch):
    """256 is no multiple of 62: from 248 on bytes would make the first eight characters come five times in four."""
    monkeypatch.setattr(secrets, "token_bytes", lambda count: (bytes([255, 248, 247, 0, 1, 62]) * count)[:count])
    assert masked("a" * 32)[:32] == "9aba" * 8
