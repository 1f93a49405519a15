"""Being called back: slots in our hours, places, limits, the page afterwards, the desk, and what is kept."""

from datetime import date, datetime, timedelta

import pytest
from django.conf import settings as configured
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.law.calendar import AMSTERDAM
from billing.links import new_token
from billing.models import AccessEvent, AuditEvent, StaffTask
from billing.rooms import Contact
from guests import throttle
from helpdesk import callbacks, export, retention
from helpdesk.desk import panel
from helpdesk.models import Callback, CallbackSlot
from portal.settings import office
from tests import factories
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 12, 7)
PHONE, NAME = "+31612345678", "Fatima Yilmaz"


@pytest.fixture(autouse=True)
def week(settings):
    settings.OFFICE_WEEK, settings.OFFICE_EXCEPTIONS = office.week("ma-vr 9:00-17:00"), {}
    settings.OFFICE_LANGUAGES = ["nl", "en"]


def at(day, hour=12, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMSTERDAM)


def asked(begins, now, phone=PHONE, **more):
    said = {"language": "nl", "form": new_token(), "network": "192.0.2.1"} | more
    return callbacks.ask(begins, {"phone": phone, "name": NAME}, now=now, **said)


def sent(client, address, **more):
    """Send the form, for the first time that is free."""
    slot = callbacks.offered(timezone.now())[0].isoformat()
    form = {"slot": slot, "phone": "06 12345678", "name": NAME, "language": "en", "form": new_token()}
    return client.post(address, form | more)


class TestTheSlots:
    def test_today_from_an_hour_ahead_and_the_next_five_working_days(self):
        begins = callbacks.offered(at(MONDAY, 15, 10))
        assert begins[0] == at(MONDAY, 16, 30)
        assert begins[1] == at(MONDAY + timedelta(days=1), 9)
        assert begins[-1] == at(MONDAY + timedelta(days=7), 16, 30), "the weekend does not count"
        assert len(begins) == 1 + 5 * 16

    def test_a_day_on_which_we_are_closed_has_none(self, settings):
        settings.OFFICE_EXCEPTIONS = office.exceptions("2026-12-08 dicht; 2026-12-09 10:00-11:15")
        days = {}
        for begins in callbacks.offered(at(MONDAY, 18)):
            days.setdefault(begins.date().day, []).append((begins.hour, begins.minute))
        assert days[9] == [(10, 0), (10, 30)], "no slot lasts beyond the hours"
        assert list(days) == [9, 10, 11, 14, 15]

    def test_none_where_no_hours_are_set(self, settings, client):
        settings.OFFICE_WEEK = {}
        assert callbacks.offered(at(MONDAY)) == []
        assert "<select" not in client.get(reverse("callback_general")).content.decode().partition("<main")[2]

    def test_a_full_one_is_not_offered_until_somebody_cancels(self, settings):
        settings.CALLBACK_PLACES = 1
        now, begins = at(MONDAY, 9), at(MONDAY, 10)
        first = asked(begins, now)
        assert begins not in callbacks.offered(now)
        with pytest.raises(Refused):
            asked(begins, now, phone="+31687654321")
        assert throttle.wait(throttle.Limit("callbacks-of-number", 1, 24 * 3600), "+31687654321", now=now) == 0
        callbacks.cancel(first.token, now=now)
        assert begins in callbacks.offered(now)

    def test_a_time_that_nobody_offers_is_refused(self):
        for begins in (at(MONDAY, 10), at(MONDAY, 17), at(MONDAY, 14, 15), at(MONDAY + timedelta(days=30))):
            with pytest.raises(Refused):
                asked(begins, at(MONDAY, 9, 30))
        assert not CallbackSlot.objects.exists()


class TestTheLimits:
    def test_the_same_form_adds_nothing(self):
        now, form = at(MONDAY, 9), new_token()
        assert asked(at(MONDAY, 10), now, form=form) == asked(at(MONDAY, 11), now, form=form)

    @pytest.mark.parametrize(("same", "tries"), [("phone", 3), ("network", 10)])
    def test_a_number_and_a_network_ask_so_often_a_day(self, same, tries):
        now = at(MONDAY, 8)
        slots = callbacks.offered(now)

        def once(place):
            other = f"192.0.2.{place}" if same == "phone" else f"+316123456{place:02}"
            asked(slots[place], now, **({"network": other} if same == "phone" else {"phone": other}))

        for place in range(tries):
            once(place)
        with pytest.raises(Refused):
            once(tries)
        assert Callback.objects.count() == tries


