"""The payment dates as a patient's mail program gets them, read from a mail that a real mail server accepted."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest

from billing.models import Installment
from billing.outbox import delivery
from tests import factories
from tests.billing.plans.test_plans import DUE, deferral, plan
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


def delivered(sink: Sink) -> EmailMessage:
    delivery.sweep()
    (mail,) = sink.mails
    return mail


def file_of(mail: EmailMessage) -> str:
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part.get_content_charset() == "utf-8"
    assert part.get_filename() == "zorgrekening.ics"
    return part.get_payload(decode=True).decode()


def entries(text: str) -> list[dict[str, str]]:
    """Return the events of a calendar file (RFC 5545): unfolded, one name and value per line, without alarms."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found: list[dict[str, str]] = []
    inside: list[str] = []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        if name == "BEGIN":
            inside.append(value)
            if value == "VEVENT":
                found.append({})
        elif name == "END":
            assert inside.pop() == value
        elif inside[-1] == "VEVENT":
            found[-1][name] = value
    assert inside == []
    return found


@pytest.mark.parametrize(("language", "title"), [("nl", "Rekening betalen"), ("en", "Pay invoice")])
def test_each_installment_is_a_day_in_the_file_that_arrived(language, title, sink):
    who = factories.patient(language=language)
    invoice = factories.invoice(patient=who, amount="100.00", issued_on=DUE - timedelta(days=30), due_on=DUE)
    agreed = plan(invoice)
    found = entries(file_of(delivered(sink)))
    days = list(Installment.objects.filter(plan=agreed).order_by("number").values_list("due_on", flat=True))
    assert [entry["DTSTART;VALUE=DATE"] for entry in found] == [f"{day:%Y%m%d}" for day in days]
    assert [entry["DTEND;VALUE=DATE"] for entry in found] == [f"{day + timedelta(days=1):%Y%m%d}" for day in days]
    assert {entry["SUMMARY"] for entry in found} == {title}
    assert len({entry["UID"] for entry in found}) == 3
    for entry in found:
        made_at = datetime.strptime(entry["DTSTAMP"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert abs(made_at - agreed.agreed_at) < timedelta(seconds=1)


def test_a_deferral_is_one_day_and_the_file_reveals_no_name_or_amount(sink, settings):
    invoice = factories.invoice(amount="123.45", issued_on=DUE - timedelta(days=30), due_on=DUE)
    deferral(invoice, until=date(2026, 12, 20))
    mail = delivered(sink)
    text = file_of(mail)
    (entry,) = entries(text)
    assert (entry["DTSTART;VALUE=DATE"], entry["CLASS"]) == ("20261220", "PRIVATE")
    assert entry["URL"] == settings.PUBLIC_URL
    unfolded = text.replace("\r\n ", "")
    known = (
        invoice.number,
        invoice.payment_reference,
        invoice.token,
        invoice.provider.name,
        "123.45",
        "123,45",
        invoice.patient.email,
    )
    for word in known:
        assert word not in unfolded
    assert mail.get_body(("plain",)) is not None, "the mail itself is still there to read"
