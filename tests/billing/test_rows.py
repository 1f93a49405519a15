"""Many rows at once are as Django would have inserted them, and their keys come as those of an INSERT do."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import UUIDField
from django.utils import timezone

from billing import audit, rows
from billing.integrity import keyed, publication
from billing.models import AuditEvent, Invoice, InvoicePayer, Letter, Patient, Payer, ReminderStep
from billing.rows import MANY, insert_rows, take_keys, update_rows
from tests import factories

NOW = datetime(2026, 11, 16, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = ["", "O'Brien", "a\tb", "two\nlines", "\\N", "\\.", 'a "quote"', "%s %%", "ïé€😀"]


def as_stored(model: Any, keys: list[Any]) -> list[Any]:
    """The columns of these rows, without what is never the same twice."""
    unlike = {"id", "digest", "provider_id", "sealed_identity"}
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, UUIDField)]
    names = [field.attname for field in fields if field.attname not in unlike]
    found = model.objects.in_bulk(keys)
    return [[getattr(found[key], name) for name in names] for key in keys]


def patients(practice: Any) -> list[Patient]:
    return [
        Patient(
            provider=practice,
            number=str(place),
            surname=TEXTS[place % len(TEXTS)],
            mobile=["+31612345678", "", "no number"][place % 3],
            sealed_identity=Patient.sealed({"date_of_birth": ""}, provider_id=practice.pk, number=str(place)),
            mobile_changed_at=[None, NOW][place % 2],
        )
        for place in range(2 * MANY)
    ]


def events(invoice: Invoice) -> list[AuditEvent]:
    details: list[dict[str, Any]] = [{"note": text, "of": [1, None, True, {"x": "1.00"}]} for text in TEXTS]
    return [
        AuditEvent(invoice=[invoice, None][place % 2], action="test", by="t", at=NOW, details=details[place % 9])
        for place in range(2 * MANY)
    ]


def letters(patient: Patient) -> list[Letter]:
    amounts = [Decimal("0.00"), Decimal("12.50"), Decimal("-3.01")]
    steps, days = [0, False, ReminderStep.Step.NOTICE], [date(2026, 2, 28), date(2028, 2, 29), NOW.date()]
    return [
        Letter(
            patient=patient, step=steps[place % 3], made_on=days[place % 3], principal=amounts[place % 3], sent_on=None
        )
        for place in range(2 * MANY)
    ]


@pytest.mark.django_db
@pytest.mark.both_databases
def test_many_rows_are_stored_as_by_django():
    invoice, practice = factories.invoice(), factories.provider()
    pairs: list[tuple[list[Any], list[Any]]] = [
        (patients(practice), patients(factories.provider())),
        (events(invoice), events(invoice)),
        (letters(invoice.patient), letters(invoice.patient)),
    ]
    for ours, djangos in pairs:
        model = type(ours[0])
        kept, wanted = insert_rows(ours), model.objects.bulk_create(djangos)
        assert as_stored(model, [row.pk for row in kept]) == as_stored(model, [row.pk for row in wanted])
        assert not any(row._state.adding for row in kept)
    trail = AuditEvent.objects.filter(action="test")
    assert all(keyed.is_as_written(row) for row in trail)
    assert {row.identity["date_of_birth"] for row in Patient.objects.filter(provider=practice)} == {""}


@pytest.mark.django_db
@pytest.mark.both_databases
def test_keys_rise_in_the_order_of_the_rows_and_none_is_given_twice():
    keys = [row.pk for row in insert_rows(events(factories.invoice()))]
    assert keys == sorted(set(keys))
    assert AuditEvent.objects.create(action="test", by="t").pk > keys[-1]
    assert insert_rows(events(factories.invoice()))[0].pk > keys[-1] + 1


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_the_database_refuses_leaves_none_of_them():
    practice = factories.provider()
    twice = [*patients(practice), *patients(practice)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(twice)
    assert {row.pk for row in twice} == {None}, "else saving one would overwrite whoever gets its key"
    assert not Patient.objects.filter(provider=practice).exists()


@pytest.mark.django_db
def test_a_row_of_one_that_was_not_stored_is_refused():
    with pytest.raises(ValueError, match="unsaved"):
        insert_rows(Payer(patient=patient, name="A") for patient in patients(factories.provider()))


@pytest.mark.django_db
def test_a_key_that_is_known_already_is_kept(monkeypatch):
    monkeypatch.setattr(rows, "MANY", 1)
    invoice = factories.invoice()
    assert insert_rows([InvoicePayer(invoice=invoice, name="A", email="a@post.example")])[0].pk == invoice.pk
    assert insert_rows([AuditEvent(pk=2**40, action="test", by="t")])[0].pk == 2**40


@pytest.mark.django_db
@pytest.mark.both_databases
def test_keys_taken_before_are_those_of_the_rows():
    patient = factories.patient()
    known, later = letters(patient), letters(patient)[:1]
    with transaction.atomic():
        take_keys(known)
        keys = [row.pk for row in known]
        assert [row.pk for row in insert_rows(known)] == keys == sorted(set(keys))
    assert insert_rows(later)[0].pk > keys[-1]
    take_keys([])


@pytest.mark.django_db
@pytest.mark.both_databases
def test_rows_are_changed_as_by_django():
    patient = factories.patient()
    ours, djangos = insert_rows(letters(patient)), insert_rows(letters(patient))
    names = ["sent_on", "interest_until", "voided_at", "void_reason", "principal", "costs_base", "message"]
    for place, pair in enumerate(zip(ours, djangos, strict=True)):
        for row in pair:
            row.sent_on, row.interest_until = [None, date(2026, 2, 28)][place % 2], None
            row.voided_at, row.void_reason = [NOW, None][place % 2], TEXTS[place % len(TEXTS)]
            row.principal, row.costs_base = Decimal(place) / 100, [None, Decimal("0.01")][place % 2]
    assert update_rows(ours, *names) == Letter.objects.bulk_update(djangos, names) == len(ours)
    assert as_stored(Letter, [row.pk for row in ours]) == as_stored(Letter, [row.pk for row in djangos])
    assert Letter.objects.get(pk=ours[4].pk).void_reason == TEXTS[4]


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_row_that_is_not_as_it_was_is_not_changed():
    first, second = insert_rows(letters(factories.patient())[:2])
    Letter.objects.filter(pk=second.pk).update(step=1)
    first.void_reason = second.void_reason = "bounced"
    assert update_rows([first, second], "void_reason", step=0) == 1
    assert list(Letter.objects.order_by("pk").values_list("void_reason", flat=True)) == ["bounced", ""]


def test_only_fields_that_store_a_value_as_it_is_are_not_asked_to_prepare_it():
    samples: dict[type, Any] = {str: "a\\b", int: 7, bool: True, bytes: b"\0\xff"}
    columns = [
        (column, field)
        for model in apps.get_models()
        for column, field in zip(rows._columns(model), model._meta.concrete_fields, strict=True)
    ]
    for column, field in columns:
        if column.as_it_is:
            prepared = field.get_db_prep_save(samples[column.as_it_is], connection)
            assert getattr(prepared, "obj", prepared) == samples[column.as_it_is], field
    asked = {type(field).__name__ for column, field in columns if not column.as_it_is}
    assert {"EuroField", "PhoneNumberField", "JSONField", "DateTimeField", "DateField"} <= asked


# --- keys and what is published -------------------------------------------------------------------


def published_meanwhile(insert: Callable[[], object], *, is_locked: bool) -> bool:
    """Publish after another has taken keys and before it writes; return whether it was possible."""
    taken, go_on = threading.Event(), threading.Event()

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("LOCK TABLE") and not is_locked:
            return None
        result = execute(sql, params, many, context)
        if "nextval" in sql:
            taken.set()
            assert go_on.wait(30)
        return result

    def act() -> None:
        try:
            with connection.execute_wrapper(wrapper):
                insert()
        finally:
            connection.close()

    other = threading.Thread(target=act)
    other.start()
    try:
        assert taken.wait(30)
        audit.record("later", by="test")
        return publication.publish_tables(now=timezone.now())
    finally:
        go_on.set()
        other.join(30)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_nothing_is_published_past_keys_that_were_taken(monkeypatch, is_locked):
    """The twin is without the lock: rows appear below what was published, and true ones look changed."""
    if connection.vendor == "sqlite":
        pytest.skip("who takes keys there has the one write lock")
    monkeypatch.setattr(publication, "LOCK_SECONDS", 0.2)
    invoice = factories.invoice()
    done = published_meanwhile(lambda: audit.record_all(events(invoice)), is_locked=is_locked)
    assert done is not is_locked
    publication.publish_tables(now=timezone.now())
    said = [sentence for sentence in publication.contradictions() if sentence.startswith("table billing_auditevent")]
    assert bool(said) is not is_locked
