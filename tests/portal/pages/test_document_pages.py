"""The full invoice: who may have it, how it is handed out, what is written down, and when it closes."""

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote_plus

import pytest
from django.core.files.storage import storages
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.documents import credit_note, drawing
from billing.documents.attachment import attachment
from billing.invoices import open_links
from billing.models import AccessEvent, InvoiceDocument
from billing.privacy import access_log
from guests import access, gate
from sandbox.models import Message
from tests import factories
from tests.accessible_pdf import faults_of
from tests.billing.documents.test_documents import text_of
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice():
    return factories.invoice()


def address(invoice, name="invoice_pdf"):
    return reverse(name, args=[invoice.token])


def let_in(invoice, client=None) -> Client:
    """A browser behind the gate, by the way a patient goes."""
    client = client or Client()
    client.post("/", {"reference": invoice.payment_reference})
    client.post(address(invoice, "code"), {"send": "first"})
    code = re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text).group()
    assert client.post(address(invoice, "code"), {"code": code}).status_code == 303
    drawing.sweep()  # as a worker does from the moment that the code is asked for
    return client


@pytest.fixture
def drawn(invoice, sandbox):
    """An invoice whose PDF was drawn before."""
    drawing.begin(invoice, language="nl")
    drawing.sweep()
    return invoice


@pytest.fixture
def later(monkeypatch):
    """Let time go by for the views: `later(minutes=5)`."""
    real, passed = timezone.now, timedelta()

    def now():
        return real() + passed

    def wait(**span):
        nonlocal passed
        passed += timedelta(**span)

    monkeypatch.setattr(timezone, "now", now)
    return wait


def test_it_comes_as_an_attachment_that_nothing_keeps_or_runs(invoice):
    response = let_in(invoice).get(address(invoice))
    assert response.status_code == 200
    assert response.content.startswith(b"%PDF-")
    headers = response.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == 'attachment; filename="rekening.pdf"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert "noindex" in headers["X-Robots-Tag"]


def test_without_a_code_it_leads_to_the_code(invoice):
    client = Client()
    client.post("/", {"reference": invoice.payment_reference})
    for name in ("invoice_pdf", "access_list"):
        response = client.get(address(invoice, name))
        leads_on = "" if name == "invoice_pdf" else f"?verder={quote_plus(address(invoice, name))}"
        assert (response.status_code, response.headers["Location"]) == (303, address(invoice, "code") + leads_on)
    outcomes = set(AccessEvent.objects.values_list("outcome", flat=True))
    assert outcomes == {AccessEvent.Outcome.REFUSED}


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "head"])
def test_it_is_only_got(method, invoice):
    assert getattr(let_in(invoice), method)(address(invoice)).status_code == 405


def test_every_download_is_one_line_in_the_log(invoice):
    client = let_in(invoice)
    client.get(address(invoice))
    client.get(address(invoice))
    events = AccessEvent.objects.all()
    assert len(events) == 2
    event = events[0]
    assert (event.act, event.role, event.who) == ("download", "patient", "patient")
    assert (event.grounds, event.data, event.invoice) == ("sms-code", "invoice.pdf", invoice)
    assert (event.organisation, event.address) == (invoice.provider.agb_code, "127.0.0.1")
    assert list(access_log.breaks()) == []


