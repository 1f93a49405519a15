"""What a file has besides its words: who speaks for the patient, other bodies, and what we learn."""

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.models import Membership, OutboxMessage
from complaints import answers, days, deadlines, freeze, handling, retention
from complaints.desk.base import owners
from complaints.file import bodies, lessons, mandates, proof, referrals
from complaints.file.lessons import Learnt
from complaints.models import Complaint, ComplaintFile, Lesson, Mandate, Referral
from tests import factories
from tests.complaints.test_files import drafted, filed, fresh, point
from tests.complaints.test_pages import file_of
from tests.complaints.test_proof import photo
from tests.coulance.conftest import media  # noqa: F401
from tests.coulance.pages.patient import prove
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
Status = Complaint.Status
TODAY = timezone.localdate()
HELPER = {"name": "Bram Helper", "for_somebody": "Mevrouw Jansen", "as_whom": "family"}


@pytest.fixture
def staff():
    return factories.staff(role="operations", provider=None)


def answered(staff, invoice=None, decision="not_upheld", **more):
    complaint = filed(invoice or factories.invoice(), **more)
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    answers.answer(complaint.pk, drafted([point(decision, why="excuus is genoeg")]), staff=staff)
    return fresh(complaint)


class TestOtherBodies:
    def test_each_that_is_named_is_on_the_list_and_safe(self):
        hosts = {urlsplit(body.url).hostname for body in bodies.BODIES.values() if body.url}
        assert hosts == {
            "www.skgz.nl", "www.nza.nl", "www.landelijkmeldpuntzorg.nl", "www.autoriteitpersoonsgegevens.nl",
            "www.rechtspraak.nl", "www.kifid.nl", "www.incassoklacht.nl",
        }  # fmt: skip
        assert bodies.REGISTER == "https://ccbr.rechtspraak.nl/"
        assert all(body.url.startswith("https://") for body in bodies.BODIES.values() if body.url)

    @pytest.mark.parametrize(
        ("key", "until"), [("skgz", "2027-12-18"), ("court", ""), ("nza", ""), ("lmz", ""), ("ap", "")]
    )
    def test_the_last_day_is_counted_in_months(self, key, until):
        assert bodies.named(key, None, today=date(2026, 12, 18))["until"] == until

    def test_a_care_provider_has_its_own_body_or_the_court_comes_next(self):
        invoice = factories.invoice()
        complaint = filed(invoice, subject="price")
        assert bodies.after(complaint, today=TODAY)["key"] == "court"
        provider = factories.provider(
            dispute_body="Geschilleninstantie Mondzorg", dispute_body_url="https://www.gimondzorg.nl/",
            dispute_body_fee="€ 75",
        )  # fmt: skip
        other = filed(factories.invoice(provider=provider), subject="care")
        named = bodies.after(other, today=date(2026, 12, 18))
        assert (named["name"], named["fee"], named["until"]) == ("Geschilleninstantie Mondzorg", "€ 75", "2027-12-18")

    def test_while_one_that_decides_has_it_the_invoice_rests_and_we_ask_again(self, staff):
        invoice = factories.invoice()
        complaint = answered(staff, invoice, subject="insurer")
        row = referrals.refer(complaint.pk, body="skgz", staff=staff, today=TODAY)
        message = complaint.messages.last()
        assert (message.kind, "SKGZ" in message.text, "€ 37" in message.text) == ("referral", True, True)
        over = deadlines.frozen_until(TODAY) + timedelta(days=1)
        days.run_day(over)
        assert freeze.rests(invoice)
        with pytest.raises(Refused):
            referrals.refer(complaint.pk, body="skgz", staff=staff, today=TODAY)
        with pytest.raises(Refused):
            referrals.note(row.pk, number="1", received_on=TODAY + timedelta(days=1), staff=staff, today=TODAY)
        referrals.note(row.pk, number="2026-123", received_on=TODAY, staff=staff, today=TODAY)
        row = fresh(row)
        assert (row.number, row.received_on, row.ask_on) == ("2026-123", TODAY, TODAY + timedelta(days=90))
        lessons.learn(complaint.pk, Learnt("other", False, because="niets"), staff=staff, today=TODAY)
        days.run_day(TODAY + timedelta(days=50))
        assert fresh(complaint).status == Status.ANSWERED, "it stays open while another body has it"
        referrals.end(row.pk, staff=staff, today=over)
        assert not freeze.rests(invoice)
        days.run_day(TODAY + timedelta(days=50))
        assert fresh(complaint).status == Status.CLOSED

    @pytest.mark.parametrize("body", ["provider", "igj", ""])
    def test_none_that_is_not_there_is_named(self, staff, body):
        complaint = filed(factories.invoice())
        with pytest.raises(Refused):
            referrals.refer(complaint.pk, body=body, staff=staff, today=TODAY)
        assert not Referral.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_at_the_desk_and_in_the_file(self, client, sandbox):
        member = factories.staff(role="operations", provider=None)
        desk, invoice = signed_in(member), factories.invoice()
        complaint = filed(invoice)
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        assert desk.post(page, {"act": "refer", "body": "nza"}).status_code == 303
        row = Referral.objects.get()
        sent = {"act": "note_referral", "referral": row.pk, "number": "NZa-9", "received_on": str(TODAY)}
        assert desk.post(page, sent).status_code == 303
        assert desk.post(page, sent | {"received_on": "morgen"}).status_code == 422
        Referral.objects.update(ask_on=TODAY)
        assert "Nederlandse Zorgautoriteit" in desk.get(reverse("admin:complaints")).content.decode()
        client.post("/", {"reference": invoice.payment_reference})
        prove(client, invoice)
        text = file_of(client, complaint)
        assert "NZa-9" in text
        assert "https://www.nza.nl/" in text
        assert desk.post(page, {"act": "end_referral", "referral": row.pk}).status_code == 303
        assert "NZa-9" not in file_of(client, complaint)


