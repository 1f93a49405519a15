"""What `manage.py demo` fills in: once, by the same rules as everything else."""

import json
import subprocess
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.ledger import verification
from billing.models import CareDetail, Hold, Invoice, LedgerTransaction, OutboxMessage, Provider, ReminderStep, Staff
from debt_collection import handing_over
from debt_collection.models import Agency
from portal.management.commands.demo import add_staff, fill, key_of_practice, welcome
from portal.ops import demo, demo_past, demo_states
from portal.staff import otp
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)


def test_a_second_start_keeps_everything_as_it_was(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    fill(TODAY)
    passwords = add_staff()
    before = list(Invoice.objects.order_by("pk").values()), LedgerTransaction.objects.count(), Staff.objects.count()
    fill(date(2027, 2, 1))
    assert add_staff() == passwords
    after = list(Invoice.objects.order_by("pk").values()), LedgerTransaction.objects.count(), Staff.objects.count()
    assert after == before
    assert (tmp_path / "demo-staff.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2027, 1, 1), date(2026, 12, 31)])
def test_it_fits_any_day(today):
    fill(today)
    assert Invoice.objects.count() >= 10
    assert len(demo.references(today)) >= 6
    left_to_staff = ReminderStep.objects.filter(step=ReminderStep.Step.HAND_OVER, status=ReminderStep.Status.TAKEN)
    assert left_to_staff.get().invoice == demo.by_ending()[demo_past.ENDING]


def test_the_books_are_right():
    fill(TODAY)
    assert not list(verification.discrepancies())


def test_each_letter_of_the_law_was_sent_before_an_invoice_may_go_to_an_agency():
    fill(timezone.localdate())
    invoice = demo.by_ending()[demo_past.ENDING]
    sent = OutboxMessage.objects.filter(invoice=invoice, status=OutboxMessage.Status.SENT).order_by("sent_at")
    assert [message.kind for message in sent] == [
        "friendly_note", "reminder", "final_notice", "notice_of_costs", "final",
    ]  # fmt: skip
    assert invoice.created_at < sent[0].sent_at
    others = OutboxMessage.objects.exclude(invoice=invoice)
    assert not others.filter(created_at__lt=timezone.now() - timedelta(days=1)).exists(), "they came today"
    assert [one.why_not for one in handing_over.candidates(invoice, now=timezone.now())] == [()]
    member = factories.staff(provider=invoice.provider, role="approver")
    page = signed_in(member).get(f"/beheer/incasso/rekening/{invoice.pk}/").content.decode()
    assert "Incasso Voorbeeld B.V." in page
    case = handing_over.hand_over(invoice.pk, Agency.objects.get(), by=member)
    assert case.is_live


def test_it_says_what_to_try_and_how_to_get_in(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    fill(TODAY)
    text = welcome(TODAY, add_staff(), key_of_practice())
    for reference, shows in demo.references(TODAY):
        assert reference in text
        assert shows
    assert f"{settings.PUBLIC_URL}/sandbox/inbox/" in text
    assert "praktijk" in text
    assert "code app secret" in text


def test_what_was_paid_in_an_earlier_run_is_not_called_ordinary():
    fill(TODAY)
    before = dict(demo.references(TODAY))
    first = next(iter(before))
    Invoice.objects.filter(payment_reference=first).update(settled_at=timezone.now())
    after = dict(demo.references(TODAY))
    assert after[first] not in before.values()
    assert [text for reference, text in after.items() if reference != first] == list(before.values())[1:]


def test_nobody_is_warned_about_recovery_codes_that_were_never_made(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    fill(TODAY)
    for username in add_staff():
        member = Staff.objects.get(username=username)
        otp.enrol_for_demo(member)
        assert not otp.has_recovery_codes(member)
        otp.new_recovery_codes(member)
        assert otp.has_recovery_codes(member)


def test_every_member_belongs_to_the_demo_practice_or_to_operations(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    fill(TODAY)
    for username in add_staff():
        member = Staff.objects.get(username=username)
        assert member.is_operations or member.provider == Provider.objects.get(agb_code="11012345")


def test_it_runs_with_stand_in_servers_only(settings):
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="SANDBOX=1"):
        call_command("demo", skip_checks=True)


def test_it_holds_every_state_and_says_so():
    fill(TODAY)
    shown = {text for _, text in demo.references(TODAY)}
    assert {str(state.shows) for state in demo_states.STATES.values()} - shown == {"teruggenomen met een creditnota"}
    assert "ingetrokken" in shown
    stored = demo.by_ending()
    assert stored[102].plans.get().installments.first().missed_on
    notices = ReminderStep.objects.filter(invoice=stored[102], step=ReminderStep.Step.NOTICE)
    assert set(notices.values_list("status", "reason")) == {("taken", "by_hand"), ("dropped", "by_hand")}
    assert stored[126].withdrawn_at
    assert len(CareDetail.objects.get(invoice=stored[demo.LONG]).lines) == 60
    assert Hold.objects.filter(invoice=stored[125], released_at=None).exists()


def test_the_example_of_a_batch_can_be_imported_into_it(capsys):
    fill(TODAY)
    call_command("import_invoices", str(settings.ROOT / "demo" / "batch-example.json"))
    assert "11" in capsys.readouterr().out


def test_the_welcome_can_be_said_again(settings, tmp_path, capsys):
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="There is no demo yet"):
        call_command("demo", "--welcome")
    fill(TODAY)
    call_command("demo", "--welcome")
    again = capsys.readouterr().out
    assert "Zorgrekening is ready" in again
    assert "code app secret" in again


def test_what_a_visitor_handed_in_is_not_counted_among_its_own():
    fill(TODAY)
    before = demo.references(TODAY)
    provider = Invoice.objects.filter(provider__agb_code=demo.AGB_CODE).first().provider
    for number in ("X3", "E-101", "2026-112"):
        factories.invoice(provider=provider, number=number)
    assert demo.references(TODAY) == before


@pytest.mark.django_db(transaction=True)
def test_the_example_runs_as_the_welcome_says(live_server, settings, tmp_path):
    settings.DATA_DIR, settings.PUBLIC_URL = tmp_path, live_server.url
    demo.seed_providers()
    key = key_of_practice()
    assert key == key_of_practice()
    assert (tmp_path / "demo-key").stat().st_mode & 0o777 == 0o600
    (command,) = (line for line in welcome(TODAY, {}, key).splitlines() if "client.sh" in line)
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=settings.ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    handed_in, listed = map(json.loads, done.stdout.splitlines())
    assert [invoice["is_new"] for invoice in handed_in["invoices"]] == [True]
    assert [invoice["number"] for invoice in listed["items"]] == ["VOORBEELD-1"]