class TestThePages:
    def test_it_is_asked_for_shown_and_canceled(self, client):
        response = sent(client, reverse("callback_general"))
        row = Callback.objects.get()
        assert (response.status_code, response["Location"]) == (303, reverse("callback", args=[row.token]))
        assert (row.facts, row.language, row.invoice) == ({"phone": PHONE, "name": NAME}, "en", None)
        page = client.get(response["Location"]).content.decode()
        assert "12345678" not in page
        assert NAME not in page
        assert timezone.localtime(row.slot.begins).strftime("%H:%M") in page
        for said in ("vraagt nooit om een code", "Op uw voicemail zeggen wij niets over zorg"):
            assert said in page
        client.post(response["Location"])
        row.refresh_from_db()
        assert row.end == Callback.End.CANCELED
        assert "geannuleerd" in client.get(response["Location"]).content.decode()

    def test_from_an_invoice_it_knows_which(self, client):
        invoice = factories.invoice()
        address = reverse("callback_of_invoice", args=[invoice.token])
        assert client.get(address).status_code == 303, "nobody opened it here"
        assert address in client.get(open_in(client, invoice)).content.decode()
        assert sent(client, address).status_code == 303
        assert Callback.objects.get().invoice == invoice
        assert AuditEvent.objects.filter(action="callback_asked", invoice=invoice).count() == 1

    @pytest.mark.parametrize(
        "wrong", [{"phone": "12"}, {"phone": ""}, {"phone": "0900 1234567"}, {"slot": ""}, {"slot": "morgen"},
                  {"language": "xx"}, {"name": "x" * 81}],
    )  # fmt: skip
    def test_bad_input_keeps_what_was_typed(self, client, wrong):
        response = sent(client, reverse("callback_general"), **{"name": "Aisha"} | wrong)
        page = response.content.decode()
        assert response.status_code == 422
        assert not Callback.objects.exists()
        assert (wrong.get("name") or "Aisha") in page
        assert wrong.get("phone", "06 12345678") in page

    def test_too_often_keeps_what_was_typed_too(self, client):
        assert [sent(client, reverse("callback_general")).status_code for _ in range(3)] == [303] * 3
        response = sent(client, reverse("callback_general"))
        assert response.status_code == 409
        assert NAME in response.content.decode()

    def test_the_way_there(self, client):
        assert reverse("callback_general") in client.get("/contact/").content.decode()
        assert reverse("callback_general") in client.get(reverse("assistant")).content.decode()
        invoice = factories.invoice()
        open_in(client, invoice)
        page = client.get(reverse("assistant_of_invoice", args=[invoice.token])).content.decode()
        first_line = page.partition('class="lead"')[2].partition("</p>")[0]
        for name in ("callback_of_invoice", "message"):
            assert reverse(name, args=[invoice.token]) in first_line

    def test_an_unknown_token_is_nothing(self, client):
        assert client.get(reverse("callback", args=[new_token()])).status_code == 404


class TestTheDesk:
    def here(self, days=0, **more):
        """A call-back whose half hour begins now, or so many days later."""
        slot = CallbackSlot.objects.create(begins=timezone.now() + timedelta(days=days, microseconds=len(more)))
        row = Callback(slot=slot, language="nl", **more)
        row.facts = {"phone": PHONE, "name": NAME if not days else "Pas Later"}
        row.save()
        return row

    def test_todays_stand_first_with_number_and_a_look_is_written_down(self):
        invoice = factories.invoice()
        self.here(invoice=invoice), self.here(days=2)
        page = signed_in(factories.staff(role="operations")).get(reverse("admin:callbacks")).content.decode()
        assert PHONE in page
        assert NAME in page
        assert "Pas Later" not in page, "a number shows on its own day"
        assert [event.data for event in AccessEvent.objects.filter(invoice=invoice)] == ["callback"]
        assert AccessEvent.objects.filter(invoice=None, data="call-back list").count() == 1

    def test_two_tries_that_reach_nobody_end_it_and_the_page_says_so(self, client):
        row, desk = self.here(), signed_in(factories.staff(role="operations"))
        told = reverse("callback", args=[row.token])
        note = {"callback": row.pk, "seen": 0, "act": "not_reached"}
        desk.post(reverse("admin:callbacks"), note)
        desk.post(reverse("admin:callbacks"), note)  # sent twice
        row.refresh_from_db()
        assert (row.tries, row.end) == (1, "")
        assert "nog 1 keer" in client.get(told).content.decode()
        desk.post(reverse("admin:callbacks"), note | {"seen": 1})
        row.refresh_from_db()
        assert (row.tries, row.end) == (2, Callback.End.NOT_REACHED)
        assert "2 keer gebeld" in client.get(told).content.decode()
        assert AuditEvent.objects.filter(action="callback_not_reached").count() == 2
        with pytest.raises(Refused):
            callbacks.cancel(row.token)

    def test_reached_ends_it(self):
        row, desk = self.here(), signed_in(factories.staff(role="operations"))
        desk.post(reverse("admin:callbacks"), {"callback": row.pk, "seen": 0, "act": "reached"})
        row.refresh_from_db()
        assert row.end == Callback.End.REACHED
        desk.post(reverse("admin:callbacks"), {"callback": "x", "seen": "²", "act": "reached"})
        assert AuditEvent.objects.filter(action="callback_reached").count() == 1