class TestWhoSpeaks:
    @pytest.fixture
    def complaint(self, client):
        """A file that a helper sent from this browser, which may read what it wrote itself."""
        invoice = factories.invoice()
        open_in(client, invoice)
        steps = {"": {"subject": "price"}, "_story": {"story": "Nooit gehad.", "disputed": ""},
                 "_who": {"email": "bram@post.example", **HELPER}, "_check": {}}  # fmt: skip
        for step, fields in steps.items():
            client.post(reverse(f"complain{step}", args=[invoice.token]), fields)
        return Complaint.objects.get()

    def test_until_it_is_shown_the_clock_runs_and_nothing_is_told(self, client, complaint, staff):
        row = mandates.of(complaint)
        assert (row.facts["holder"], row.proof_by) == ("Bram Helper", TODAY + timedelta(days=14))
        assert freeze.rests(complaint.invoice)
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
        answers.answer(complaint.pk, drafted([point(found="het gebit van mevrouw")]), staff=staff)
        text = file_of(client, complaint)
        assert "Nooit gehad." in text
        for hidden in ("Ik ben Anna", "het gebit van mevrouw"):
            assert hidden not in text
        for act in ("escalate", "withdraw"):
            response = client.post(reverse(f"complaint_{act}", args=[complaint.token]), {"text": "x"})
            assert response.status_code == 422
        asked = OutboxMessage.objects.get(kind="complaint_permission")
        assert asked.recipient == complaint.invoice.patient.email
        assert "Bram" not in asked.text

    @pytest.mark.django_db(transaction=True)
    def test_the_patient_agrees_after_an_own_code_and_may_end_it(self, client, complaint, sandbox):
        from django.test import Client

        patient, invoice = Client(), complaint.invoice
        page = reverse("complaint_permission", args=[complaint.token])
        assert "/code/" in client.post(page, {"answer": "yes"})["Location"], "the helper can't say it for them"
        patient.post("/", {"reference": invoice.payment_reference})
        prove(patient, invoice)
        assert "Bram Helper" in patient.get(page).content.decode()
        assert not mandates.may_receive(complaint, today=TODAY)
        patient.post(page, {"answer": "yes"})
        row = mandates.of(complaint)
        assert (row.confirmed_by, row.may_settle) == ("patient", False)
        assert mandates.may_receive(complaint, today=row.valid_until)
        assert not mandates.may_receive(complaint, today=row.valid_until + timedelta(days=1))
        assert not mandates.may_settle(complaint, today=TODAY)
        assert "toestemming" in complaint.messages.last().text
        patient.post(page, {"answer": "no"})
        assert not mandates.may_receive(complaint, today=TODAY)
        assert fresh(row).ended_by == "patient"
        assert patient.post(page, {"answer": "no"}).status_code == 422

    @pytest.mark.parametrize("kind", Mandate.Kind.values)
    def test_staff_read_the_document_that_shows_it(self, complaint, staff, kind):
        (file,) = proof.receive(complaint.pk, [photo("machtiging.png")])
        given = {"file_id": file.pk, "kind": kind, "may_receive": True, "may_settle": True, "staff": staff}
        until = TODAY + timedelta(days=100)
        with pytest.raises(Refused):
            mandates.confirm(complaint.pk, **given, valid_until=until, today=TODAY)
        ComplaintFile.objects.update(status="clean")
        for wrong in (TODAY - timedelta(days=1), TODAY + timedelta(days=367)):
            with pytest.raises(Refused):
                mandates.confirm(complaint.pk, **given, valid_until=wrong, today=TODAY)
        mandates.confirm(complaint.pk, **given, valid_until=until, today=TODAY)
        assert mandates.may_settle(complaint, today=until)
        assert (mandates.of(complaint).kind, mandates.of(complaint).proof) == (kind, file)

    def test_when_nobody_shows_it_the_file_closes_and_opens_again(self, complaint):
        days.run_day(TODAY + timedelta(days=14))
        assert fresh(complaint).status == Status.RECEIVED
        days.run_day(TODAY + timedelta(days=15))
        row = fresh(complaint)
        assert (row.status, row.why_inadmissible) == (Status.INADMISSIBLE, "no_authority")
        later = timezone.now() + timedelta(days=16)
        proof.receive(complaint.pk, [photo("machtiging.png")], now=later)
        assert fresh(complaint).status == Status.INVESTIGATING
        days.run_day(TODAY + timedelta(days=17))
        assert fresh(complaint).status == Status.INVESTIGATING, "staff have time to read it"

    def test_at_the_desk(self, complaint):
        desk = signed_in(factories.staff(provider=complaint.provider))
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        assert "Bram Helper" in desk.get(page).content.decode()
        (file,) = proof.receive(complaint.pk, [photo("machtiging.png")])
        ComplaintFile.objects.update(status="clean")
        sent = {"act": "confirm_mandate", "file": file.pk, "kind": "parent", "may_receive": "on"}
        assert desk.post(page, sent | {"valid_until": "2020-01-01"}).status_code == 422
        assert desk.post(page, sent | {"valid_until": str(TODAY + timedelta(days=9))}).status_code == 303
        assert mandates.may_receive(complaint, today=TODAY)
        assert desk.post(page, {"act": "end_mandate"}).status_code == 303
        assert not mandates.may_receive(complaint, today=TODAY)