class TestRequestId:
    PROXYS = "0123456789abcdef-of_the_proxy"

    def test_it_stands_in_the_answer_and_in_the_log(self, invoice):
        client = let_in(invoice)
        ids = [client.get(address(invoice)).headers["X-Request-ID"] for _download in range(2)]
        assert ids[0] != ids[1]
        assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
        assert list(AccessEvent.objects.values_list("request_id", flat=True)) == ids

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_clients_own_is_not_believed(self, method):
        response = getattr(Client(), method)("/nowhere/", headers={"X-Request-ID": self.PROXYS})
        assert response.headers["X-Request-ID"] not in ("", self.PROXYS)

    def test_a_trusted_proxys_is_kept(self, settings):
        settings.TRUSTED_PROXIES = 1
        assert Client().get("/", headers={"X-Request-ID": self.PROXYS}).headers["X-Request-ID"] == self.PROXYS

    @pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b" * 10, "<script>alert(1)</script>", f"{PROXYS}\n"])
    def test_a_proxys_that_is_not_sane_is_replaced(self, given, settings):
        settings.TRUSTED_PROXIES = 1
        found = Client().get("/", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{32}", found)


def test_what_can_not_be_written_down_is_not_shown(invoice, monkeypatch):
    client = let_in(invoice)
    client.raise_request_exception = False

    def broken(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(access_log, "record", broken)
    response = client.get(address(invoice))
    assert response.status_code == 500
    assert b"%PDF" not in response.content


def test_the_log_is_written_before_a_byte_leaves(invoice, monkeypatch):
    from portal.pages import document

    def written_first(content, **kwargs):
        assert AccessEvent.objects.count() == 1
        return attachment(content, **kwargs)

    monkeypatch.setattr(document, "attachment", written_first)
    assert let_in(invoice).get(address(invoice)).status_code == 200


@pytest.mark.usefixtures("drawn")
def test_the_patient_reads_who_looked_when_and_in_which_role(invoice):
    staff = {
        role: factories.staff(role=role, provider=invoice.provider)
        if role != "operations"
        else factories.staff(role=role)
        for role in ("clerk", "approver", "operations")
    }
    for member in staff.values():
        assert signed_in(member).get(reverse("admin:billing_invoice_pdf", args=[invoice.pk])).status_code == 200
    client = let_in(invoice)
    client.get(address(invoice))
    page = client.get(address(invoice, "access_list")).content.decode()
    assert page.count('<li class="panel">') == 4
    assert page.index("u, met een code") < page.index("medewerker"), "the newest first"
    for member in staff.values():
        assert member.username not in page


def test_a_look_without_the_code_is_written_down_as_refused(invoice):
    client = Client()
    for name in ("invoice_pdf", "access_list"):
        client.get(address(invoice, name))
    assert not AccessEvent.objects.exists(), "who may not see the invoice either leaves no line"
    client.post("/", {"reference": invoice.payment_reference})
    for _time in range(8):
        for name in ("invoice_pdf", "access_list"):
            assert client.get(address(invoice, name)).headers["Location"].startswith(address(invoice, "code"))
    assert AccessEvent.objects.count() == 10, "no flood"
    for event, seen in zip(AccessEvent.objects.order_by("sequence")[:2], ("invoice.pdf", "access-log"), strict=True):
        assert (event.who, event.role, event.data) == ("guest", "guest", seen)
        assert event.outcome == AccessEvent.Outcome.REFUSED
    assert "iemand zonder code" in let_in(invoice, client).get(address(invoice, "access_list")).content.decode()


def test_the_log_of_another_invoice_stays_closed(invoice):
    other = factories.invoice()
    client = let_in(invoice)
    assert client.get(address(other, "access_list")).headers["Location"] == "/"
    assert client.get(address(other)).headers["Location"] == "/"


@pytest.mark.usefixtures("drawn")
class TestStaff:
    def test_their_download_is_written_down_with_who_and_role(self, invoice):
        member = factories.staff(role="clerk", provider=invoice.provider)
        response = signed_in(member).get(reverse("admin:billing_invoice_pdf", args=[invoice.pk]))
        assert response.content.startswith(b"%PDF-")
        assert response.headers["Content-Disposition"].startswith("attachment")
        event = AccessEvent.objects.get()
        assert (event.who, event.role, event.grounds) == (f"staff:{member.pk}", "clerk", "staff-totp")

    def test_of_another_provider_it_is_unknown(self, invoice):
        stranger = signed_in(factories.staff(role="approver"))
        assert stranger.get(reverse("admin:billing_invoice_pdf", args=[invoice.pk])).status_code == 404
        event = AccessEvent.objects.get()
        assert (event.outcome, event.who) == (AccessEvent.Outcome.REFUSED, f"staff:{stranger.session['_auth_user_id']}")

    @pytest.mark.parametrize("pk", ["999999999", "none", "1 or 1"])
    def test_what_is_no_invoice_is_unknown(self, pk, invoice):
        client = signed_in(factories.staff(role="operations"))
        assert client.get(reverse("admin:billing_invoice_pdf", args=[pk])).status_code == 404

    def test_a_search_is_written_down_without_what_was_typed(self, invoice):
        member = factories.staff(role="clerk", provider=invoice.provider)
        signed_in(member).post(reverse("admin:find"), {"sought": invoice.patient.number})
        event = AccessEvent.objects.get()
        assert (event.act, event.who, event.role, event.invoice) == ("search", f"staff:{member.pk}", "clerk", None)
        assert invoice.patient.number not in event.data

    def test_the_page_of_the_invoice_has_the_way(self, invoice):
        client = signed_in(factories.staff(role="clerk", provider=invoice.provider))
        page = client.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
        assert reverse("admin:billing_invoice_pdf", args=[invoice.pk]) in page

    def test_without_the_log_they_see_nothing_either(self, invoice, monkeypatch):
        client = signed_in(factories.staff(role="operations"))
        client.raise_request_exception = False

        def broken(*args, **kwargs):
            raise DatabaseError

        monkeypatch.setattr(access_log, "record", broken)
        response = client.get(reverse("admin:billing_invoice_pdf", args=[invoice.pk]))
        assert response.status_code == 500
        assert b"%PDF" not in response.content


class TestNotDrawnYet:
    def test_the_page_says_so_and_looks_again_by_itself(self, invoice):
        client = let_in(invoice)
        InvoiceDocument.objects.all().delete()
        assert client.get(address(invoice)).headers["Location"] == address(invoice, "code")
        assert not AccessEvent.objects.exists(), "nothing was seen"
        page = client.get(address(invoice, "code")).content.decode()
        assert "Wij maken uw rekening" in page
        assert '<meta http-equiv="refresh" content="2">' in page
        assert address(invoice) not in page
        drawing.sweep()
        page = client.get(address(invoice, "code")).content.decode()
        assert 'http-equiv="refresh"' not in page
        assert client.get(address(invoice)).content.startswith(b"%PDF-")

    def test_after_half_a_minute_it_no_longer_promises_seconds(self, invoice, later):
        client = let_in(invoice)
        InvoiceDocument.objects.all().delete()
        client.get(address(invoice, "code"))
        later(seconds=40)
        page = client.get(address(invoice, "code")).content.decode()
        assert "Uw rekening is nog niet klaar" in page
        assert 'http-equiv="refresh"' not in page

    def test_at_the_desk_the_download_begins_by_itself(self, invoice):
        client = signed_in(factories.staff(role="clerk", provider=invoice.provider))
        at = reverse("admin:billing_invoice_pdf", args=[invoice.pk])
        page = client.get(at).content.decode()
        assert f'<meta http-equiv="refresh" content="2; url={at}?vanzelf">' in page
        assert "Het document wordt gemaakt" in page
        drawing.sweep()
        assert client.get(at).content.startswith(b"%PDF-")


class TestEnd:
    def test_done_ends_the_pass_and_the_session(self, invoice):
        client = let_in(invoice)
        response = client.post(reverse("finish"))
        assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
        assert client.get(address(invoice)).headers["Location"] == "/"
        client.post("/", {"reference": invoice.payment_reference})
        assert client.get(address(invoice)).headers["Location"] == address(invoice, "code"), "a new code is needed"

    def test_the_pass_ends_after_fifteen_minutes_though_the_page_is_used(self, invoice, later):
        client = let_in(invoice)
        for _ in range(2):
            later(minutes=7)
            assert client.get(address(invoice)).status_code == 200
        later(minutes=2)
        assert client.get(address(invoice)).headers["Location"] == address(invoice, "code")

    def test_stay_longer_moves_both_but_never_beyond_the_hour(self, invoice, later):
        client = let_in(invoice)
        for _ in range(5):
            later(minutes=10)
            response = client.post(address(invoice, "stay"), {"next": address(invoice, "code")})
            assert response.headers["Location"] == address(invoice, "code")
            assert client.get(address(invoice)).status_code == 200
        later(minutes=11)
        assert client.get(address(invoice)).headers["Location"] == "/"
        assert client.post(address(invoice, "stay")).headers["Location"] == "/"

    def test_the_script_gets_the_seconds(self, invoice, settings):
        client = let_in(invoice)
        headers = {"accept": "application/json"}
        seconds = client.post(address(invoice, "stay"), headers=headers).json()["seconds"]
        assert settings.GUEST_IDLE_SECONDS - 5 <= seconds <= settings.GUEST_IDLE_SECONDS
        assert Client().post(address(invoice, "stay"), headers=headers).json() == {"seconds": 0}

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "klaar", ""])
    def test_staying_leads_to_no_other_site(self, back, invoice):
        response = let_in(invoice).post(address(invoice, "stay"), {"next": back})
        assert response.headers["Location"] == address(invoice, "invoice")

    def test_the_page_says_when_it_closes(self, invoice):
        client = let_in(invoice)
        page = client.get(address(invoice, "code")).content.decode()
        closes = timezone.localtime(timezone.now() + timedelta(minutes=15))
        assert (
            f"<strong>{closes:%H:%M}</strong>" in page
            or f"<strong>{closes - timedelta(minutes=1):%H:%M}</strong>" in page
        )
        assert "js/session.js" in page

    def test_a_pass_for_one_invoice_is_none_for_another(self, invoice, rf):
        other = factories.invoice()
        request = rf.get("/")
        request.session = Client().session
        now = timezone.now()
        for one in (invoice, other):
            access.open_invoice(request, one.token, now=now)
        rests_on = open_links.on_mobile(invoice)
        gate.let_through(request, invoice.token, gate=gate.SMS, rests_on=rests_on, now=now)
        assert gate.passed(request, invoice.token, now=now)
        assert gate.passed(request, other.token, now=now) is None


