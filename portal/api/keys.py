"""Keys of programs: made once, shown once, replaced with an overlap, and revoked."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import Provider
from portal.models import ApiKey
from portal.models.keys import Scope

PATIENT_DATA = "patient by program"  # what the access log calls how a patient is reached, read by a program
LINKS = "links by program"  # of invoices that a program handed in
LIFE = timedelta(days=730)
OVERLAP = timedelta(days=7)  # in which a key and the one that replaces it both work
MAX_KEYS = 20  # of one practice that are valid at a time
LIVE, TEST = "live", "test"
_FORM = re.compile(r"zk_(live|test)_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_USED_EVERY = timedelta(minutes=1)
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def mode() -> str:
    """Return the kind of key that this site takes: `test` in the sandbox, `live` where people pay.

    The kind stands in the key, so that one that was set up at the wrong place is told so instead of being unknown.
    """
    return TEST if settings.SANDBOX else LIVE


def make(
    provider: Provider, name: str, *, by: str, scopes: Iterable[str] = Scope.values, now: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return its row and the key itself, which nobody can read again. Raises Refused."""
    now = now or timezone.now()
    name, chosen = " ".join(name.split()), [scope for scope in Scope.values if scope in set(scopes)]
    if not name or len(name) > 50:
        raise Refused(_("Write which program the key is for, in at most 50 characters."))
    if not chosen:
        raise Refused(_("Choose what the program may do."))
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        if len(valid_keys(provider, now=now)) >= MAX_KEYS:
            raise Refused(_("This practice has %d keys that work. Revoke one that is not used.") % MAX_KEYS)
        row, text = _new(provider, name, chosen, by=by, now=now)
        audit.record("api_key_made", by=by, provider=provider.agb_code, number=row.public_id, scopes=chosen)
    return row, text


def rotate(key: ApiKey, *, by: str, now: datetime | None = None) -> tuple[ApiKey, str]:
    """Make a key that replaces `key`, which goes on working for OVERLAP; return it as `make` does. Raises Refused."""
    now = now or timezone.now()
    with transaction.atomic():
        old = ApiKey.objects.select_for_update().get(pk=key.pk)
        if not old.is_valid(now):
            raise Refused(_("This key has ended. Make a new one."))
        ApiKey.objects.filter(pk=old.pk).update(expires_at=min(old.expires_at, now + OVERLAP))
        row, text = _new(old.provider, old.name, old.scopes, by=by, now=now)
        names: dict[str, Any] = {"number": row.public_id, "replaces": old.public_id}
        audit.record("api_key_rotated", by=by, provider=old.provider.agb_code, **names)
    return row, text


def revoke(key: ApiKey, *, by: str, now: datetime | None = None) -> bool:
    """End a key at once; return False when it was revoked before."""
    with transaction.atomic():
        standing = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if not standing.update(revoked_at=now or timezone.now(), revoked_by=by):
            return False
        audit.record("api_key_revoked", by=by, provider=key.provider.agb_code, number=key.public_id)
    return True


def valid_keys(provider: Provider, *, now: datetime) -> list[ApiKey]:
    """Return the keys of a practice that work at `now`."""
    return [key for key in ApiKey.objects.filter(provider=provider, revoked_at=None) if key.is_valid(now)]


def made_by(actor: str, provider: Provider, *, now: datetime) -> list[ApiKey]:
    """Return the keys of a practice that work at `now` and that this person made, and so may have read."""
    return [key for key in valid_keys(provider, now=now) if key.created_by == actor]


def kind_of(text: str) -> str:
    """Return for which kind of site a key is, `live` or `test`; empty for what is no key."""
    found = _FORM.fullmatch(text)
    return found[1] if found else ""


def find(text: str, *, now: datetime) -> ApiKey | None:
    """Return the row of a key that works at `now` on this site; None for any other text. Notes that it was used."""
    found = _FORM.fullmatch(text)
    if found is None or found[1] != mode():
        return None
    key = ApiKey.objects.select_related("provider").filter(public_id=found[2]).first()
    if key is None or not constant_time_compare(bytes(key.secret_hash), _hash(text)) or not key.is_valid(now):
        return None
    if key.last_used_at is None or now - key.last_used_at >= _USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _new(provider: Provider, name: str, scopes: list[str], *, by: str, now: datetime) -> tuple[ApiKey, str]:
    public_id = "".join(secrets.choice(_LETTERS) for _place in range(12))
    text = f"zk_{mode()}_{public_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        provider=provider, name=name, public_id=public_id, secret_hash=_hash(text), scopes=scopes, created_at=now,
        created_by=by, expires_at=now + LIFE,
    )  # fmt: skip
    return row, text


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
