"""Handing in at /beheer/aanleveren/: looked at first, handed in as it was shown, with an answer for the software."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from json import dumps, loads

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing import rights
from billing.models import AuditEvent, Invoice, ReminderStep, Staff, StaffTask, SubmittedFile
from billing.privacy import access_log
from billing.storage import upkeep
from billing.submission import uploads
from portal.intake import checking, handing_in, writing
from portal.intake.batch import import_stream
from portal.ops import retention
from tests import factories
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/beheer/aanleveren/"
Status = SubmittedFile.Status


@pytest.fixture
def practice():
    return factories.provider(agb_code=AGB_CODE)


@pytest.fixture
def clerk(practice, settings):
    client = signed_in(factories.staff(provider=practice))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def uploaded(client, content, name="november.json"):
    """Upload this; return the page of the file, and its row."""
    data = content if isinstance(content, bytes) else dumps(content).encode()
    answer = client.post(ADDRESS, {"files": SimpleUploadedFile(name, data)}, follow=True)
    row = SubmittedFile.objects.first()
    assert answer.redirect_chain == [(f"{ADDRESS}{row.pk}/", 303)]
    return answer.content.decode(), row


def acted(client, row, act, **fields):
    there = f"{ADDRESS}{row.pk}/"
    answer = client.post(there, {"act": act, "sha256": row.sha256} | fields, follow=True)
    row.refresh_from_db()
    return answer.content.decode()


def wrong(place):
    return changed(invoice(place), ("lines", 0, "unit_price"), "28,51")


def recent(place, **fields):
    """An invoice of today."""
    return invoice(place, issued_on=timezone.localdate().isoformat(), **fields)


def test_looked_at_first_and_handed_in_by_a_second_click(clerk, practice):
    page, row = uploaded(clerk, batch(recent(1), recent(2)))
    assert "Everything in this file is right. Nothing was changed yet." in page
    assert (row.status, row.new, Invoice.objects.count()) == (Status.CHECKED, 2, 0)
    assert "1 file was uploaded and not handed in yet" in clerk.get("/beheer/").content.decode()
    page = acted(clerk, row, "hand_in")
    assert (row.status, row.new, row.left_out, Invoice.objects.count()) == (Status.DONE, 2, 0, 2)
    assert "Answer for your software" in page
    assert AuditEvent.objects.filter(action="file_handed_in", by=row.ordered_by).exists()
    assert acted(clerk, row, "hand_in").count("This file has changed meanwhile") == 1  # a doubled click
    assert Invoice.objects.count() == 2
    assert "not handed in yet" not in clerk.get("/beheer/").content.decode()


def test_each_error_names_the_invoice_and_what_to_do(clerk):
    content = batch(
        wrong(1),
        changed(recent(2), ("patient", "email"), "jan@"),
        changed(recent(3), ("lines", 0, "performed_on"), "2031-01-01"),
        recent(4),
    )
    page, row = uploaded(clerk, content)
    assert (row.status, row.left_out) == (Status.REFUSED, 3)
    assert "Your practice chose all or nothing" in page
    assert "New invoices" not in page, "the right one is not taken either, and 0 would be read as another fault"
    assert "Invoice 2026-00001, number 1 in the file, patient P-1" in page
    assert "<strong>Line 1: price:</strong> " in page
    assert "This is how your software wrote the file. Pass this on to its maker, with the code." in page
    assert "Correct it in your software with patient P-2." in page
    assert "Correct that treatment in your software." in page
    assert 'value="hand_in"' not in page
    assert acted(clerk, row, "hand_in").count("This file has changed meanwhile") == 1
    assert not Invoice.objects.exists()


def test_the_good_ones_go_on_where_an_approver_chose_that(clerk, practice):
    assert clerk.post(f"{ADDRESS}keuze/", {"good_ones": "yes"}).status_code == 403
    approver = signed_in(factories.staff(provider=practice, role=Staff.Role.APPROVER))
    assert approver.post(f"{ADDRESS}keuze/", {"good_ones": "yes"}).status_code == 303
    assert AuditEvent.objects.filter(action="intake_choice_changed").count() == 1
    page, row = uploaded(clerk, batch(recent(1), wrong(2)))
    assert "Hand in what is right" in page
    acted(clerk, row, "hand_in")
    assert (row.status, row.new, row.left_out) == (Status.DONE, 1, 1)
    stored = Invoice.objects.get()
    answer = loads(clerk.get(f"{ADDRESS}{row.pk}/antwoord.json").content)
    taken, refused = answer["invoices"]
    assert (taken["number"], taken["state"], taken["errors"]) == (stored.number, "taken", [])
    assert taken["payment_reference"] == stored.payment_reference
    assert clerk.get(taken["link"].partition("testserver")[2] or taken["link"]).status_code in (200, 302)
    assert (refused["state"], refused["errors"][0]["code"]) == ("refused", "amount-comma")
    assert "link" not in refused
    lines = list(
        csv.reader(StringIO(clerk.get(f"{ADDRESS}{row.pk}/antwoord.csv").content.decode("utf-8-sig")), delimiter=";")
    )
    assert [line[1:3] for line in lines[1:]] == [["2026-00001", "taken"], ["2026-00002", "not taken"]]
    looks = [event for event in access_log.of_invoice(stored) if event.act == "download"]
    assert [event.data for event in looks] == ["answer to a file"] * 2, "the patient finds both"


def answer_in(client, row, language, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    content = client.get(f"{ADDRESS}{row.pk}/antwoord.csv").content.decode("utf-8-sig")
    return list(csv.reader(StringIO(content), delimiter=";"))


def test_the_answer_is_in_the_language_of_who_reads_it_with_the_same_codes(clerk, practice, settings):
    uploads.choose(practice, good_ones=True, by="staff:anna")
    _page, row = uploaded(clerk, batch(recent(1), wrong(2)))
    acted(clerk, row, "hand_in")
    english, dutch = (answer_in(clerk, row, language, settings) for language in ("en", "nl"))
    assert english[0][0] == "What"
    assert dutch[0][0] == "Wat"
    for column in (2, 5):
        assert english[2][column]
        assert english[2][column] != dutch[2][column]
    assert [line[6:] for line in english[1:]] == [["taken", ""], ["refused", "amount-comma"]]
    assert [line[6:] for line in dutch[1:]] == [["taken", ""], ["refused", "amount-comma"]]


def test_the_page_says_how_many_announcements_wait_and_until_when(clerk, settings):
    later = (timezone.localtime().hour + 2) % 24
    settings.NOTICE_HOURS = (later, later + 1)
    _page, row = uploaded(clerk, batch(recent(1), recent(2)))
    page = acted(clerk, row, "hand_in")
    assert "2 announcements still wait to be sent. They leave from " in page
    assert f" at {later:02d}:00." in page
    ReminderStep.objects.filter(invoice__number="2026-00001").update(status="taken")
    assert "1 announcement still waits to be sent." in clerk.get(f"{ADDRESS}{row.pk}/").content.decode()
    ReminderStep.objects.update(status="taken")
    assert "to be sent" not in clerk.get(f"{ADDRESS}{row.pk}/").content.decode()


def test_the_same_invoice_written_differently_is_the_same_and_a_changed_one_is_refused(clerk):
    _page, row = uploaded(clerk, batch(recent(1)))
    acted(clerk, row, "hand_in")
    again = changed(recent(1), ("patient", "address", "postcode"), "1234ab")
    page, row = uploaded(clerk, dumps(batch(again), indent=3).encode())
    assert (row.status, row.new, row.known) == (Status.CHECKED, 0, 1)
    page, row = uploaded(clerk, batch(changed(recent(1), ("lines", 0, "unit_price"), "99.00")))
    assert row.status == Status.REFUSED
    assert "take it back with a credit note" in page


def test_what_came_in_between_is_shown_before_anything_is_handed_in(clerk, practice):
    uploads.choose(practice, good_ones=True, by="test")
    _page, row = uploaded(clerk, batch(recent(1), recent(2)))
    other = BytesIO(dumps(batch(recent(1, insurer_paid="1.00"))).encode())
    import_stream(other, dry_run=False, today=timezone.localdate(), by="import:other")
    page = acted(clerk, row, "hand_in")
    assert (row.status, row.left_out, Invoice.objects.count()) == (Status.CHECKED, 1, 1)
    assert "Not handed in as it was shown" in page
    acted(clerk, row, "hand_in")
    assert (row.status, row.new, Invoice.objects.count()) == (Status.DONE, 1, 2)


def test_the_file_of_another_practice_is_refused_and_says_nothing_of_it(clerk):
    factories.provider(agb_code="11000022", name="Praktijk Geheim")
    for agb in ("11000022", "11999999"):
        page, row = uploaded(clerk, batch(recent(1)) | {"provider": {"agb_code": agb}})
        assert row.status == Status.REFUSED
        assert f"This file has the AGB code of another practice. Yours is {AGB_CODE}." in page
        assert "Geheim" not in page


def test_a_long_file_is_worked_on_by_a_worker_and_its_page_says_how_far(clerk, monkeypatch):
    monkeypatch.setattr(handing_in, "AT_ONCE_BYTES", 10)
    page, row = uploaded(clerk, batch(recent(1)))
    assert row.status == Status.RECEIVED
    assert "Look again" in page
    assert clerk.get(f"{ADDRESS}{row.pk}/stand.json").json() == {"at_work": True, "done": 0, "of": 0}
    handing_in.sweep()
    acted(clerk, row, "hand_in")
    assert row.status == Status.ORDERED
    handing_in.sweep()
    assert clerk.get(f"{ADDRESS}{row.pk}/stand.json").json() == {"at_work": False, "done": writing.PART, "of": 0}
    assert Invoice.objects.count() == 1


def test_a_dead_worker_is_followed_by_another_one_and_a_living_one_is_not(clerk, monkeypatch):
    monkeypatch.setattr(handing_in, "AT_ONCE_BYTES", 10)
    _page, row = uploaded(clerk, batch(recent(1)))
    now = timezone.now()
    assert uploads.claim(row, now=now)
    handing_in.sweep(now=now + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.status == Status.RECEIVED
    handing_in.sweep(now=now + timedelta(minutes=3))
    row.refresh_from_db()
    assert row.status == Status.CHECKED


def test_a_worker_that_dies_half_way_is_continued_and_the_counts_stay_true(clerk, practice, monkeypatch):
    monkeypatch.setattr(writing, "PART", 1)
    _page, row = uploaded(clerk, batch(recent(1), recent(2), recent(3)))
    uploads.order(row, by="staff:x")
    assert uploads.claim(row, now=timezone.now())

    def killed(_count):
        if Invoice.objects.exists():
            raise KeyboardInterrupt

    content = BytesIO(uploads.content_of(row))
    with pytest.raises(KeyboardInterrupt):
        import_stream(content, dry_run=False, today=timezone.localdate(), by=row.ordered_by, of=practice, seen=killed)
    assert (Invoice.objects.count(), handing_in.progress(row)) == (1, (1, 3))
    handing_in.sweep(now=timezone.now() + timedelta(minutes=3))
    row.refresh_from_db()
    assert (row.status, row.new, row.known, Invoice.objects.count()) == (Status.DONE, 3, 0, 3)


def test_a_file_of_nothing_but_errors_is_not_read_to_its_end(clerk, monkeypatch):
    monkeypatch.setattr(checking, "MAX_WRONG", 5)
    monkeypatch.setattr(checking, "CHUNK", 10)
    page, row = uploaded(clerk, batch(*(wrong(place) for place in range(30))))
    assert (row.status, row.left_out) == (Status.REFUSED, 10)
    assert "So much of this file is wrong that it was not read to its end." in page


def test_what_is_thrown_away_or_over_leaves_no_bytes(clerk):
    _page, row = uploaded(clerk, batch(recent(1)))
    assert uploads.content_of(row) == dumps(batch(recent(1))).encode()
    acted(clerk, row, "withdraw")
    assert (row.status, row.stored_name, row.facts) == (Status.WITHDRAWN, "", {})
    _page, used = uploaded(clerk, batch(recent(2)))
    acted(clerk, used, "hand_in")
    _page, unused = uploaded(clerk, batch(recent(3)))
    for days, over in ((13, []), (15, [unused]), (89, []), (91, [used])):
        retention.delete_expired(timezone.localdate() + timedelta(days=days))
        for gone in over:
            gone.refresh_from_db()
            assert (gone.stored_name, bytes(gone.sealed_facts)) == ("", b"")
    assert (used.status, used.new, unused.status) == (Status.DONE, 1, Status.WITHDRAWN)
    assert clerk.get(f"{ADDRESS}{used.pk}/").status_code == 200
    assert clerk.get(f"{ADDRESS}{used.pk}/antwoord.csv").status_code == 404
    assert set(upkeep.compare().values()) == {0}


def test_what_no_worker_ended_is_erased_after_its_term_with_a_task(clerk, monkeypatch):
    monkeypatch.setattr(handing_in, "AT_ONCE_BYTES", 10)
    _page, ordered = uploaded(clerk, batch(recent(1)))
    handing_in.sweep()
    acted(clerk, ordered, "hand_in")
    _page, received = uploaded(clerk, batch(recent(2)))
    _page, taken = uploaded(clerk, batch(recent(3)))
    assert uploads.claim(taken, now=timezone.now())
    for days, over in ((13, []), (15, [received]), (89, []), (91, [ordered])):
        assert uploads.erase_expired(timezone.localdate() + timedelta(days=days)) == {"submitted_files": len(over)}
        for gone in over:
            gone.refresh_from_db()
            assert (gone.status, gone.stored_name, bytes(gone.sealed_facts)) == (Status.WITHDRAWN, "", b"")
    assert [str(file.pk) in note for file, note in zip((received, ordered), _notes(), strict=True)] == [True, True]
    taken.refresh_from_db()
    assert taken.stored_name  # a worker is at it
    assert "Nothing of it was handed in." in clerk.get(f"{ADDRESS}{received.pk}/").content.decode()
    assert "What it brought" in clerk.get(f"{ADDRESS}{ordered.pk}/").content.decode()


def _notes():
    return [task.note for task in StaffTask.objects.filter(kind=StaffTask.Kind.STORAGE).order_by("pk")]


def test_a_practice_may_keep_it_from_its_clerks(clerk, practice):
    approver = factories.staff(provider=practice, role=Staff.Role.APPROVER)
    rights.decide(practice, {"hand_in": False}, by=approver)
    assert clerk.get(ADDRESS).status_code == 403
    assert signed_in(approver).get(ADDRESS).status_code == 200
    assert signed_in(factories.staff(role=Staff.Role.OPERATIONS)).get(ADDRESS).status_code == 403
