"""The code by SMS as a patient meets it: the pages, what they say in each state, and what a code opens."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.channels import sms
from billing.documents import drawing
from billing.models import AuditEvent, StaffTask
from guests.models import SmsDevice, Throttle
from sandbox import faults
from sandbox.models import Message
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
WRONG = "Deze code klopt niet"


@pytest.fixture
def invoice():
    return factories.invoice()


def opened(invoice, client=None, **extra) -> Client:
    """A browser that looked the invoice up."""
    client = client or Client(**extra)
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    return client


def address(invoice, name="code"):
    return reverse(name, args=[invoice.token])


def ask(client, invoice):
    return client.post(address(invoice), {"send": "first"}, follow=True)


def enter(client, invoice, code):
    return client.post(address(invoice), {"code": code})


def last_code():
    return re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text).group()


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def text_of(response):
    return response.content.decode()


def shift(seconds):
    """Let time go by for every code under way."""
    for device in SmsDevice.objects.all():
        device.valid_until -= timedelta(seconds=seconds)
        device.last_generated_timestamp -= timedelta(seconds=seconds)
        device.save()


def test_the_way_from_the_invoice_to_the_open_document(invoice):
    client = opened(invoice)
    page = text_of(client.get(address(invoice)))
    assert "eindigt op <strong>78</strong>" in page
    assert "612345678" not in page
    assert 'name="code"' not in page
    assert Message.objects.count() == 0, "looking sends nothing"
    page = text_of(ask(client, invoice))
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    assert 'role="status"' in page
    session = client.session.session_key
    assert enter(client, invoice, last_code()).status_code == 303
    assert client.session.session_key != session, "a step up gets a new session id"
    page = text_of(client.get(address(invoice)))
    assert address(invoice, "invoice_pdf") not in page
    assert '<meta http-equiv="refresh" content="2">' in page
    drawing.sweep()
    page = text_of(client.get(address(invoice)))
    assert address(invoice, "invoice_pdf") in page


def test_the_sms_holds_the_code_and_the_site_and_nothing_else(invoice):
    ask(opened(invoice), invoice)
    sms = Message.objects.get()
    assert sms.to == "+31612345678"
    assert "Zorgrekening" in sms.text
    assert len(sms.text) <= 160
    assert sms.text.endswith(f"#{last_code()}")
    for word in (invoice.provider.name, invoice.number, "Vries", invoice.token, "http", "tand"):
        assert word not in sms.text


def test_the_code_is_stored_nowhere(invoice):
    ask(opened(invoice), invoice)
    code = last_code()
    device = SmsDevice.objects.get()
    assert code not in " ".join(str(value) for value in device.__dict__.values())
    assert not AuditEvent.objects.filter(details__icontains=code).exists()


@pytest.mark.parametrize("typed", ["{0}", " {1} {2} ", "{1}-{2}", "Uw code is {0}.", "{0}\t", "\u200b{0}"])
def test_paste_works(typed, invoice):
    client = opened(invoice)
    ask(client, invoice)
    code = last_code()
    assert enter(client, invoice, typed.format(code, code[:3], code[3:])).status_code == 303


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "123456 654321", "x" * 2000])
def test_what_is_no_code_uses_up_no_try(typed, invoice):
    client = opened(invoice)
    ask(client, invoice)
    assert enter(client, invoice, typed).status_code == 200
    assert SmsDevice.objects.get().attempts_left == 5


def test_a_wrong_code_is_explained_in_the_field_and_above(invoice):
    client = opened(invoice)
    ask(client, invoice)
    page = text_of(enter(client, invoice, wrong(last_code())))
    assert page.count(WRONG) == 2
    assert 'role="alert"' in page
    assert 'aria-invalid="true"' in page
    assert enter(client, invoice, last_code()).status_code == 303, "one mistake is no harm"


def test_after_five_wrong_ones_the_right_one_is_refused_and_a_new_one_works(invoice):
    client = opened(invoice)
    ask(client, invoice)
    code = last_code()
    for _ in range(4):
        assert WRONG in text_of(enter(client, invoice, wrong(code)))
    for guess in (wrong(code), code):
        page = text_of(enter(client, invoice, guess))
        assert "te vaak een verkeerde code" in page
        assert WRONG not in page, "the newest SMS helps nobody any more"
    end_cooldown()
    shift(61)
    ask(client, invoice)
    assert last_code() != code or Message.objects.count() == 2
    assert enter(client, invoice, last_code()).status_code == 303


def end_cooldown():
    """A minute later, as far as the pause between two codes goes."""
    for row in Throttle.objects.all():
        row.used = [[at - 61 * 1_000_000, count] for at, count in row.used]
        row.save()


def test_a_code_works_once(invoice):
    client = opened(invoice)
    ask(client, invoice)
    code = last_code()
    assert enter(client, invoice, code).status_code == 303
    again = opened(invoice, Client())
    assert WRONG in text_of(enter(again, invoice, code))
    stale = opened(invoice)
    assert WRONG in text_of(enter(stale, invoice, code))


def test_a_code_is_over_after_ten_minutes(invoice):
    client = opened(invoice)
    ask(client, invoice)
    shift(601)
    assert WRONG in text_of(enter(client, invoice, last_code()))


def test_a_new_code_ends_the_one_before(invoice):
    client = opened(invoice)
    ask(client, invoice)
    first = last_code()
    end_cooldown()
    shift(61)
    ask(client, invoice)
    if first != last_code():
        assert WRONG in text_of(enter(client, invoice, first))
    assert enter(client, invoice, last_code()).status_code == 303


def test_a_code_of_one_invoice_opens_no_other(invoice):
    other = factories.invoice(patient=invoice.patient)
    client = opened(other, opened(invoice))
    ask(client, invoice)
    assert WRONG in text_of(enter(client, other, last_code())), "the same session"
    stranger = opened(invoice)
    assert WRONG in text_of(enter(stranger, invoice, last_code())), "the same invoice in another session"
    assert WRONG in text_of(enter(opened(other), other, last_code())), "another session and invoice"
    assert enter(client, invoice, last_code()).status_code == 303
    assert client.get(address(other, "invoice_pdf")).headers["Location"] == address(other)


def test_without_a_code_sent_the_answer_is_the_same(invoice):
    asked, never = opened(invoice), opened(invoice)
    ask(asked, invoice)
    pages = [text_of(enter(client, invoice, wrong(last_code()))) for client in (asked, never)]
    assert all(page.count(WRONG) == 2 for page in pages)


def test_a_browser_that_did_not_look_the_invoice_up_learns_nothing(invoice):
    for path in (address(invoice), address(invoice, "invoice_pdf"), address(invoice, "access_list")):
        known, unknown = Client().get(path), Client().get(path.replace(invoice.token, "a" * 24))
        assert (known.status_code, known.headers["Location"]) == (303, "/")
        assert (unknown.status_code, unknown.headers["Location"]) == (303, "/")
    assert Client().post(address(invoice), {"send": "first"}).headers["Location"] == "/"
    assert Message.objects.count() == 0


@pytest.mark.parametrize("mobile", ["", "+31201234567", "+4915112345678", "+447911123456"])
def test_without_a_number_that_may_be_used_the_page_says_what_to_do(mobile):
    invoice = factories.invoice(patient=factories.patient(mobile=mobile))
    client = opened(invoice)
    page = text_of(client.get(address(invoice)))
    assert "geen mobiel nummer" in page
    assert invoice.provider.email in page
    client.post(address(invoice), {"send": "first"})
    assert Message.objects.count() == 0


def test_a_second_code_within_a_minute_is_refused_also_after_a_right_one(invoice):
    client = opened(invoice)
    ask(client, invoice)
    refused = client.post(address(invoice), {"send": "again"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert 'role="alert"' in text_of(refused)
    enter(client, invoice, last_code())
    assert client.post(address(invoice), {"send": "again"}).status_code == 200, "the document is open: nothing is sent"
    assert ask(opened(invoice), invoice).status_code == 429, "nor in another window"
    assert Message.objects.count() == 1


def by_link(invoice) -> Client:
    """A browser that came by the link in our mail."""
    client = Client()
    assert client.post(factories.link(invoice)).status_code == 303
    return client


def exhaust(invoice):
    """Somebody with eight addresses and the payment reference: all codes that strangers get in a day."""
    for number in range(8):
        assert ask(opened(invoice, REMOTE_ADDR=f"203.0.113.{number}"), invoice).status_code == 200


def test_strangers_do_not_lock_out_whoever_has_our_mail(invoice):
    exhaust(invoice)
    page = text_of(ask(opened(invoice), invoice))
    assert "veel codes" in page
    assert "met de link in die e-mail" in page
    assert "Bel uw zorgaanbieder" in page
    client = by_link(invoice)
    assert ask(client, invoice).status_code == 200
    assert enter(client, invoice, last_code()).status_code == 303


def test_looking_the_invoice_up_takes_nothing_from_whoever_came_by_the_link(invoice):
    exhaust(invoice)
    assert ask(opened(invoice, by_link(invoice)), invoice).status_code == 200


def test_a_link_to_one_invoice_helps_with_no_other(invoice):
    other = factories.invoice(patient=invoice.patient)
    exhaust(invoice)
    assert ask(opened(invoice, by_link(other)), invoice).status_code == 429


def test_without_an_e_mail_address_nobody_is_sent_to_a_mail():
    invoice = factories.invoice(patient=factories.patient(email=""))
    exhaust(invoice)
    page = text_of(ask(opened(invoice), invoice))
    assert "in die e-mail" not in page
    assert "Bel uw zorgaanbieder" in page


def test_the_page_says_when_the_next_code_is_possible(invoice):
    client = opened(invoice)
    page = ""
    for _code in range(3):
        assert "nieuwe code vragen" not in page
        page = text_of(ask(client, invoice))
        for row in SmsDevice.objects.all():
            row.last_generated_timestamp -= timedelta(seconds=61)
            row.save()
        end_cooldown()
    soonest = timezone.localtime(timezone.now() + timedelta(minutes=11))
    latest = timezone.localtime(timezone.now() + timedelta(minutes=13))
    shown = re.search(r"U kunt (?:op [^<]*)?om (\d\d:\d\d) uur een nieuwe code vragen", page).group(1)
    minutes = [f"{soonest + timedelta(minutes=n):%H:%M}" for n in range(4)]
    assert shown in [*minutes, f"{latest:%H:%M}"]


def test_a_lost_sms_is_asked_for_again(invoice):
    faults.configure({"sms": {"kind": "lost", "times": 1}})
    client = opened(invoice)
    assert 'name="code"' in text_of(ask(client, invoice))
    assert Message.objects.count() == 0
    end_cooldown()
    shift(61)
    ask(client, invoice)
    assert enter(client, invoice, last_code()).status_code == 303


def test_when_nobody_knows_whether_it_was_sent_the_field_is_there(invoice):
    faults.configure({"sms": {"kind": "503", "times": 1}})
    page = text_of(ask(opened(invoice), invoice))
    assert "een paar minuten" in page
    assert 'name="code"' in page


def test_when_it_was_surely_not_sent_no_try_is_lost_and_staff_get_a_task(invoice):
    faults.configure({"sms": {"kind": "401", "times": 1}})
    client = opened(invoice)
    response = ask(client, invoice)
    assert response.status_code == 503
    assert not SmsDevice.objects.get().is_open
    assert StaffTask.objects.get().kind == StaffTask.Kind.GATEWAY_ALARM
    for _ in range(3):
        end_cooldown()
        shift(61)
        assert ask(client, invoice).status_code == 200


def test_staff_can_still_sign_in_and_a_guest_device_is_nobodys(invoice):
    ask(opened(invoice), invoice)
    device = SmsDevice.objects.get()
    member = factories.staff()
    assert list(SmsDevice.objects.devices_for_user(member)) == []
    named = {"username": member.username, "password": factories.PASSWORD, "code": last_code()}
    browser = Client()
    assert browser.post("/beheer/login/", named | {"otp_device": device.persistent_id}).status_code in (200, 302)
    assert browser.get("/beheer/").status_code != 200, "a guest's code is no second factor"


def test_a_view_never_leaves_a_transaction_open_around_the_call(invoice, monkeypatch):
    send = sms.send_sms

    def watched(**kwargs):
        assert not transaction.get_connection().in_atomic_block
        return send(**kwargs)

    monkeypatch.setattr(sms, "send_sms", watched)
    ask(opened(invoice), invoice)
    assert Message.objects.count() == 1