class TestWhatIsKept:
    def test_number_and_name_are_sealed(self):
        asked(at(MONDAY, 10), at(MONDAY, 9))
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM helpdesk_callback")
            assert not any(said in str(cursor.fetchall()) for said in ("12345678", "Yilmaz"))

    def test_it_goes_after_some_weeks(self):
        asked(at(MONDAY, 10), at(MONDAY, 9))
        last = MONDAY + timedelta(days=configured.CALLBACKS_KEPT_DAYS)
        assert retention.run_day(last)["callbacks"] == 0
        assert retention.run_day(last + timedelta(days=1))["callbacks"] == 1
        assert not CallbackSlot.objects.exists()

    def test_whoever_asked_gets_it(self):
        invoice = factories.invoice()
        asked(at(MONDAY, 10), at(MONDAY, 9), invoice=invoice), asked(at(MONDAY, 11), at(MONDAY, 9))
        assert PHONE in str(export.of_invoice(invoice))
        assert len(list(export.by_contact(Contact("06-12345678")))) == 1
        assert len(list(export.by_contact(Contact("06-12345678", surname="Yilmaz")))) == 1
        assert list(export.by_contact(Contact("06-12345678", surname="Jansen"))) == []
        assert list(export.by_contact(Contact("iemand@post.example"))) == []


class TestTheStartPage:
    def test_operations_see_who_waits_and_a_practice_does_not(self, rf):
        now = timezone.now()
        asked_for(now - timedelta(minutes=40))
        asked_for(now - timedelta(minutes=10))
        request = rf.get("/beheer/")
        request.user = factories.staff(role="operations", provider=None)
        found = panel.facts(request)
        assert (found.calls, found.calls_late, found.waiting) == (2, 1, 2)
        request.user = factories.staff()
        assert panel.facts(request) is None

    def test_a_call_of_a_day_that_is_over_is_a_task_until_it_ends(self):
        today = timezone.localdate()
        row = asked_for(timezone.now() - timedelta(days=1))
        callbacks.watch(today - timedelta(days=1))
        assert not StaffTask.objects.exists(), "its day is not over"
        callbacks.watch(today)
        callbacks.watch(today)
        task = StaffTask.objects.get(kind=callbacks.MISSED)
        assert (task.invoice, task.closed_at) == (None, None)
        staff = factories.staff(role="operations", provider=None)
        callbacks.called(row.pk, reached=False, seen=0, staff=staff)
        task.refresh_from_db()
        assert task.closed_at is None, "it is tried once more"
        callbacks.called(row.pk, reached=True, seen=1, staff=staff)
        task.refresh_from_db()
        assert task.closed_at

    def test_a_call_that_ends_while_they_are_looked_at_is_no_task(self):
        row = asked_for(timezone.now() - timedelta(days=1))
        ended = False

        def end_once_it_was_read(execute, sql, params, many, context):
            nonlocal ended
            found = execute(sql, params, many, context)
            if not ended and sql.startswith("SELECT") and 'FROM "helpdesk_callback"' in sql:
                ended = True
                Callback.objects.filter(pk=row.pk).update(end=Callback.End.CANCELED, ended_at=timezone.now())
            return found

        with connection.execute_wrapper(end_once_it_was_read):
            callbacks.watch(timezone.localdate())
        assert ended
        assert not StaffTask.objects.exists()

    def test_the_task_of_a_call_that_is_erased_is_closed(self):
        today = timezone.localdate()
        asked_for(timezone.now() - timedelta(days=configured.CALLBACKS_KEPT_DAYS + 2))
        callbacks.watch(today)
        assert callbacks.erase(today) == 1
        assert StaffTask.objects.get(kind=callbacks.MISSED).closed_at


def asked_for(begins):
    """Somebody who waits to be called since `begins`, which is over or nearly."""
    row = Callback(slot=CallbackSlot.objects.create(begins=begins), language="nl")
    row.facts = {"phone": PHONE, "name": NAME}
    row.save(force_insert=True)
    return row
