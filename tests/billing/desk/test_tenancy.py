"""The base of every table at /beheer/: each way around tenant scoping, tried on writable tables.

The product's own tables are read-only, so the leaks are tried on tables made for the test, as later rooms will have
them.
"""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django.urls import include, path

from billing.desk.base import EVERYBODY, OfferedFilter, TenantAdmin
from billing.models import Hold, Invoice, Patient, Provider, Staff
from billing.tenancy import visible_to
from portal.staff.site import StaffSite
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db

CANARY = "KANARIEPIET"


class WritablePatients(TenantAdmin):
    provider_path = "provider"
    writers = EVERYBODY
    change_form_template = None
    fields = ("provider", "number", "surname")
    search_fields = ("number", "surname")
    ordering = ("pk",)


class WritableInvoices(TenantAdmin):
    provider_path = "provider"
    writers = EVERYBODY
    change_form_template = None
    fields = ("provider", "patient", "number", "issued_on", "due_on")
    autocomplete_fields = ("patient",)
    list_filter = (("patient", OfferedFilter),)


class WritableHolds(TenantAdmin):
    provider_path = "invoice__provider"
    writers = EVERYBODY
    change_form_template = None
    fields = ("invoice", "reason", "placed_by")


class Readers(TenantAdmin):
    provider_path = "pk"


class FreeSite(StaffSite):
    """Sign in without the second factor, which is tested elsewhere."""

    has_permission = admin.AdminSite.has_permission


site = FreeSite()
site.register(Patient, WritablePatients)
site.register(Invoice, WritableInvoices)
site.register(Hold, WritableHolds)
site.register(Provider, Readers)
urlpatterns = [path("test/", site.urls), path("", include("portal.urls"))]


@pytest.fixture
def two():
    """Create two providers, each with a patient and an invoice; those of the second carry a canary."""
    own = factories.provider(name="Eigen praktijk")
    other = factories.provider(name=f"Praktijk {CANARY}")
    mine = factories.invoice(patient=factories.patient(provider=own, number="P-own", surname="Eigen"))
    foreign = factories.invoice(
        patient=factories.patient(provider=other, number=f"P-{CANARY}", surname=CANARY), number=CANARY
    )
    return own, other, mine, foreign


@pytest.fixture
def client(two):
    with override_settings(ROOT_URLCONF=__name__):
        client = Client()
        client.force_login(factories.staff(provider=two[0]))
        yield client


def invoice_form(invoice: Invoice, **changes) -> dict:
    return {
        "provider": invoice.provider_id,
        "patient": invoice.patient_id,
        "number": "N-1",
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
    } | changes


def test_who_belongs_nowhere_sees_nothing(two):
    rows = Invoice.objects.all()
    assert visible_to(AnonymousUser(), rows, provider_path="provider").count() == 0
    assert visible_to(Staff(role="clerk", is_active=True), rows, provider_path="provider").count() == 0
    gone = factories.staff(provider=two[0], is_active=False)
    assert visible_to(gone, rows, provider_path="provider").count() == 0
    boss = factories.staff(role=Staff.Role.OPERATIONS)
    assert visible_to(boss, rows, provider_path="provider").count() == 2


def test_the_sidebar_names_only_own_rows(client, two):
    factories.patient(provider=two[0], number="P-own2")
    page = client.get("/test/billing/invoice/").content.decode()
    assert "P-own" in page
    assert CANARY not in page


def test_the_choices_of_a_form_are_own_rows(client, two):
    page = client.get("/test/billing/hold/add/").content.decode()
    assert two[2].number in page
    assert CANARY not in page
    assert CANARY not in client.get("/test/billing/patient/add/").content.decode()


def test_autocomplete_finds_only_own_rows(client):
    ask = {"app_label": "billing", "model_name": "invoice", "field_name": "patient"}
    assert "P-own" in client.get("/test/autocomplete/", ask | {"term": "P-"}).content.decode()
    assert CANARY not in client.get("/test/autocomplete/", ask | {"term": "P-"}).content.decode()
    assert CANARY not in client.get("/test/autocomplete/", ask | {"term": CANARY}).content.decode()


@pytest.mark.parametrize("key", ["patient", "provider"])
def test_a_foreign_key_that_was_never_offered_is_refused(client, two, key):
    _own, _other, mine, foreign = two
    before = Invoice.objects.count()
    response = client.post("/test/billing/invoice/add/", invoice_form(mine, **{key: getattr(foreign, f"{key}_id")}))
    assert response.status_code == 200, "the form is shown again with an error"
    assert Invoice.objects.count() == before
    hold = {"invoice": foreign.pk, "reason": "staff", "placed_by": "y"}
    assert client.post("/test/billing/hold/add/", hold).status_code == 200
    assert not Hold.objects.exists()


def test_a_row_can_not_be_moved_to_another_provider(client, two):
    own, other, _mine, _foreign = two
    mine = factories.patient(provider=own, number="P-move")
    client.post(
        f"/test/billing/patient/{mine.pk}/change/", {"provider": other.pk, "number": "P-move", "surname": "Nieuw"}
    )
    mine.refresh_from_db()
    assert (mine.provider, mine.surname) == (own, "Nieuw"), "saved, but the provider stands fixed"


def test_saving_out_of_sight_is_undone(client, two, monkeypatch):
    """Even when a form does not restrict a field, the saved row must be among one's own rows."""
    monkeypatch.setattr(WritablePatients, "formfield_for_foreignkey", admin.ModelAdmin.formfield_for_foreignkey)
    response = client.post(
        "/test/billing/patient/add/", {"provider": two[1].pk, "number": "P-smuggled", "surname": "S"}
    )
    assert response.status_code == 403
    assert not Patient.objects.filter(number="P-smuggled").exists()


@pytest.mark.parametrize("page", ["change/", "history/"])
def test_a_foreign_row_is_as_unknown_as_one_that_never_was(client, two, page):
    for key in (two[3].pk, 999_999):
        response = client.get(f"/test/billing/invoice/{key}/{page}")
        assert response.status_code == 404
        assert CANARY not in response.content.decode()


@pytest.mark.parametrize("query", ["token__startswith=a", "patient__surname__startswith=K", "provider__iban=NL"])
def test_a_free_lookup_is_refused(client, query):
    """Otherwise a token or a name could be guessed letter by letter."""
    assert client.get(f"/test/billing/invoice/?{query}").status_code == 400


def test_a_filter_on_a_foreign_row_shows_nothing(client, two):
    page = client.get(f"/test/billing/invoice/?patient__id__exact={two[3].patient_id}").content.decode()
    assert CANARY not in page


def test_a_table_that_names_rows_of_others_does_not_start():
    class Forgot(TenantAdmin):
        pass

    class Stock(TenantAdmin):
        provider_path = "provider"
        list_filter = ("patient",)

    class FreeText(TenantAdmin):
        provider_path = "provider"
        list_filter = ("number",)

    for table in (Forgot, Stock, FreeText):
        with pytest.raises(ImproperlyConfigured):
            table(Invoice, site)


def test_tables_of_other_packages_do_not_come_in():
    """Devices, groups and sign-in attempts have no provider."""
    rooms = {"banking", "billing", "complaints", "coulance", "debt_collection", "forbearance"}
    assert {model._meta.app_label for model in admin.site._registry} <= rooms
    assert all(isinstance(table, TenantAdmin) for table in admin.site._registry.values())


def test_the_shortcut_to_any_row_is_gone(two):
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(Invoice)
    client = signed_in(factories.staff(provider=two[0]))
    assert client.get(f"/beheer/r/{kind.pk}/{two[3].pk}/").status_code == 404
