"""What a request may carry: refused before anything reads it, in a sentence, and nothing is changed."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import AuditEvent
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
HUNDRED_MB = 100 * 1024**2


class Unreadable:
    """A body that nobody may begin to read."""

    def read(self, *_arguments):
        raise AssertionError("the body was read")

    readline = read


def post_unread(client, path, *, length=HUNDRED_MB, content_type=MULTIPART, **headers):
    """Announce a body of `length`, which fails the test when it is read."""
    client.cookies["csrf"] = "a" * 32
    extra = {"CONTENT_LENGTH": str(length), "wsgi.input": Unreadable(), "CONTENT_TYPE": content_type}
    return client.generic("POST", path, **extra, headers=headers)


@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
@pytest.mark.parametrize("path", ["/", "/taal/", "/beheer/login/", "/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/", "/healthz"])
def test_a_large_body_without_a_session_is_refused_unread(path, content_type):
    client = Client(enforce_csrf_checks=True)
    assert post_unread(client, path, content_type=content_type).status_code == 413


def test_files_are_read_only_for_a_browser_that_opened_the_invoice():
    invoice = factories.invoice()
    address = reverse("coulance", args=[invoice.token])
    assert post_unread(Client(), address)["Location"] == "/"
    guest = Client()
    guest.post("/", {"reference": invoice.payment_reference})
    assert post_unread(guest, address, length=200 * 1024**2).status_code == 413
    with pytest.raises(AssertionError, match="was read"):
        post_unread(guest, address)


def test_staff_have_no_larger_forms():
    assert post_unread(signed_in(factories.staff()), "/beheer/zoeken/").status_code == 413


def test_a_body_without_a_length_is_refused():
    answer = Client().generic("POST", "/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


NUL_COOKIE = 'zorgrekening="aaaaaaaa\\000bbbbbbbb"'


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.get("/?q=a%00b"),
        lambda client: client.get("/?a%00b=q"),
        lambda client: client.get("/?q=%ff%fe"),
        lambda client: client.get("/?q=%ED%A0%80"),
        lambda client: client.get("/", headers={"Cookie": NUL_COOKIE}),
        lambda client: client.post("/", b"reference=12%00", FORM),
        lambda client: client.post("/", b"reference=\xff\xfe", FORM),
        lambda client: client.post("/", {"reference": "12\x0034"}),
        lambda client: client.post("/beheer/login/", {"username": "a\x00b", "password": "x", "code": ""}),
        lambda client: client.post("/beheer/login/", b"username=%ED%A0%80&password=x", FORM),
    ],
    ids=range(10),
)
def test_text_that_nobody_can_store_is_refused(send):
    before = AuditEvent.objects.count()
    assert send(Client(raise_request_exception=False)).status_code == 400
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize(
    "query", ["status__exact=a%00b", "q=%00", "_changelist_filters=%00", "o=9223372036854775808.x"]
)
def test_a_filter_of_the_staff_site_never_breaks(query):
    staff = signed_in(factories.staff())
    staff.raise_request_exception = False
    for table in ("invoice", "payment", "outboxmessage", "auditevent"):
        assert staff.get(f"/beheer/billing/{table}/?{query}").status_code < 500


@pytest.mark.parametrize("key", ["x", "", "9" * 30, "-1", "٣", "1.0"])
def test_a_button_that_came_from_nowhere_leads_to_the_list(key):
    invoice = factories.invoice()
    staff = signed_in(factories.staff(provider=invoice.provider, role="approver"))
    staff.raise_request_exception = False
    page = staff.get(reverse("admin:billing_invoice_change", args=[invoice.pk]))
    name = next(name for name, *_ in page.context["buttons"])
    form = {"action": name, "_selected_action": invoice.pk, "from_page": key}
    assert staff.post(reverse("admin:billing_invoice_changelist"), form).status_code < 500
    form = {"action": name, "_selected_action": key, "note": "x"}
    assert staff.post(reverse("admin:billing_invoice_changelist"), form).status_code == 400


@pytest.mark.parametrize("key", ["x", "9" * 30, "1'", "-1", "٣"])
def test_ticked_rows_that_no_page_shows_are_refused(key):
    staff = signed_in(factories.staff(provider=factories.invoice().provider, role="approver"))
    staff.raise_request_exception = False
    for table in ("invoice", "payment", "outboxmessage", "staff_task"):
        form = {"action": "pause", "_selected_action": key}
        address = reverse(f"admin:billing_{table.replace('_', '')}_changelist")
        assert staff.post(address, form).status_code == 400, table


@pytest.mark.parametrize("path", ["/rekening/a%00b/", "/mollie/a%00/", "/beheer/billing/invoice/1%00/change/"])
def test_an_address_that_nobody_can_store_does_not_exist(path):
    assert Client(raise_request_exception=False).get(path).status_code == 404


def test_ordinary_text_passes():
    answer = Client().get("/?q=%E2%82%AC+Zo%C3%AB", headers={"Cookie": "language=en"})
    assert answer.status_code == 200
