"""Keyed digests of rows: HMAC-SHA256 with a key that the database does not hold.

Triggers keep the product from changing a row; the owner of the tables can switch them off. Without the key of
DIGEST_KEYS nobody can make the digest of a changed or a forged row.
"""

import hmac
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import Model

from billing.encryption import parse_keys
from billing.rows import stored_as_it_is

LENGTH = 68  # "255:" and 64 hexadecimal digits


@lru_cache(maxsize=4)
def _keys(digest_keys: str) -> dict[int, bytes]:
    keys = parse_keys(digest_keys, name="DIGEST_KEYS")
    if any(len(set(key)) == 1 for key in keys.values()):
        raise ImproperlyConfigured("DIGEST_KEYS holds a key that is no secret: all its bytes are the same")
    return keys


def current_key_id() -> int:
    """Return the id of the key that makes digests now: the first in DIGEST_KEYS."""
    return next(iter(_keys(settings.DIGEST_KEYS)))


def keyed_digest(purpose: str, values: Iterable[Any], *, key_id: int | None = None) -> str:
    """Return the digest of `values` as `key id:hex`; `purpose` keeps one use from passing for another.

    Values are what JSON knows, and moments, which count as the same in every time zone. Raises KeyError for a key that
    is not in DIGEST_KEYS.
    """
    keys = _keys(settings.DIGEST_KEYS)
    key_id = next(iter(keys)) if key_id is None else key_id
    content = _AS_JSON.encode([purpose, *values]).encode()
    return f"{key_id}:{hmac.digest(keys[key_id], content, 'sha256').hex()}"


def is_digest_of(digest: str, purpose: str, values: Iterable[Any]) -> bool:
    """Tell whether `digest` was made of `values` for `purpose` with one of our keys."""
    key_id, _, _digits = digest.partition(":")
    try:
        return hmac.compare_digest(digest, keyed_digest(purpose, values, key_id=int(key_id)))
    except (ValueError, KeyError, TypeError):
        return False  # no digest of ours: no key id in front, a key that we don't have, or not even ASCII


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else str(value)


_AS_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_as_text)  # made once: it is used by the row


class DigestField(models.CharField):
    """The keyed digest of the other columns of a row, made when the row is inserted, also in bulk.

    It is named `digest`. The id is not covered, because bulk inserts don't know it: something unique of the row has to
    be, so that a copy of it is refused, or found because two digests are the same.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        settled: dict[str, Any] = {"max_length": LENGTH, "editable": False, "default": ""}
        super().__init__(*args, **settled | kwargs)

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        """Compute the digest of a row that is inserted; keep that of any other."""
        if add:
            setattr(model_instance, self.attname, digest_of(model_instance))
        return super().pre_save(model_instance, add)


@cache
def _covered(model: type[Model]) -> list[tuple[str, type | None, Callable[[Any], Any]]]:
    """Return what the digest covers: each column, the type that it takes as it is, and what prepares the others."""
    fields = (f for f in model._meta.concrete_fields if not (f.primary_key or isinstance(f, DigestField)))
    return [(field.attname, stored_as_it_is(field), field.get_prep_value) for field in fields]


def digest_of(row: Model) -> str:
    """Return the digest that `row` must have, with the newest key."""
    return keyed_digest(row._meta.db_table, _values(row))


def is_as_written(row: Any) -> bool:
    """Tell whether the `digest` of `row`, its DigestField, was made by us for just these values."""
    return is_digest_of(row.digest, row._meta.db_table, _values(row))


def _values(row: Model) -> list[Any]:
    values = []
    for attribute, as_it_is, prepare in _covered(type(row)):
        value = getattr(row, attribute)
        values.append(value if type(value) is as_it_is else prepare(value))
    return values
