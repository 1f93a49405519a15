"""Run in a process of its own, with the toy room installed: each thing that the room announced does its work."""

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import django


def main(folder: Path) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.test.utils import setup_test_environment

    setup_test_environment()
    invoice = hand_in(folder)
    patient_sees_it(invoice)
    day_is_worked(invoice)
    reminders_rest_and_paying_does_not(invoice)
    messages_are_asked_about_and_told(invoice)
    an_answer_takes_back_what_was_handed_over(invoice)
    staff_see_it(invoice)
    it_is_exported_and_removed(invoice, folder)


def toys(invoice: Any) -> list[str]:
    from toy.models import Toy

    return list(Toy.objects.filter(invoice=invoice).order_by("pk").values_list("what", flat=True))


def hand_in(folder: Path) -> Any:
    """A practice says something to the room in its batch."""
    from django.utils import timezone

    from billing.models import Invoice
    from portal.intake import batch
    from tests import factories
    from tests.portal.intake import batches

    factories.provider(agb_code=batches.AGB_CODE)
    path = folder / "batch.json"
    path.write_text(json.dumps(batches.batch(batches.invoice(toy=True))))
    result = batch.import_file(path, dry_run=False, today=timezone.localdate(), by="test")
    assert result.errors == [], result.errors
    invoice = Invoice.objects.get()
    assert toys(invoice) == ["new"]
    return invoice


def patient_sees_it(invoice: Any) -> None:
    from django.test import Client

    browser = Client()
    address = f"/rekening/{invoice.token}/toy/"
    assert browser.get(address).status_code == 303, "nobody sees it who did not open the invoice"
    browser.post("/", {"reference": invoice.payment_reference})
    assert browser.get(address).content.decode() == f"toys of {invoice.number}"
    assert "there are toys" in browser.get(f"/rekening/{invoice.token}/").content.decode()


def day_is_worked(invoice: Any) -> None:
    from django.core.management import call_command

    from portal.celery import app

    call_command("run_daily", verbosity=0)
    assert toys(invoice) == ["new", "daily 3"]
    app.finalize()
    assert app.conf.beat_schedule["toy"]["task"] == "toy.work"


def reminders_rest_and_paying_does_not(invoice: Any) -> None:
    from django.test import Client
    from django.utils import timezone

    from billing.dunning.blockers import blockers
    from billing.invoices import holds

    holds.place_hold(invoice, "toys", by="test")
    invoice.refresh_from_db()
    found = blockers(invoice, 2, now=timezone.now(), today=timezone.localdate())
    assert "on_hold" in [blocker.reason for blocker in found]
    browser = Client()
    browser.post("/", {"reference": invoice.payment_reference})
    assert "Betaal nog niet" not in browser.get(f"/rekening/{invoice.token}/").content.decode()
    holds.release_hold(invoice, "toys", by="test")


def messages_are_asked_about_and_told(invoice: Any) -> None:
    from django.conf import settings

    from billing.models import OutboxMessage
    from billing.outbox import delivery
    from billing.outbox.queue import queue_message
    from tests import factories
    from tests.smtp_sink import Sink

    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        message = queue_message("toy_note", invoice=invoice, context={"colour": "rood"}, dedupe_key="toy")
        sink.refuse["weg@post.example"] = "550 no such mailbox"
        lost = queue_message("toy_note", invoice=invoice, context={"colour": "rood"}, dedupe_key="lost")
        OutboxMessage.objects.filter(pk=lost.pk).update(recipient="weg@post.example")
        elsewhere = factories.invoice(provider=invoice.provider)
        untrue = queue_message("toy_note", invoice=elsewhere, context={"colour": "rood"}, dedupe_key="untrue")
        for one in (message, lost, untrue):
            delivery.deliver(one.pk)
        assert [mail["Subject"] for mail in sink.mails] == ["Speelgoed"]
    untrue.refresh_from_db()
    assert (untrue.status, untrue.error) == ("canceled", "no toys any more")
    message.refresh_from_db()
    assert [delivery.report_bounce(message, by="test") for _twice in range(2)] == [True, False]
    assert toys(invoice) == ["new", "daily 3", "sent", "failed", "bounced test"]


def an_answer_takes_back_what_was_handed_over(invoice: Any) -> None:
    """A complaint that is right calls back what any room handed over, in the transaction of its answer, once."""
    from django.utils import timezone
    from toy.models import Toy

    from billing import rooms
    from complaints import answers, handling, remedies
    from tests import factories
    from tests.complaints.test_files import drafted, filed, point

    staff = factories.staff(role="operations", provider=None)
    complaint = filed(invoice)
    handling.acknowledge(complaint.pk, text="Ik kijk ernaar.", staff=staff)
    draft = drafted([point("upheld")], wanted=remedies.Wanted(recall=True))
    try:
        answers.answer(complaint.pk, draft, staff=staff)
        raise AssertionError("nothing was handed over")
    except answers.Refused:
        pass
    lent = Toy.objects.create(invoice=invoice, what="lent")
    assert rooms.is_handed_over(invoice)
    answers.answer(complaint.pk, draft, staff=staff)
    lent.refresh_from_db()
    assert lent.what == f"back by staff:{staff.username}"
    assert not rooms.is_handed_over(invoice)
    assert not rooms.recall([invoice], reason="again", by="test", today=timezone.localdate())
    lent.delete()


def staff_see_it(invoice: Any) -> None:
    from django.test import Client
    from django.urls import reverse

    from billing import audit
    from billing.desk import timeline
    from billing.models import StaffTask
    from tests import factories
    from tests.portal.staff.staff_client import signed_in

    audit.open_task("toy_broken", dedupe_key="1", invoice=invoice)
    assert StaffTask.objects.get(kind="toy_broken").get_kind_display() == "a toy is broken"
    audit.record("toy_made", by="test", invoice=invoice)
    told = [event.what for event in timeline.of_invoice(invoice)]
    assert {"somebody made a toy", "toy made"} <= set(told)
    member = factories.staff(role="clerk", provider=invoice.provider)
    desk = signed_in(member)
    page = desk.get(reverse("admin:index")).content.decode()
    assert re.search(r"5 toys wait", page), "the start page has the panel"
    assert desk.get(reverse("admin:toy_toy_changelist")).status_code == 200
    address = reverse("admin:toy_page", args=[7])
    assert (address, desk.get(address).status_code) == ("/beheer/speelgoed/7/", 403), "a page is for its roles alone"
    approver = signed_in(factories.staff(role="approver", provider=invoice.provider))
    assert approver.get(address).content == b"toy 7"
    assert Client().get(address).status_code == 302, "nobody gets in without signing in"


def it_is_exported_and_removed(invoice: Any, folder: Path) -> None:
    from django.utils import timezone
    from toy.models import Toy

    from portal.ops import patient_export, retention

    Toy.objects.filter(invoice=invoice, what="sent").update(what="old")
    path = folder / "patient.zip"
    patient_export.export_patient(
        invoice.provider.agb_code, invoice.patient.number, path, by="test", now=timezone.now()
    )
    with zipfile.ZipFile(path) as pack:
        assert '"old"' in pack.read("patient.json").decode()
        assert pack.read(f"{invoice.pk}/toy.txt") == b"a drawing"
    retention.run_day(timezone.localdate())
    assert "old" not in toys(invoice)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    print("every announcement did its work")  # noqa: T201
