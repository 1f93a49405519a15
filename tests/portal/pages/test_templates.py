"""The pages themselves: nothing inline, nothing from elsewhere, and light."""

import gzip
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.template import engines
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from billing.links import new_token
from portal.jinja import show_date, show_number, show_time, url
from tests import factories

TEMPLATES = sorted((settings.ROOT / "templates").rglob("*.html"))
OURS = [p for p in TEMPLATES if not {"messages", "admin", "sandbox", "pdf"} & set(p.relative_to(settings.ROOT).parts)]
STYLES = sorted((settings.ROOT / "static" / "css").glob("*.css"))
PAGE_MAX_BYTES = 11_000  # with a menu of seven languages and how to reach us on every page


def name_of(path: Path) -> str:
    return str(path.relative_to(settings.ROOT))


def holding(paths: list[Path], pattern: str) -> list[str]:
    """The names of those files in whose text `pattern` is found."""
    assert paths
    return [name_of(path) for path in paths if re.search(pattern, path.read_text())]


def test_nothing_inline_and_nobody_elses():
    assert holding(OURS, r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=") == []
    # A link that a person follows, such as to who helps in despair, loads nothing.
    assert holding(OURS, r"""(src|(?<!<a )href|action)=["'](https?:)?//""") == []
    assert holding([path for path in OURS if path.name != "field.html"], r"\|safe") == []


def test_styles_fetch_nothing():
    assert holding(STYLES, r"@import|url\((?!['\"]?data:)") == []


def linked_files(page: str) -> list[Path]:
    links = re.findall(r'<(?:link rel="stylesheet"|script) (?:href|src)="/static/([^"]+)"', page)
    assert links
    return [settings.ROOT / "static" / link for link in links]


@pytest.mark.django_db
def test_the_invoice_page_weighs_less_than_eleven_kilobytes(client):
    invoice = factories.invoice()
    address = client.post("/", {"reference": invoice.payment_reference})["Location"]
    page = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    files = linked_files(gzip.decompress(page.content).decode())
    total = len(page.content) + sum(len(brotli.compress(file.read_bytes())) for file in files)
    print(f"invoice page: {total} bytes over the wire")  # noqa: T201  a figure for whoever asks with -s
    assert total < PAGE_MAX_BYTES


@pytest.mark.django_db
def test_all_forms_of_a_page_carry_one_token_and_it_is_accepted():
    client = Client(enforce_csrf_checks=True)
    tokens = set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', client.get("/").content.decode()))
    assert len(tokens) == 1
    posted = {"reference": factories.invoice().payment_reference, "csrfmiddlewaretoken": tokens.pop()}
    page = client.get(client.post("/", posted)["Location"]).content.decode()
    found = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert len(found) > 2
    assert len(set(found)) == 1


@pytest.mark.django_db
def test_the_cookie_of_the_forms_is_sent_to_a_browser_that_lacks_it_and_once():
    client = Client(enforce_csrf_checks=True)
    cookie = client.get("/").cookies["csrf"].value
    again = client.get("/")
    assert "csrf" not in again.cookies
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', again.content.decode())[1]
    posted = {"reference": factories.invoice().payment_reference, "csrfmiddlewaretoken": token}
    assert client.post("/", posted).status_code == 303
    client.cookies["csrf"] = "short"
    assert client.get("/").cookies["csrf"].value not in (cookie, "short"), "one that is no secret is replaced"


@pytest.mark.django_db
def test_how_to_reach_us_says_where_a_complaint_is_made(client):
    assert f'href="{reverse("complain_without_invoice")}"' in client.get(reverse("contact")).content.decode()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("balie@linde.praktijk.example", "balie@<wbr>linde<wbr>.praktijk<wbr>.example"),
        ("<b>@x.example", "&lt;b&gt;@<wbr>x<wbr>.example"),
        ("", ""),
    ],
)
def test_an_email_address_breaks_between_its_parts(address, shown):
    assert engines["jinja2"].env.from_string("{{ address|email }}").render(address=address) == shown


def test_an_address_and_a_day_are_written_as_django_writes_them():
    token = new_token()
    for name in ("invoice", "pay", "statement", "payment_return"):
        assert url(name, token) == reverse(name, args=[token])
    for wrong in ("../beheer/", "a/b", "", "7"):
        with pytest.raises(NoReverseMatch):
            url("invoice", wrong)
    late = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
    assert [show_date(late, form) for form in (None, "Y-m-d", "c")] == [
        "29 november 2026", "2026-11-29", "2026-11-29T00:30:00+01:00",
    ]  # fmt: skip
    assert [show_time(late, form) for form in (None, "H:i", "H:i:s")] == ["00:30", "00:30", "00:30:00"]
    assert show_time(None) == ""
    with translation.override("nl"):
        assert show_number(Decimal("4.50")) == "4,5"
    with translation.override("en"):
        assert show_number(Decimal("4.50")) == "4.5"


def test_the_address_of_what_a_token_names_is_part_of_the_compiled_template():
    shown = "{{ url('statement', invoice.token) }} {{ url('file_of_a_moment', invoice.file) }}"
    invoice = {"token": new_token(), "file": new_token()}
    expected = f"{reverse('statement', args=[invoice['token']])} {reverse('file_of_a_moment', args=[invoice['file']])}"
    templates = engines["jinja2"].env
    with translation.override("nl"):
        dutch = templates.get_template("components/refusal.html").environment
    assert dutch.language == "nl"
    assert dutch.from_string(shown).render(invoice=invoice) == expected
    hostile = dutch.from_string(shown).render(invoice=invoice | {"token": '"><b>'})
    assert '"' not in hostile
    assert "<" not in hostile
