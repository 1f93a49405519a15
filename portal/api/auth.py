"""Who asks: a program with a key in the header `Authorization`, and what that key may do. No cookie is ever read."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from portal.api import keys, limits
from portal.api.problems import Problem
from portal.models import ApiKey
from portal.models.keys import Scope


class Key(HttpBearer):
    """Let only programs in whose key has this scope. The view finds the row as `request.auth`."""

    openapi_bearerFormat = "zk_live_… or, of the sandbox, zk_test_…"  # noqa: N815  the name is OpenAPI's

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """Return the row of the key. Raises Problem."""
        if not request.headers.get("Authorization"):
            limits.count_unknown(request)
            raise Problem("key-missing")
        found = super().__call__(request)
        if found is None:
            limits.count_unknown(request)
            raise Problem("key-unknown")
        return found

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = keys.find(token.strip(), now=timezone.now())
        if key is None:
            kind = keys.kind_of(token.strip())
            if kind and kind != keys.mode():
                limits.count_unknown(request)
                raise Problem("key-of-the-sandbox" if kind == keys.TEST else "key-is-live")
            return None
        limits.count(request, key)
        if self.scope not in key.scopes:
            raise Problem("not-allowed", detail=_("The key lacks the scope %s.") % self.scope.value)
        return key


def key_of(request: HttpRequest) -> ApiKey:
    """Return the row of the key that let the request in."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key
