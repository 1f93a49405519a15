"""What happened: each thing once and in one order, also what was slow to commit; and how it reaches a webhook."""

import ipaddress
import socket
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.channels import webhooks as channel
from billing.errors import Refused
from billing.invoices import holds
from billing.models import AuditEvent, Hold, Invoice, LedgerTransaction, StaffTask
from portal.models import ApiEvent, EventMark, WebhookDelivery
from portal.webhooks import delivery, endpoints, events, signing
from tests import factories
from tests.portal.api.program import Program
from tests.portal.api.receiver import receiving
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = pytest.mark.django_db
Status = WebhookDelivery.Status


@pytest.fixture
def program():
    events.collect()
    return Program(factories.provider(agb_code=AGB_CODE))


@pytest.fixture
def hook(program):
    with receiving() as receiver:
        endpoint, receiver.secret = endpoints.add(program.provider, receiver.url, by="staff:a")
        receiver.endpoint = endpoint
        yield receiver


def paid(row, amount, event, **fields):
    when = {"occurred_at": timezone.now(), "by": "mollie"} | fields
    return ledger.post(row, LedgerTransaction.Kind.PAYMENT, -Decimal(amount), external_id=event, **when)


def types(answer):
    return [(event["type"], event["invoice"]) for event in answer.json()["items"]]


def test_what_happened_is_told_once_and_from_where_one_was(program):
    program.post("/invoices", invoice(1))
    events.collect()
    first = program.get("/events")
    assert types(first) == [("invoice.received", "2026-00001")]
    row = Invoice.objects.get()
    paid(row, "10.00", "a")
    holds.place_hold(row, Hold.STAFF, by="staff:a")
    events.collect()
    events.collect()
    then = program.get("/events", since=first.json()["next"])
    assert types(then) == [("invoice.paid", "2026-00001"), ("invoice.held", "2026-00001")]
    assert types(program.get("/events", since=then.json()["next"])) == []
    assert [row["amount"] for row in program.get("/payments").json()["items"]] == ["10.00"]
    program.post("/invoices/2026-00001/withdrawal", {"reason": "Dubbel"})
    events.collect()
    last = program.get("/events", since=then.json()["next"], limit=1)
    assert last.json()["has_more"]
    rest = types(program.get("/events", since=last.json()["next"]))
    assert ("invoice.withdrawn", "2026-00001") in rest + types(last)


def test_a_practice_reads_nothing_of_another(program):
    other = Program(factories.provider())
    other.post("/invoices", invoice(1, number="KANARIEPIET"))
    paid(Invoice.objects.get(), "5.00", "a")
    events.collect()
    assert types(program.get("/events")) == []
    assert program.get("/payments").json()["items"] == []
    since = other.get("/events").json()["next"]
    assert program.get("/events", since=since).json()["errors"][0]["parameter"] == "since"


def test_what_commits_behind_others_is_not_missed_and_not_told_twice(program):
    """A transaction that was slow: its key is lower than one that was read. The twin reads only what is newer."""
    program.post("/invoices", invoice(1))
    row = Invoice.objects.get()
    early = paid(row, "1.00", "slow")
    late = paid(row, "2.00", "fast")
    events.collect()
    ApiEvent.objects.filter(transaction=early).delete()  # as if it had not been there yet
    events.collect()
    assert ApiEvent.objects.filter(transaction=early).count() == 1
    assert ApiEvent.objects.filter(transaction=late).count() == 1
    ApiEvent.objects.filter(transaction=early).delete()
    EventMark.objects.update(settled=late.pk)  # the lag off
    events.collect()
    assert not ApiEvent.objects.filter(transaction=early).exists()


def test_what_is_old_enough_is_not_read_again(program):
    program.post("/invoices", invoice(1))
    events.collect(now=timezone.now() + events.SETTLES + timedelta(minutes=1))
    mark = EventMark.objects.get(what=events.LEDGER)
    assert mark.settled == mark.seen == LedgerTransaction.objects.latest("pk").pk


