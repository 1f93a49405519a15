"""Signatures under what an agency gets: Ed25519, so that it needs nothing secret of ours to check them."""

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from billing.encryption import parse_keys


def _key() -> Ed25519PrivateKey:
    """Return the key of the oldest secret of DIGEST_KEYS, which stays for good: a new one in front changes nothing.

    Agencies hold the public key, and an ordinary change of the secret for digests must not make them refuse our files.
    """
    *_newer, secret = parse_keys(settings.DIGEST_KEYS, name="DIGEST_KEYS").values()
    seed = HKDF(hashes.SHA256(), length=32, salt=None, info=b"hand-over files").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def sign(content: bytes) -> str:
    """Return the signature of `content` in base64."""
    return base64.b64encode(_key().sign(content)).decode()


def public_key() -> str:
    """Return the key with which an agency checks our signatures: 32 bytes in base64."""
    return base64.b64encode(_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def key_id() -> str:
    """Return the first half of the key's SHA-256 in hexadecimal, by which a file names the key that signed it."""
    return hashlib.sha256(base64.b64decode(public_key())).hexdigest()[:32]
