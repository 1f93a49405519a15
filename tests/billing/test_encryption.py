"""Sealed columns: bound to row and column, unreadable with a wrong key, sealed again with a new one."""

import base64
import os
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from billing.encryption import Unreadable, current_key_id, seal, unseal
from billing.models import CareDetail, Patient
from billing.privacy.rotation import sealed_models
from tests import factories


def key(key_id):
    return f"{key_id}:{base64.urlsafe_b64encode(os.urandom(32)).decode()}"


def test_what_is_sealed_opens_in_its_own_place_only():
    sealed = seal(b"1980-02-29", bound_to="patient.identity:1:P-1")
    assert b"1980" not in sealed
    assert unseal(sealed, bound_to="patient.identity:1:P-1") == b"1980-02-29"
    with pytest.raises(Unreadable, match="wrong place"):
        unseal(sealed, bound_to="patient.identity:1:P-2")


@pytest.mark.parametrize("position", [1, 13, -1])
def test_one_changed_byte_makes_it_unreadable(position):
    sealed = bytearray(seal(b"secret", bound_to="x"))
    sealed[position] ^= 1
    with pytest.raises(Unreadable):
        unseal(bytes(sealed), bound_to="x")


def test_a_wrong_or_missing_key_is_an_error_never_ciphertext(settings):
    settings.FIELD_KEYS = key(1)
    sealed = seal(b"secret", bound_to="x")
    settings.FIELD_KEYS = key(1)
    with pytest.raises(Unreadable, match="wrong key"):
        unseal(sealed, bound_to="x")
    settings.FIELD_KEYS = key(2)
    with pytest.raises(Unreadable, match="not in FIELD_KEYS"):
        unseal(sealed, bound_to="x")
    with pytest.raises(Unreadable):
        unseal(b"", bound_to="x")


@pytest.mark.parametrize("keys", ["", "1", "1:abc", "x:" + "A" * 44, "300:" + "A" * 43 + "="])
def test_malformed_keys_are_refused(settings, keys):
    settings.FIELD_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        seal(b"secret", bound_to="x")


@pytest.mark.both_databases
@pytest.mark.django_db
def test_nothing_of_a_persons_health_stands_in_the_tables_in_clear():
    factories.invoice(
        lines=[factories.line(code="V93", description="Kanariegele vulling", tooth="36")],
        patient=factories.patient(
            identity={"date_of_birth": "1931-07-19", "insurer_uzovi": "3311", "insured_number": "987654321"}
        ),
    )
    dump = b""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  every table there is
            dump += b"".join(
                bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for r in cursor for v in r
            )
    assert b"Dorpsstraat" in dump
    for canary in (b"Kanariegele", b"1931-07-19", b"987654321", b"V93"):
        assert canary not in dump


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_new_key_seals_everything_again_and_the_old_one_can_go(settings):
    old, new = key(1), key(2)
    settings.FIELD_KEYS = old
    invoice = factories.invoice()
    settings.FIELD_KEYS = f"{new},{old}"
    assert current_key_id() == 2
    out = StringIO()
    call_command("rotate_field_keys", stdout=out)
    assert "billing.Patient: 1 values" in out.getvalue()
    settings.FIELD_KEYS = new
    assert CareDetail.objects.get(invoice=invoice).lines[0]["code"] == "C002"
    assert Patient.objects.get(pk=invoice.patient_id).identity["date_of_birth"] == "1980-02-29"
    call_command("rotate_field_keys", stdout=out)
    assert "billing.Patient: 0 values" in out.getvalue()


@pytest.mark.django_db
def test_rotation_stops_at_a_value_it_cannot_open(settings):
    settings.FIELD_KEYS = key(1)
    invoice = factories.invoice()
    before = bytes(invoice.patient.sealed_identity)
    settings.FIELD_KEYS = key(2)
    with pytest.raises(Unreadable):
        call_command("rotate_field_keys", stdout=StringIO())
    assert bytes(Patient.objects.get(pk=invoice.patient_id).sealed_identity) == before


def test_every_model_with_a_sealed_column_says_what_it_is_bound_to():
    from django.apps import apps

    for model in apps.get_models():
        if any(field.name.startswith("sealed_") for field in model._meta.get_fields()):
            assert model in sealed_models(), model