def test_before_any_program_asks_nothing_is_written():
    factories.invoice()
    assert events.collect() == 0
    assert not ApiEvent.objects.exists()
    program = Program(factories.provider())
    assert types(program.get("/events")) == []


# --- webhooks -------------------------------------------------------------------------------------------


def test_an_event_arrives_signed_and_says_only_that_it_happened(program, hook):
    program.post("/invoices", invoice(1))
    events.collect()
    delivery.sweep()
    (told,) = hook.received
    assert (told["type"], told["data"]["invoice"]) == ("invoice.received", "2026-00001")
    assert set(told["data"]) == {"id", "invoice"}
    assert told["data"]["id"] == program.get("/events").json()["items"][0]["id"]
    row = WebhookDelivery.objects.get()
    assert (row.status, row.answered, row.tries) == (Status.DELIVERED, 200, 1)
    delivery.sweep()
    assert len(hook.received) == 1


def test_a_wrong_signature_is_found_by_the_other_side(hook):
    body = b"{}"
    headers = signing.headers("msg_1", int(timezone.now().timestamp()), body, [signing.new_secret()])
    with pytest.raises(Exception, match="signature"):
        hook.take(headers, body)


def test_while_a_secret_is_replaced_both_sign(program, hook):
    now, old = timezone.now(), hook.secret
    new = endpoints.rotate(hook.endpoint, by="staff:a", now=now)
    hook.endpoint.refresh_from_db()
    assert endpoints.secrets_of(hook.endpoint, now=now) == [new, old]
    assert endpoints.secrets_of(hook.endpoint, now=now + endpoints.BOTH_SIGN) == [new]
    endpoints.test(hook.endpoint)
    delivery.sweep()
    hook.secret = new
    headers, body = hook.raw[0]
    hook.take(headers, body)
    assert [told["type"] for told in hook.received] == ["test", "test"]


def test_what_fails_is_tried_later_each_time_and_in_the_end_given_up(program, hook):
    hook.status, hook.secret = 500, ""  # in days to come its signature is too new for the other side
    row = endpoints.test(hook.endpoint)
    now, ids = timezone.now(), set()
    for wait in delivery.WAITS:
        delivery.sweep(now=now)
        row.refresh_from_db()
        assert row.next_try_at == now + wait
        delivery.sweep(now=now + wait - timedelta(seconds=1))
        now = row.next_try_at
    ids = {headers["webhook-id"] for headers, _body in hook.raw}
    assert (len(hook.raw), len(ids)) == (len(delivery.WAITS), 1)
    delivery.sweep(now=now)
    row.refresh_from_db()
    assert (row.status, row.answered) == (Status.FAILED, 500)
    hook.status = 200
    assert endpoints.send_again(hook.endpoint, since=now - timedelta(days=9)) == 1
    delivery.sweep()
    row.refresh_from_db()
    assert row.status == Status.DELIVERED


def test_an_address_that_is_gone_is_stopped_and_goes_on_when_it_is_mended(program, hook):
    hook.status = 410
    first, second = endpoints.test(hook.endpoint), endpoints.test(hook.endpoint)
    delivery.sweep()
    assert len(hook.raw) == 1  # the second waits: one that does not answer keeps no other waiting
    hook.endpoint.refresh_from_db()
    assert hook.endpoint.stopped_at
    assert StaffTask.objects.get(kind=delivery.STOPPED).note == program.provider.agb_code
    delivery.sweep(now=timezone.now() + timedelta(days=1))
    assert len(hook.raw) == 1
    hook.status = 204
    endpoints.resume(hook.endpoint, by="staff:a")
    delivery.sweep()
    assert {row.status for row in WebhookDelivery.objects.filter(pk__in=(first.pk, second.pk))} == {Status.DELIVERED}


