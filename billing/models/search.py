"""Columns by which staff find a row: made from its other columns whenever it is saved, also in bulk.

Whoever writes those columns by `update()` writes these as well.
"""

from typing import Any

from django.conf import settings
from django.db import models

from billing.encryption import parse_keys
from billing.integrity.keyed import keyed_digest

_DIGITS = 16  # of the digest: 64 bits, enough to tell the dates of a practice apart
KEYED = 4 + _DIGITS


class SearchText(models.TextField):
    """The words of a row, folded, each with a space on both sides; `search_words()` of the row returns them.

    PostgreSQL finds any part of it by an index of trigrams (see the migration of the triggers).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        settled: dict[str, Any] = {"editable": False, "default": "", "blank": True}
        super().__init__(*args, **settled | kwargs)

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """Make the text anew from the row."""
        setattr(model_instance, self.attname, joined(model_instance.search_words()))
        return super().pre_save(model_instance, add)


class BirthKey(models.CharField):
    """The keyed digest of the date of birth in a row with a sealed `identity`, by which it can be found and not read.

    Bound to the practice: the same date at another practice has another key.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        settled: dict[str, Any] = {"max_length": KEYED, "editable": False, "default": "", "blank": True}
        super().__init__(*args, **settled | kwargs)

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """Make the key anew from the sealed date."""
        if model_instance.sealed_identity:
            born = model_instance.identity.get("date_of_birth", "")
            setattr(model_instance, self.attname, birth_key(model_instance.provider_id, born))
        return super().pre_save(model_instance, add)


def joined(words: list[str]) -> str:
    """Return words as the column holds them, without doubles and empty ones."""
    kept = " ".join(word for word in dict.fromkeys(words) if word)
    return f" {kept} " if kept else ""


def birth_key(provider_id: int, born: str) -> str:
    """Return the key of a date of birth (ISO, with 00 for what is not known) at one practice; empty for none."""
    return _key(provider_id, born, None) if born else ""


def birth_keys(provider_id: int, born: str) -> list[str]:
    """Return the keys by which a date can be stored: one for each key in DIGEST_KEYS."""
    return [_key(provider_id, born, key_id) for key_id in parse_keys(settings.DIGEST_KEYS, name="DIGEST_KEYS")]


def _key(provider_id: int, born: str, key_id: int | None) -> str:
    key, _colon, digits = keyed_digest("birth_date", [provider_id, born], key_id=key_id).partition(":")
    return f"{key}:{digits[:_DIGITS]}"
