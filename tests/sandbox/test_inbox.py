"""The mailbox and the SMS service."""

import pytest
import requests
from django.utils import timezone

from sandbox import faults, mailbox
from sandbox.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Authorization": "Bearer sandbox"}
SMS = {"to": "+31612345678", "from": "Zorg", "text": "Uw code is 123456"}


def mail(subject="Uw betaling", html="<p style='color:red'>Hallo</p><script>alert(1)</script>"):
    raw = (
        f"Subject: {subject}\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nZie https://zorg.example/r/ <b>\r\n"
        f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
        '--a\r\nContent-Type: text/calendar\r\nContent-Disposition: attachment; filename="a\'b.ics"\r\n'
        "\r\nX\r\n--a--\r\n"
    )
    return mailbox.store_mail(
        raw=raw.encode(), sender="a@example.org", recipients=["jan@example.org"], now=timezone.now()
    )


@pytest.fixture
def send_sms(sandbox):
    def send(headers=KEY, **changes):
        return requests.post(f"{sandbox.url}/sandbox/sms", json=SMS | changes, headers=headers, timeout=30)

    return send


def test_an_sms_is_accepted_and_stored(send_sms, client):
    answer = send_sms()
    assert answer.status_code == 201
    assert answer.json()["id"].startswith("sms_")
    (item,) = client.get("/sandbox/inbox.json?to=%2B31612345678").json()
    assert (item["kind"], item["to"], item["text"]) == ("sms", "+31612345678", "Uw code is 123456")
    assert client.get("/sandbox/inbox/?format=json&to=+31612345678").json() == [item]
    assert client.get("/sandbox/inbox.json?to=0698").json() == []


def test_a_wrong_sms_is_refused(send_sms, sandbox):
    assert send_sms(headers={}).status_code == 401
    assert send_sms(to="0612345678").status_code == 422
    assert send_sms(text="").status_code == 422
    assert send_sms(text="x" * 1601).status_code == 422
    assert requests.post(f"{sandbox.url}/sandbox/sms", data="[", headers=KEY, timeout=30).status_code == 400
    assert requests.get(f"{sandbox.url}/sandbox/sms", timeout=30).status_code == 405
    assert not Message.objects.exists()


def test_faults_of_the_sms_service(send_sms):
    faults.configure({"sms": {"kind": "503", "times": 1}})
    assert send_sms().status_code == 503
    faults.configure({"sms": {"kind": "lost", "times": 1}})
    assert send_sms().status_code == 201
    assert not Message.objects.exists()
    faults.configure({"sms": {"kind": "timeout_after_commit", "hang_ms": 0, "times": 1}})
    assert send_sms().status_code == 504
    assert Message.objects.count() == 1
    faults.configure({"sms": {"kind": "500", "to": "+316999*"}})
    assert send_sms().status_code == 201


def test_the_newest_stands_first_and_pages_follow(client):
    for number in range(30):
        mail(f"brief {number}")
    text = client.get("/sandbox/inbox/").content.decode()
    assert text.index("brief 29") < text.index("brief 28")
    assert "brief 4<" not in text
    assert "brief 4<" in client.get("/sandbox/inbox/?page=2").content.decode()
    assert [item["subject"] for item in client.get("/sandbox/inbox.json?limit=2").json()] == ["brief 29", "brief 28"]


def test_a_mail_is_read_as_text_with_links_and_as_html_apart(client):
    row = mail()
    page = client.get(f"/sandbox/inbox/{row.pk}/")
    text = page.content.decode()
    assert 'href="https://zorg.example/r/"' in text
    assert "&lt;b&gt;" in text
    assert "<script" not in text
    assert "unsafe" not in page["Content-Security-Policy"]

    formatted = client.get(f"/sandbox/inbox/{row.pk}/html/")
    assert "<p style='color:red'>Hallo</p>" in formatted.content.decode()
    policy = formatted["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_attachments_and_the_raw_mail_are_downloads(client):
    row = mail()
    (item,) = client.get("/sandbox/inbox.json").json()
    (attachment,) = item["attachments"]
    assert (attachment["filename"], attachment["content_type"], attachment["size"]) == ("a'b.ics", "text/calendar", 1)
    for address, content in [(attachment["url"], b"X"), (f"/sandbox/inbox/{row.pk}/mail.eml", bytes(row.raw))]:
        answer = client.get(address)
        assert answer.content == content
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_mailbox_can_be_emptied(client):
    mail()
    assert client.post("/sandbox/inbox/empty/").status_code == 302
    assert client.get("/sandbox/inbox.json").json() == []
    assert client.get("/sandbox/inbox/").status_code == 200
