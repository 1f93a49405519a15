"""Documents in a bucket: sealed before they go, private, and the same for everything that stands on the storage."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from billing.documents import full_invoice
from portal.ops.backup import media
from portal.settings import s3
from tests import factories
from tests.portal.ops.s3_server import Bucket


@pytest.fixture
def bucket(settings):
    with Bucket("invoices") as bucket:
        settings.STORAGES = settings.STORAGES | {
            "default": s3.storage(
                bucket="invoices", endpoint=bucket.url, region="eu-central-1", access_key="id", secret_key="secret"
            )
        }
        yield bucket


@pytest.mark.django_db
def test_an_invoice_lies_in_the_bucket_sealed_and_private_and_comes_back(bucket):
    invoice = factories.invoice()
    made = full_invoice.invoice_pdf(invoice, language="nl")
    assert made.startswith(b"%PDF-")
    ((name, stored),) = bucket.objects.items()
    assert name.startswith("invoices/")
    assert b"%PDF" not in stored
    (asked,) = bucket.headers
    assert asked["x-amz-acl"] == "private"
    assert asked["Authorization"].startswith("AWS4-HMAC-SHA256 ")
    bucket.objects[name] = stored
    assert full_invoice.invoice_pdf(invoice, language="nl") == made  # from the bucket: it was not made again
    assert len(bucket.headers) == 1


def test_a_backup_lists_reads_and_puts_back_what_lies_there(bucket):
    assert media.names() == []
    media.put("invoices/one.sealed", b"1")
    media.put("specifications/two.sealed", b"2")
    assert media.names() == ["invoices/one.sealed", "specifications/two.sealed"]
    assert media.read("invoices/one.sealed") == b"1"
    assert media.read("invoices/gone.sealed") is None
    with pytest.raises(ValueError, match="of this name"):
        media.put("invoices/one.sealed", b"another")
    assert bucket.objects["invoices/one.sealed"] == b"1"
    media.remove("invoices/one.sealed")
    assert media.names() == ["specifications/two.sealed"]


def test_a_name_that_is_taken_is_never_written_over(bucket):
    first = storages["default"].save("invoices/one.sealed", ContentFile(b"1"))
    second = storages["default"].save("invoices/one.sealed", ContentFile(b"2"))
    assert first != second
    assert (bucket.objects[first], bucket.objects[second]) == (b"1", b"2")


def test_nothing_goes_to_a_bucket_in_the_clear():
    with pytest.raises(ImproperlyConfigured, match="https"):
        s3.storage(bucket="b", endpoint="http://s3.example", region="", access_key="", secret_key="")
