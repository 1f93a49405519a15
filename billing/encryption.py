"""Field encryption ("sealing") of health data: AES-256-GCM, bound to the row and column of the value.

A sealed value moved to another row or column, or opened with a wrong key, is an error: ciphertext or somebody else's
data never reach a screen. Layout: key id (1 byte) · nonce (12) · ciphertext and tag.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12
TAG_BYTES = 16
_AS_JSON = json.JSONEncoder(sort_keys=True)  # made once: it is used by the row


class Unreadable(Exception):
    """A sealed value that can't be opened: wrong key, wrong row or column, or tampered with."""


@lru_cache(maxsize=4)
def _ciphers(field_keys: str) -> dict[int, AESGCM]:
    """Return the ciphers by key id, newest first, from `id:base64url[,id:base64url…]`."""
    return {key_id: AESGCM(key) for key_id, key in parse_keys(field_keys, name="FIELD_KEYS").items()}


def parse_keys(text: str, *, name: str) -> dict[int, bytes]:
    """Return the 32-byte keys in the setting `name` by id, newest first. Raises ImproperlyConfigured."""
    keys: dict[int, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            keys[int(key_id)] = base64.urlsafe_b64decode(encoded)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be id:base64url(32 bytes)[,…]") from error
        if len(keys[int(key_id)]) != 32 or not 0 <= int(key_id) <= 255:
            raise ImproperlyConfigured(f"{name} must hold 32-byte keys with ids from 0 to 255")
    return keys


def current_key_id() -> int:
    """Return the id of the key that seals now: the first in FIELD_KEYS."""
    return next(iter(_ciphers(settings.FIELD_KEYS)))


def seal(plain: bytes, *, bound_to: str) -> bytes:
    """Seal `plain` with the newest key; `bound_to` names table, column and row and is needed to unseal it."""
    ciphers = _ciphers(settings.FIELD_KEYS)
    key_id = next(iter(ciphers))
    nonce = os.urandom(NONCE_BYTES)
    return bytes([key_id]) + nonce + ciphers[key_id].encrypt(nonce, plain, bound_to.encode())


def sealed_size(size: int) -> int:
    """Return how many bytes a sealed value of `size` bytes has."""
    return 1 + NONCE_BYTES + size + TAG_BYTES


def seal_parts(parts: Iterable[bytes], *, bound_to: str) -> Iterator[bytes]:
    """Seal what comes in parts, so that it is never in memory as a whole; yield parts of what `seal` would return."""
    key_id, key = next(iter(parse_keys(settings.FIELD_KEYS, name="FIELD_KEYS").items()))
    nonce = os.urandom(NONCE_BYTES)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bound_to.encode())
    yield bytes([key_id]) + nonce
    for part in parts:
        yield encryptor.update(part)
    yield encryptor.finalize() + encryptor.tag


def unseal(sealed: bytes | memoryview, *, bound_to: str) -> bytes:
    """Return the plain bytes. Raises Unreadable for a wrong key or `bound_to`, and for changed data."""
    sealed = bytes(sealed)
    cipher = _ciphers(settings.FIELD_KEYS).get(sealed[0]) if sealed else None
    if cipher is None:
        raise Unreadable("sealed with a key that is not in FIELD_KEYS")
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, body, bound_to.encode())
    except InvalidTag:
        raise Unreadable("wrong key, wrong place, or changed") from None


def seal_facts(value: Any, *, bound_to: str) -> bytes:
    """Seal what JSON can hold: dicts, lists, texts and numbers."""
    return seal(_AS_JSON.encode(value).encode(), bound_to=bound_to)


def unseal_facts(sealed: bytes | memoryview, *, bound_to: str) -> Any:
    """Return what `seal_facts` sealed. Raises Unreadable as `unseal` does."""
    return json.loads(unseal(sealed, bound_to=bound_to))


class SealedText:
    """A row of a model with a text in its column `sealed_text`, which can be read as `text`; empty once erased."""

    sealed_text: Any

    def bound_to(self) -> str:
        """Return what the text is bound to, so that it can be read in this row only."""
        raise NotImplementedError

    def sealed_bindings(self) -> dict[str, str]:
        """Return the sealed column and what its value is bound to."""
        return {"sealed_text": self.bound_to()}

    @property
    def text(self) -> str:
        """Return the text. Medical data: the caller has written the access log."""
        return unseal(self.sealed_text, bound_to=self.bound_to()).decode() if self.sealed_text else ""

    @text.setter
    def text(self, value: str) -> None:
        self.sealed_text = seal(value.encode(), bound_to=self.bound_to()) if value else b""


class SealedFacts:
    """A row of a model with facts in its column `sealed_facts`, which can be read as `facts`; none once erased."""

    sealed_facts: Any

    def bound_to(self) -> str:
        """Return what the facts are bound to, so that they can be read in this row only."""
        raise NotImplementedError

    def sealed_bindings(self) -> dict[str, str]:
        """Return the sealed column and what its value is bound to."""
        return {"sealed_facts": self.bound_to()}

    @property
    def facts(self) -> dict[str, Any]:
        """Return the facts. Medical data: the caller has written the access log."""
        return unseal_facts(self.sealed_facts, bound_to=self.bound_to()) if self.sealed_facts else {}

    @facts.setter
    def facts(self, value: dict[str, Any]) -> None:
        self.sealed_facts = seal_facts(value, bound_to=self.bound_to())