class TestLearning:
    def test_an_answered_file_waits_for_what_we_learn(self, staff):
        complaint = answered(staff)
        days.run_day(TODAY + timedelta(days=43))
        assert fresh(complaint).status == Status.CLOSED, "its texts go in time, whoever forgets"
        assert list(lessons.to_learn(Complaint.objects.all())) == [complaint]
        lessons.learn(complaint.pk, Learnt("unclear", True, because="mevrouw belde"), staff=staff, today=TODAY)
        assert list(lessons.to_learn(Complaint.objects.all())) == []
        retention.run_day(TODAY + timedelta(days=3 * 366))
        assert Lesson.objects.get().facts == {}

    @pytest.mark.parametrize(
        "learnt",
        [
            Learnt("", True, because="x"),
            Learnt("unclear", True),
            Learnt("unclear", True, "de brief korter"),
            Learnt("unclear", True, because="x" * 1001),
        ],
    )
    def test_a_part_that_is_missing_is_asked_for(self, staff, learnt):
        complaint = answered(staff)
        with pytest.raises(Refused):
            lessons.learn(complaint.pk, learnt, staff=staff, today=TODAY)
        assert not Lesson.objects.exists()

    def test_the_month_counts_and_a_recommendation_is_carried_out(self, staff):
        desk, invoice = signed_in(staff), factories.invoice()
        complaint = answered(staff, invoice, "upheld", subject="price")
        filed(factories.invoice(), subject="price")
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        sent = {"act": "learn", "cause": "price", "preventable": "yes", "recommendation": "Noem de code in gewone taal",
                "owner": staff.pk, "due_on": str(TODAY + timedelta(days=5))}  # fmt: skip
        assert desk.post(page, sent | {"due_on": "2020-01-01"}).status_code == 422
        assert desk.post(page, sent).status_code == 303
        found = lessons.figures(Complaint.objects.all(), TODAY.replace(day=1), TODAY)
        assert (found.received, found.answered, found.upheld, found.answered_in_time) == (2, 1, 100, 100)
        assert found.causes == (("een prijs, een code, of zorg die niet is gegeven", 1),)
        assert found.returned == Decimal("0.00")
        month = reverse("admin:complaint_lessons")
        assert "Noem de code in gewone taal" in desk.get(month).content.decode()
        own = signed_in(factories.staff(provider=invoice.provider))
        assert "Noem de code" in own.get(month).content.decode()
        other = signed_in(factories.staff())
        assert "Noem de code" not in other.get(month).content.decode()
        assert other.post(month, {"lesson": Lesson.objects.get().pk}).status_code == 404
        desk.post(month, {"lesson": Lesson.objects.get().pk})
        assert "Noem de code" not in desk.get(month).content.decode()

    def test_who_works_here_as_a_further_practice_can_carry_out_a_recommendation(self, staff):
        invoice = factories.invoice()
        member, stranger = factories.staff(), factories.staff()
        Membership.objects.create(staff=member, provider=invoice.provider, role="clerk")
        assert set(owners(answered(staff, invoice, subject="price"))) == {staff, member}
        Membership.objects.update(blocked_at=timezone.now())
        assert not owners(Complaint.objects.get()).filter(pk__in=(member.pk, stranger.pk)).exists()

    def test_too_few_are_not_published(self, client, staff):
        page = reverse("complaint_figures")
        for _one in range(lessons.LEAST - 1):
            filed(factories.invoice())
        assert "minder dan 10 klachten" in client.get(page).content.decode()
        answered(staff)
        text = client.get(page).content.decode()
        assert "minder dan 10 klachten" not in text
        assert text.count("<dd>10</dd>") == 1
        assert "Minder dan 10 ervan zijn beantwoord" in text, "how one ended is said of nobody"
        for complaint in Complaint.objects.filter(status=Status.RECEIVED):
            handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
            answers.answer(complaint.pk, drafted([point()]), staff=staff)
        assert client.get(page).content.decode().count("<dd>10</dd>") == 2
