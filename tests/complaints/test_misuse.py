"""What goes wrong when somebody is old, in a hurry, not allowed, or means ill: each is tried, and changes nothing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from billing.adjustments import reductions
from billing.errors import Refused
from billing.models import OutboxMessage, StaffTask
from complaints import answers, days, deadlines, filing, freeze, handling
from complaints.file import bodies, lessons, mandates, proof
from complaints.models import Answer, Complaint, ComplaintDraft, ComplaintFile
from complaints.pages.file import broken, promises
from complaints.remedies import Wanted
from tests import factories
from tests.complaints.test_files import drafted, filed, fresh, point, said
from tests.complaints.test_pages import STORY, file_of, steps
from tests.complaints.test_proof import photo
from tests.coulance.conftest import media  # noqa: F401
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
Status = Complaint.Status
TODAY = timezone.localdate()


@pytest.fixture
def staff():
    return factories.staff(role="operations", provider=None)


@pytest.fixture
def other():
    return factories.staff(role="operations", provider=None)


def acknowledged(staff, invoice=None, **more):
    complaint = filed(invoice or factories.invoice(amount="100.00"), **more)
    return handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)


class TestInAHurry:
    def test_a_doubled_click_files_once_and_leads_to_the_file(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
        draft = client.cookies["complaint"].value
        first = steps(client, invoice.token)
        client.cookies["complaint"] = draft  # what the browser had when it sent the second
        second = client.post(reverse("complain_check", args=[invoice.token]))
        complaint = Complaint.objects.get()
        assert first["Location"] == second["Location"] == reverse("complaint", args=[complaint.token])
        Complaint.objects.update(received_at=timezone.now() - timedelta(hours=1))
        client.cookies["complaint"] = draft
        late = client.post(reverse("complain_check", args=[invoice.token]))
        assert late["Location"] == reverse("complain", args=[invoice.token])

    def test_two_tabs_about_two_children_do_not_lose_each_others_words(self, client):
        first, second = factories.invoice(), factories.invoice()
        for invoice in (first, second):
            open_in(client, invoice)
            client.post(reverse("complain", args=[invoice.token]), {"subject": "price"})
        client.post(reverse("complain_story", args=[first.token]), {"story": "Van Sam."})
        client.post(reverse("complain_story", args=[second.token]), {"story": "Van Noor."})
        assert "Van Sam." in client.get(reverse("complain_story", args=[first.token])).content.decode()
        client.post(reverse("complain_who", args=[second.token]), {"email": "ouder@post.example"})
        assert client.post(reverse("complain_check", args=[second.token])).status_code == 303
        assert "Van Sam." in client.get(reverse("complain_story", args=[first.token])).content.decode()
        assert ComplaintDraft.objects.get().invoice == first

    def test_a_text_that_came_after_a_day_begins_a_new_draft_and_done_erases_it(self, client):
        story = reverse("complain_story_without_invoice")
        client.post(reverse("complain_without_invoice"), {"subject": "service"})
        ComplaintDraft.objects.update(written_at=timezone.now() - timedelta(hours=25))
        assert client.post(story, {"story": STORY})["Location"] == reverse("complain_without_invoice")
        client.post(reverse("complain_without_invoice"), {"subject": "service"})
        assert STORY in client.get(story).content.decode()
        client.post("/klaar/")
        assert ComplaintDraft.objects.filter(written_at__gte=timezone.now() - timedelta(hours=1)).count() == 0
        assert client.get(story).status_code == 303

    def test_staff_who_press_twice_enter_it_once(self, staff):
        desk, invoice = signed_in(staff), factories.invoice()
        fields = {
            "channel": "phone", "received_at": "2026-11-01T10:00", "reference": invoice.payment_reference,
            "subject": "price", "story": STORY, "phone": "0612345678", "form": "a" * 24,
            "for_somebody": "Mevrouw Jansen",
        }  # fmt: skip
        page = reverse("admin:complaint_receive")
        assert 'name="form"' in desk.get(page).content.decode()
        assert len({desk.post(page, fields)["Location"] for _twice in range(2)}) == 1
        complaint = Complaint.objects.get()
        assert mandates.of(complaint).facts["patient"] == "Mevrouw Jansen"


class TestOldAndByTelephone:
    def test_staff_note_what_was_said_and_the_file_goes_on(self, staff):
        desk, complaint = signed_in(staff), acknowledged(staff)
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        handling.ask(complaint.pk, text="Welke brief?", staff=staff, today=TODAY)
        assert desk.post(page, {"act": "heard", "what": "reply", "text": ""}).status_code == 422
        desk.post(page, {"act": "heard", "what": "reply", "text": "De brief van mei."})
        assert fresh(complaint).status == Status.INVESTIGATING
        assert complaint.messages.last().by == f"staff:{staff.username}"
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        desk.post(page, {"act": "heard", "what": "escalate", "text": ""})
        assert fresh(complaint).status == Status.SECOND_LINE
        assert desk.post(page, {"act": "heard", "what": "nonsense", "text": "x"}).status_code == 422
        desk.post(page, {"act": "heard", "what": "withdraw"})
        assert fresh(complaint).status == Status.WITHDRAWN

    def test_whoever_gets_no_mail_is_called(self, staff):
        complaint = filing.file(said(email="", phone="0612345678"), subject="service")
        assert "krijgt geen mail" in signed_in(staff).get(
            reverse("admin:complaints_complaint_file", args=[complaint.pk])
        ).content.decode()  # fmt: skip

    def test_somebody_else_may_look_after_the_two_weeks_and_it_rests_again(self, staff):
        complaint = acknowledged(staff)
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        over = deadlines.frozen_until(TODAY) + timedelta(days=1)
        days.run_day(over)
        assert not freeze.rests(complaint.invoice)
        handling.escalate(complaint.pk, text="", today=over)
        assert freeze.rests(complaint.invoice)

    def test_we_ask_again_once_halfway(self, staff):
        complaint = acknowledged(staff)
        handling.ask(complaint.pk, text="Welke brief?", staff=staff, today=TODAY)
        asked = OutboxMessage.objects.filter(kind="complaint_news", subject__startswith="Wij hebben een vraag")
        for after, count in ((6, 1), (7, 2), (8, 2), (14, 2)):
            days.run_day(TODAY + timedelta(days=after))
            assert asked.count() == count

    def test_what_came_late_begins_anew_with_new_days(self, staff):
        complaint = acknowledged(staff)
        handling.ask(complaint.pk, text="Welke brief?", staff=staff, today=TODAY)
        days.run_day(TODAY + timedelta(days=15))
        came = TODAY + timedelta(days=40)
        handling.reply(complaint.pk, text="Deze.", today=came)
        row, new = fresh(complaint), deadlines.dates(deadlines.PROCEDURES["ours"], came)
        assert (row.answered_at, row.answer_by, row.legal_end) == (None, new.answer_by, new.legal_end)
        assert [promise.done for promise in promises(row, today=came)][-1] is None
        answers.refuse(complaint.pk, why="not_ours", text="Uw verzekeraar beslist.", staff=staff, today=came)
        assert all(promise.done for promise in promises(fresh(complaint), today=came)), "a later step keeps the earlier"
        handling.admit(complaint.pk, staff=staff)
        assert (fresh(complaint).answered_at, fresh(complaint).frozen_until) == (None, None)
        assert complaint.messages.last().kind == "admitted"


class TestWhatIsPromised:
    @pytest.mark.parametrize("decision", ["not_upheld", "upheld"])
    def test_a_new_last_day_that_an_answer_names_is_kept(self, staff, decision):
        complaint, named = acknowledged(staff), TODAY + timedelta(days=90)
        points = [point(decision, why="excuus is genoeg")]
        wanted = Wanted(due_on=named.isoformat(), action="wij bellen u" if decision == "upheld" else "")
        answers.answer(complaint.pk, drafted(points, wanted=wanted), staff=staff)
        days.run_day(deadlines.frozen_until(TODAY) + timedelta(days=1))
        assert not freeze.rests(complaint.invoice)
        assert fresh(complaint.invoice).due_on == named
        soon = Wanted(due_on=(named - timedelta(days=1)).isoformat())
        handling.escalate(complaint.pk, text="", today=TODAY)
        second = factories.staff(role="operations", provider=None)
        with pytest.raises(Refused, match="nieuwe laatste dag"):
            answers.answer(complaint.pk, drafted(points, wanted=soon), staff=second)

    def test_when_nobody_writes_the_team_lead_is_told_indeed(self, staff):
        complaint = acknowledged(staff)
        proof.receive(complaint.pk, [photo()])
        due = complaint.next_state_on
        ComplaintFile.objects.update(status="refused")
        handling.say(complaint, "file_refused", "kapot", by="system", now=timezone.now() + (due - TODAY))
        days.run_day(due)
        task = StaffTask.objects.get(kind=days.SILENT)
        assert (task.note, task.invoice) == (complaint.number, None), "a file about us is not the practice's"
        assert OutboxMessage.objects.filter(kind="complaint_state").count() == 1

    def test_the_next_promise_comes_first_at_the_desk(self, staff):
        old = acknowledged(staff)
        handling.admit(old.pk, staff=staff)
        new = filed(factories.invoice())
        page = signed_in(staff).get(reverse("admin:complaints")).content.decode()
        assert page.index(new.number) < page.index(old.number), "to be confirmed in two days"

    def test_personal_data_have_a_month(self):
        came = timezone.now()
        complaint = filed(factories.invoice(), subject="privacy", received_at=came)
        assert complaint.legal_end == min(
            deadlines.privacy_end(TODAY), deadlines.dates(deadlines.PROCEDURES["ours"], TODAY).legal_end
        )

    def test_the_last_day_at_the_next_body_counts_from_the_answer(self, staff, other, settings):
        settings.COMPLAINTS_SECOND_PERSON_ABOVE = 10
        complaint = acknowledged(staff, subject="insurer")
        draft = drafted([point("upheld")], wanted=Wanted(lower_to=Decimal("60.00")))
        answers.answer(complaint.pk, draft, staff=staff)
        later = timezone.now() + timedelta(days=9)
        row = answers.confirm(complaint.pk, staff=other, now=later)
        assert row.until == deadlines.months_after(timezone.localdate(later), 12)

    def test_once_we_are_silent_too_long_another_body_is_named(self):
        complaint = filed(factories.invoice(), subject="letters")
        assert bodies.need_not_wait(complaint, today=TODAY + timedelta(days=60)) is None
        with override_settings(COMPLAINTS_OWN_BODY="kifid"):
            assert bodies.after(complaint, today=TODAY)["name"] == "Kifid"
            assert bodies.need_not_wait(complaint, today=TODAY + timedelta(days=55)) is None
            found, last = bodies.need_not_wait(complaint, today=TODAY + timedelta(days=56))
            assert (found["name"], last) == ("Kifid", deadlines.months_after(TODAY, 12))
        assert bodies.after(complaint, today=TODAY)["key"] == "court"

    def test_a_broken_promise_stays_broken(self, staff, other):
        complaint = acknowledged(staff, received_at=timezone.now() - timedelta(days=30))
        before = broken(complaint, today=TODAY)
        handling.extend(complaint.pk, reason="De praktijk is dicht.", staff=staff, today=TODAY)
        assert broken(fresh(complaint), today=TODAY) == before
        Complaint.objects.update(answer_by=TODAY - timedelta(days=1))
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        assert broken(fresh(complaint), today=TODAY) == before + 1
        handling.escalate(complaint.pk, text="", today=TODAY)
        assert broken(fresh(complaint), today=TODAY) == before + 1
        assert lessons.figures(Complaint.objects.all(), date(2026, 1, 1), TODAY).answered_in_time == 0

    def test_the_mail_promises_a_rest_only_where_there_is_one(self, staff):
        complaint = filing.file(said(), subject="service")
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        assert "staat stil" not in OutboxMessage.objects.get(kind="complaint_answered").text

    def test_what_is_not_for_us_does_not_rest_again_by_a_word(self, staff):
        complaint = acknowledged(staff)
        answers.refuse(complaint.pk, why="at_court", text="De rechter beslist.", staff=staff, today=TODAY)
        days.run_day(deadlines.frozen_until(TODAY) + timedelta(days=1))
        handling.reply(complaint.pk, text="x", today=TODAY)
        assert (fresh(complaint).status, freeze.rests(complaint.invoice)) == (Status.INADMISSIBLE, False)
        assert not freeze.would_rest(complaint.invoice_id, "letters")
        for _again in range(2):
            assert freeze.would_rest(complaint.invoice_id, "price")
            handling.withdraw(filed(complaint.invoice, subject="price").pk, today=TODAY)
        assert not freeze.would_rest(complaint.invoice_id, "price"), "not for ever by taking it back"

    def test_a_lower_amount_is_lower_than_what_is_asked_now(self, staff):
        complaint = acknowledged(staff)
        reductions.reduce_to(complaint.invoice, Decimal("60.00"), external_id="x", by="test", now=timezone.now())
        for amount in ("70.00", "40.00"):
            draft = drafted([point("upheld")], wanted=Wanted(lower_to=Decimal(amount)))
            with pytest.raises(Refused, match="nieuwe bedrag"):
                answers.answer(complaint.pk, draft, staff=staff)


class TestNotTheirOwnJudge:
    def test_a_practice_proposes_and_somebody_of_ours_agrees(self, staff):
        invoice = factories.invoice(amount="100.00")
        practice = [factories.staff(role="approver", provider=invoice.provider) for _one in range(2)]
        complaint = acknowledged(practice[0], invoice, subject="price")
        with pytest.raises(Refused, match="beslist"):
            answers.answer(complaint.pk, drafted([point()]), staff=factories.staff(provider=invoice.provider))
        row = answers.answer(complaint.pk, drafted([point()]), staff=practice[0])
        assert row.given_at is None
        with pytest.raises(Refused, match="praktijk"):
            answers.confirm(complaint.pk, staff=practice[1])
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        refusal = signed_in(practice[1]).post(page, {"act": "refuse", "why": "not_ours", "text": "Nee."})
        assert (refusal.status_code, fresh(complaint).status) == (422, Status.ACKNOWLEDGED)
        assert complaint.number in signed_in(staff).get(reverse("admin:complaints")).content.decode()
        answers.confirm(complaint.pk, staff=staff)
        assert fresh(complaint).status == Status.ANSWERED
        handling.escalate(complaint.pk, text="", today=TODAY)
        for judge in (*practice, staff):
            with pytest.raises(Refused):
                answers.answer(complaint.pk, drafted([point()]), staff=judge)

    def test_who_gave_the_first_answer_does_not_agree_to_the_second(self, staff, other, settings):
        complaint = acknowledged(staff)
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        handling.escalate(complaint.pk, text="", today=TODAY)
        settings.COMPLAINTS_SECOND_PERSON_ABOVE = 10
        draft = drafted([point("upheld")], wanted=Wanted(lower_to=Decimal("60.00")))
        answers.answer(complaint.pk, draft, staff=other)
        with pytest.raises(Refused, match="eerste antwoord"):
            answers.confirm(complaint.pk, staff=staff)
        assert fresh(complaint).status == Status.SECOND_LINE

    def test_whom_it_is_about_is_noted_and_sees_and_agrees_to_nothing(self, staff, other, settings):
        settings.COMPLAINTS_SECOND_PERSON_ABOVE = 10
        complaint = acknowledged(other)
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        desk = signed_in(staff)
        assert desk.post(page, {"act": "about", "person": ""}).status_code == 422
        assert desk.post(page, {"act": "about", "person": other.pk}).status_code == 303
        row = fresh(complaint)
        assert (row.about, row.handler) == (other, None)
        assert signed_in(other).get(page).status_code == 404
        draft = drafted([point("upheld")], wanted=Wanted(lower_to=Decimal("60.00")))
        answers.answer(complaint.pk, draft, staff=staff)
        with pytest.raises(Refused, match="over u"):
            answers.confirm(complaint.pk, staff=other)
        assert Answer.objects.get().given_at is None

    def test_a_practice_reads_nothing_of_a_file_about_us_on_the_timeline(self, staff):
        invoice = factories.invoice()
        complaint = acknowledged(staff, invoice, subject="letters")
        handling.ask(complaint.pk, text="Welke brief?", staff=staff, today=TODAY)
        own = signed_in(factories.staff(provider=invoice.provider))
        text = own.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
        assert "klacht: vraag aan de patiënt" not in text
        assert invoice.audit_events.filter(action__startswith="complaint").count() == 0
        assert complaint.number not in text
        assert OutboxMessage.objects.filter(kind__startswith="complaint", invoice=None).count() == 4
        filed(invoice, subject="price")
        assert invoice.audit_events.filter(action="complaint_filed").count() == 1


class TestWhoSpeaksNoLonger:
    @pytest.fixture
    def complaint(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        helper = {"email": "bram@post.example", "name": "Bram", "for_somebody": "Mevrouw Jansen", "as_whom": "family"}
        steps(client, invoice.token, who=helper)
        return Complaint.objects.get()

    def test_files_of_others_wait_for_the_permission(self, client, complaint):
        (ours,) = proof.receive(complaint.pk, [photo("brief.png")], by="staff:anna")
        client.post(
            reverse("complaint_files", args=[complaint.token]),
            {"files": SimpleUploadedFile("x.png", photo(size=8).content)},
        )
        ComplaintFile.objects.update(status="clean")
        own = complaint.files.exclude(pk=ours.pk).get()
        assert own.by == handling.REPRESENTATIVE
        text = file_of(client, complaint)
        assert "x.png" in text
        assert "brief.png" not in text
        found = [client.get(reverse("complaint_file", args=[complaint.token, row.token])) for row in (own, ours)]
        assert [response.status_code for response in found] == [200, 404]
        with pytest.raises(Refused, match="medewerker"):
            proof.take_back(ours.pk)

    def test_after_the_end_they_write_and_read_nothing_new_and_the_patient_gets_the_mails(
        self, client, complaint, staff
    ):
        mandates.agree(complaint.pk, may_settle=True, today=TODAY)
        link = reverse("complaint_spoken_for", args=[complaint.token, mandates.of(complaint).token])
        assert client.get(link.replace(mandates.of(complaint).token, "a" * 24)).status_code == 303
        assert mandates.agree(complaint.pk, may_settle=True, today=TODAY).pk, "a doubled click"
        assert complaint.messages.filter(kind="mandate").count() == 1
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
        handling.reply(complaint.pk, text="Bram helpt mij niet goed.", today=TODAY)
        assert "Bram helpt mij" not in file_of(client, complaint)
        assert link in OutboxMessage.objects.filter(recipient="bram@post.example").latest("pk").html
        client.get(link)
        assert "Bram helpt mij" in file_of(client, complaint)
        mandates.end(complaint.pk, by="patient")
        text = file_of(client, complaint)
        assert STORY in text
        for hidden in ("Bram helpt mij", "Ik ben Anna", reverse("complaint_reply", args=[complaint.token])):
            assert hidden not in text
        for act in ("reply", "withdraw", "files"):
            sent = {"text": "x", "files": SimpleUploadedFile("y.png", photo().content)}
            assert client.post(reverse(f"complaint_{act}", args=[complaint.token]), sent).status_code == 422
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        mail = OutboxMessage.objects.get(kind="complaint_answered")
        assert mail.recipient == complaint.invoice.patient.email

    def test_a_no_of_the_patient_closes_what_somebody_else_began(self, complaint):
        mandates.end(complaint.pk, by="patient")
        row = fresh(complaint)
        assert (row.status, row.why_inadmissible) == (Status.INADMISSIBLE, "no_authority")
        assert complaint.messages.last().text.startswith("De patiënt wil niet")

    def test_before_the_permission_the_answer_goes_to_the_patient(self, complaint, staff):
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
        answers.answer(complaint.pk, drafted([point()]), staff=staff)
        kinds = dict(OutboxMessage.objects.filter(kind__startswith="complaint_").values_list("kind", "recipient"))
        patient = complaint.invoice.patient.email
        assert kinds["complaint_received"] == "bram@post.example"
        assert kinds["complaint_answered"] == kinds["complaint_permission"] == patient

    def test_the_code_leads_back_to_the_permission(self, complaint):
        patient, token = Client(), complaint.invoice.token
        open_in(patient, complaint.invoice)
        to = patient.get(reverse("complaint_permission", args=[complaint.token]))["Location"]
        then = reverse("complaint_permission_of_invoice", args=[token, complaint.token])
        assert to.startswith(reverse("code", args=[token]))
        assert then.replace("/", "%2F") in to
        assert patient.get(then)["Location"] == reverse("complaint_permission", args=[complaint.token])
        assert (
            patient.get(reverse("complaint_permission_of_invoice", args=["a" * 24, complaint.token])).status_code == 404
        )
