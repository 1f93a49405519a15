"""Document storage in an S3 bucket instead of on disk. Its files are already encrypted with FIELD_KEYS."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def storage(*, bucket: str, endpoint: str, region: str, access_key: str, secret_key: str) -> dict[str, Any]:
    """Return the entry of STORAGES. An empty value means the default of the provider or of the machine's role.

    Raises ImproperlyConfigured when documents would cross a network without TLS.
    """
    address = urlsplit(endpoint)
    if endpoint and address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
        raise ImproperlyConfigured("S3_ENDPOINT_URL must be an https:// address")
    # Imported here because it is slow, and only needed with a bucket.
    from botocore.config import Config

    config = Config(
        # Apart from Amazon hardly any provider has a host name, and a certificate, for each bucket.
        s3={"addressing_style": "path"} if endpoint else None,
        signature_version="s3v4",
        connect_timeout=3,
        read_timeout=15,
        retries={"mode": "standard", "max_attempts": 3},
        # Not every provider supports checksums other than the signature's own.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint or None,
            "region_name": region or None,
            "access_key": access_key or None,
            "secret_key": secret_key or None,
            "client_config": config,
            "default_acl": "private",
            "file_overwrite": False,  # a name is used once, as on disk: `restore` refuses to overwrite a file
        },
    }