def test_an_address_that_fails_for_days_is_stopped(program, hook):
    hook.status, hook.secret = 503, ""
    endpoints.test(hook.endpoint)
    now = timezone.now()
    delivery.sweep(now=now)
    endpoints.test(hook.endpoint)
    delivery.sweep(now=now + delivery.STOPS_AFTER)
    hook.endpoint.refresh_from_db()
    assert hook.endpoint.stopped_at


def test_two_workers_send_it_once(hook):
    row = endpoints.test(hook.endpoint)
    same = WebhookDelivery.objects.select_related("endpoint", "event").get(pk=row.pk)
    assert delivery.deliver(row) is True
    assert delivery.deliver(same) is None
    assert len(hook.raw) == 1


def test_a_redirect_is_not_followed(hook):
    hook.status = 302
    row = endpoints.test(hook.endpoint)
    delivery.sweep()
    row.refresh_from_db()
    assert (row.status, row.answered, len(hook.raw)) == (Status.WAITING, 302, 1)


PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]


def test_only_public_addresses_are_public():
    assert [text for text in PRIVATE if channel.is_public(ipaddress.ip_address(text))] == []
    for text in ("8.8.8.8", "2a00:1450:400e:80f::200e"):
        assert channel.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://praktijk.example/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://intern/",
        "https://a.internal/x",
        "ftp://a.nl/",
        "https://praktijk.nl:8443/",
        "https://user:pass@praktijk.nl/",
        "https://praktijk.nl/#x",
        "https://praktijk.nl/a b",
        "https://praktijk.nl:x/",
        "https://praktijk.nl/" + "a" * 300,
        "",
        "//praktijk.nl",
    ],
)
def test_an_address_of_another_kind_is_not_set_up(url, settings):
    settings.SANDBOX = False
    with pytest.raises(Refused):
        endpoints.add(factories.provider(), url, by="staff:a")


def test_no_connection_is_made_to_a_private_network(settings, monkeypatch):
    """The name leads there only now: the check when it was set up could not see it. The twin without the look does."""
    provider = factories.provider()
    settings.SANDBOX = False
    endpoint, _secret = endpoints.add(provider, "https://praktijk.nl/hook", by="staff:a")
    row = endpoints.test(endpoint)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        port, real = listening.getsockname()[1], socket.getaddrinfo
        there = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *args, **named: there if args[0] == "praktijk.nl" else real(*args, **named)
        )
        assert delivery.deliver(row) is False
        row.refresh_from_db()
        assert (row.error, row.answered) == ("not-public", None)
        with pytest.raises(TimeoutError):
            listening.accept()
        monkeypatch.setattr(channel, "is_public", lambda _address: True)
        monkeypatch.setattr(channel, "SECONDS", 0.4)
        with pytest.raises(channel.NotDelivered):
            channel.post(f"https://praktijk.nl:{port}/hook", b"{}", {})
        assert listening.accept()


def test_a_webhook_is_of_one_practice_and_there_are_few(program):
    for place in range(endpoints.MAX_ENDPOINTS):
        endpoints.add(program.provider, f"https://praktijk.nl/{place}", by="staff:a")
    for url in ("https://praktijk.nl/9", "https://praktijk.nl/1"):
        with pytest.raises(Refused):
            endpoints.add(program.provider, url, by="staff:a")
    first = endpoints.standing(program.provider)[0]
    endpoints.test(first)
    assert endpoints.remove(first, by="staff:a")
    assert not endpoints.remove(first, by="staff:a")
    assert WebhookDelivery.objects.get().status == Status.FAILED
    assert endpoints.standing(factories.provider()) == []


def test_the_secret_is_sealed(program):
    endpoint, secret = endpoints.add(program.provider, "https://praktijk.nl/hook", by="staff:a")
    assert secret.encode() not in bytes(endpoint.sealed_text)
    trail = AuditEvent.objects.get(action="webhook_added")
    assert trail.details == {"provider": AGB_CODE, "number": endpoint.pk}