@pytest.mark.parametrize("name", ["Vries.pdf", "a b.pdf", 'a".pdf', "a\r\n.pdf", "../a.pdf", ""])
def test_the_name_of_a_file_is_made_by_us(name):
    with pytest.raises(ValueError, match="made by us"):
        attachment(b"", name=name, content_type="application/pdf")


def test_two_credit_notes_take_back_no_more_than_was_invoiced(invoice):
    given = {"issued_on": timezone.localdate(), "reason": "Fout"}
    part = credit_notes.take(invoice, NewCreditNote(number="C-1", amount=Decimal("21.00"), **given), by="test")
    whole = credit_notes.take(invoice, NewCreditNote(number="C-2", **given), by="test")
    known = [credit_note.facts(note) for note in (part, whole)]
    invoiced = sum(line["amount"] for line in known[1]["lines"])
    assert [one["total"] for one in known] == [Decimal("21.00"), invoiced - Decimal("21.00")]
    assert "Eerder teruggenomen, met creditnota C-1" in text_of(credit_note.credit_note_pdf(whole, language="nl"))


def test_a_credit_note_is_behind_the_code_sealed_and_written_down(invoice):
    given = {"issued_on": timezone.localdate(), "reason": "Wortelkanaal was niet gedaan"}
    note = credit_notes.take(invoice, NewCreditNote(number="C-9", **given), by="test")
    at = reverse("credit_note_pdf", args=[invoice.token, note.pk])
    stranger = Client()
    stranger.post("/", {"reference": invoice.payment_reference})
    assert stranger.get(at).headers["Location"] == address(invoice, "code")
    client = let_in(invoice)
    assert f'href="{at}"' in client.get(address(invoice, "code")).content.decode()
    response = client.get(at)
    assert response.content.startswith(b"%PDF-")
    assert response.headers["Content-Disposition"] == 'attachment; filename="creditnota.pdf"'
    assert faults_of(response.content) == []
    text = text_of(response.content)
    for words in ("Creditnota", "C-9", invoice.number, "Wortelkanaal was niet gedaan", "ingetrokken"):
        assert words in text, words
    assert "Periodieke controle" in text, "line by line, as it was invoiced"
    assert set(AccessEvent.objects.filter(data="credit-note.pdf").values_list("outcome", flat=True)) == {0, 4}
    for stored in InvoiceDocument.objects.all():
        assert b"%PDF" not in storages["default"].open(stored.name).read()
    assert InvoiceDocument.objects.count() == 2, "the invoice and its credit note"
    assert client.get(at).content == response.content
    assert InvoiceDocument.objects.count() == 2, "drawn once"
    other = factories.invoice()
    assert let_in(other).get(reverse("credit_note_pdf", args=[other.token, note.pk])).status_code == 404
