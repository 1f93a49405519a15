"""Compressed answers: what Django makes of them, in less memory."""

import gzip
import os
import zlib

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.test import RequestFactory

from portal.middleware import Compression

WORDS = " ".join(f"rekening {number} van € {number * number}" for number in range(2000)).encode()
WINDOW = 2**Compression.WINDOW_BITS
READS_GZIP = "br, gzip"


def answered(response, *, accepts=READS_GZIP, middleware=Compression):
    return middleware(lambda _request: response)(RequestFactory().get("/", headers={"Accept-Encoding": accepts}))


def without_name(packed):
    """Return a gzip file without the name in its head, whose length is a chance."""
    assert packed[3] == 8
    return packed[:3] + b"\0" + packed[4:10] + packed[packed.index(b"\0", 10) + 1 :]


@pytest.mark.parametrize("size", [200, 12_000, WINDOW, WINDOW + 1])
def test_a_page_is_packed_as_django_packs_it(size):
    ours, django = (answered(HttpResponse(WORDS[:size]), middleware=one) for one in (Compression, GZipMiddleware))
    assert gzip.decompress(ours.content) == WORDS[:size]
    assert int(ours["Content-Length"]) == len(ours.content)
    del ours["Content-Length"], django["Content-Length"]  # they differ by the names
    assert dict(ours.headers) == dict(django.headers)
    assert without_name(ours.content)[10:] == without_name(django.content)[10:]


def test_a_page_of_up_to_16_kilobytes_is_packed_in_a_window_of_16():
    """A stream that is unpacked in a smaller window than it was packed in is refused where it looks back further."""
    far = bytes(range(256)) + b"".join(number.to_bytes(2, "big") for number in range(8000)) + bytes(range(256))
    unpack = zlib.decompressobj(wbits=16 + Compression.WINDOW_BITS)
    assert unpack.decompress(answered(HttpResponse(far[:WINDOW])).content) == far[:WINDOW]


def test_its_length_tells_nothing():
    lengths = {len(answered(HttpResponse(WORDS[:12_000])).content) for _ in range(60)}
    assert len(lengths) > 10  # of a hundred
    assert max(lengths) - min(lengths) < Compression.max_random_bytes


@pytest.mark.parametrize(
    ("response", "accepts"),
    [
        (HttpResponse(WORDS[:199]), READS_GZIP),
        (HttpResponse(WORDS[:12_000]), "br"),
        (HttpResponse(WORDS[:12_000], headers={"Content-Encoding": "br"}), READS_GZIP),
        (HttpResponse(os.urandom(5000)), READS_GZIP),  # it would only grow
    ],
)
def test_what_stays_as_it_is(response, accepts):
    before = response.content
    after = answered(response, accepts=accepts)
    assert after.content == before
    assert after.headers.get("Content-Encoding") in (None, "br")


def test_a_tag_becomes_weak_and_a_stream_is_packed_by_django():
    tagged = answered(HttpResponse(WORDS[:12_000], headers={"ETag": '"a"'}))
    assert (tagged["ETag"], gzip.decompress(tagged.content)) == ('W/"a"', WORDS[:12_000])
    streamed = answered(StreamingHttpResponse([WORDS[:8000], WORDS[8000:]]))
    assert gzip.decompress(streamed.getvalue()) == WORDS
