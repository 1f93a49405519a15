"""The access log: written before anything is shown, in one chain, and tamper-evident."""

import hashlib
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing.integrity import publication
from billing.models import AccessChain, AccessEvent
from billing.privacy import access_log
from tests import factories
from tests.billing.integrity.test_publication import triggers_off

pytestmark = [pytest.mark.both_databases]
Act, Role = AccessEvent.Act, AccessEvent.Role


def look(invoice=None, **fields):
    return access_log.record(
        **{
            "act": Act.READ,
            "invoice": invoice,
            "who": "patient",
            "role": Role.PATIENT,
            "data": "invoice.pdf",
            "grounds": "sms-code",
            "organisation": "11012345",
            "address": "2001:DB8::0:1",
        }
        | fields
    )


@pytest.mark.django_db
def test_events_follow_each_other_and_prove_themselves(capsys):
    invoice = factories.invoice()
    events = [look(invoice), look(invoice, act=Act.DOWNLOAD), look(act=Act.SEARCH, address=None)]
    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.act for event in access_log.of_invoice(invoice)] == ["download", "read"]
    call_command("verify_access_log")
    assert "whole: 3 events" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["who", "role", "act", "data", "grounds", "organisation", "outcome", "address", "at"])
def test_every_field_is_covered_by_the_digest(field):
    event = look(factories.invoice())
    new = {"outcome": 8, "address": "10.0.0.1"}.get(field, "changed")
    if field == "at":
        new = event.at.replace(year=2001)
    setattr(event, field, new)
    assert access_log.digest(event, previous=AccessChain().digest) != event.digest


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_refuses_to_touch_an_event(act):
    look()
    rows = AccessEvent.objects.all()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(who="nobody") if act == "update" else rows._raw_delete(rows.db)


@pytest.mark.django_db
@pytest.mark.parametrize("tampering", ["change", "remove", "cut"])
def test_tampering_behind_the_triggers_shows(tampering):
    for _ in range(4):
        look()
    table, where = "billing_accessevent", " ON billing_accessevent" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for verb in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER {table}_no_{verb}{where}")
    row = AccessEvent.objects.filter(sequence={"change": 2, "remove": 2, "cut": 4}[tampering])
    row.update(who="nobody") if tampering == "change" else row._raw_delete(row.db)
    with pytest.raises(CommandError, match="NOT whole"):
        call_command("verify_access_log")


def _look_in_parallel(number, *, act=look):
    barrier, errors = threading.Barrier(number), []

    def run():
        barrier.wait()
        try:
            act()
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return errors


@pytest.mark.django_db(transaction=True)
def test_parallel_looks_stand_in_one_line():
    look()
    assert _look_in_parallel(16) == []
    assert AccessEvent.objects.count() == 17
    assert list(access_log.breaks()) == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_parallel_looks_collide():
    """The twin: every thread reads the same end of the chain, so at most one event can be appended."""
    look()
    met = threading.Barrier(4)

    def unlocked():
        end = AccessChain.objects.get(pk=access_log.CHAIN_PK)
        met.wait(timeout=10)
        AccessEvent.objects.create(sequence=end.length + 1, act=Act.READ, who="x", role=Role.PATIENT, digest="")

    assert len(_look_in_parallel(4, act=unlocked)) == 3


@pytest.mark.django_db
def test_a_chain_written_anew_without_the_key_shows():
    for _ in range(3):
        look()
    with triggers_off("billing_accessevent"):
        previous = ""
        for event in AccessEvent.objects.order_by("sequence"):
            event.who = "nobody"
            content = json.dumps([previous, event.who], default=str).encode()
            event.digest = previous = f"1:{hashlib.sha256(content).hexdigest()}"
            event.save()
        AccessChain.objects.update(digest=previous)
    with pytest.raises(CommandError, match="NOT whole"):
        call_command("verify_access_log")


@pytest.mark.django_db
def test_a_chain_written_anew_with_the_key_differs_from_what_was_published():
    for _ in range(3):
        look()
    access_log.publish_end(now=timezone.now())
    look()
    with triggers_off("billing_accessevent"):
        previous = ""
        for event in AccessEvent.objects.order_by("sequence"):
            event.who = "nobody"
            event.digest = previous = access_log.digest(event, previous=previous)
            event.save()
        AccessChain.objects.update(digest=previous)
    assert list(access_log.breaks()) == [
        sentence for sentence in access_log.breaks() if "event 3 is not the one that was published" in sentence
    ]
    assert len(list(access_log.breaks())) == 1


@pytest.mark.django_db
def test_the_end_is_published_when_it_moved_only():
    look()
    for _ in range(2):
        access_log.publish_end(now=timezone.now())
    assert len(publication.publications("access_log")) == 1
    look()
    access_log.publish_end(now=timezone.now())
    assert [one.through for one in publication.publications("access_log")] == [1, 2]
    assert list(access_log.breaks()) == []


@pytest.mark.django_db
def test_what_cannot_be_logged_raises():
    look()
    AccessChain.objects.update(length=0)  # the next event would take a place that is taken
    with pytest.raises(DatabaseError), transaction.atomic():
        look()
    assert AccessEvent.objects.count() == 1
