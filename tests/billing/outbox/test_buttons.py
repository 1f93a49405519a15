"""The one act of a mail is a button, and the reference that pages ask for stands in the first mail and on the paper."""

import re

import pytest
from django.utils import timezone

from billing.documents import full_invoice, pdf
from billing.dunning import announcements
from billing.invoices import references, schedule
from billing.models import OutboxMessage
from billing.outbox import rendering
from tests import factories
from tests.billing.plans import plan_facts

pytestmark = pytest.mark.django_db


def announced(**fields):
    """The mail that announces a new invoice."""
    invoice = factories.invoice(**fields)
    schedule.plan_announcements([(invoice.pk, invoice.due_on)])
    announcements.make_next(now=timezone.localtime().replace(hour=12))
    return invoice, OutboxMessage.objects.get(kind="invoice_notice")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_first_mail_holds_the_whole_reference(language):
    provider = factories.provider()
    person = factories.patient(provider=provider, language=language)
    invoice, message = announced(patient=person)
    whole = references.grouped(invoice.payment_reference)
    assert whole in message.text
    assert whole in message.html


def test_the_reference_stands_at_the_top_of_the_paper():
    invoice = factories.invoice(lines=[factories.line(description=f"Regel {n}") for n in range(60)])
    page = pdf.html(full_invoice.facts(invoice) | {"qr": "", "transfer_qr": ""}, language="nl")
    head = page.partition("<header>")[2].partition("</header>")[0]
    assert f'<p class="reference">{references.grouped(invoice.payment_reference)}</p>' in head


def test_the_button_is_one_in_every_program_and_a_plain_link_stands_below_it():
    _invoice, message = announced()
    (button,) = re.findall(r'<a class="button" href="([^"]+)" style="([^"]+)">([^<]+)</a>', message.html)
    address, style, words = button
    assert words == "Bekijk uw rekening"
    assert "background:#0b5560" in style
    assert "padding:14px" in style
    assert '<v:roundrect xmlns:v="urn:schemas-microsoft-com:vml"' in message.html
    assert message.html.count(f'href="{address}"') == 3, "drawn by Outlook, by others, and as a plain link"
    assert f"{words} ({address})" in message.text.replace("\n", " ")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", sorted(plan_facts.FACTS))
def test_each_mail_with_a_link_has_its_button(kind, language):
    html = rendering.render(kind, language=language, context=plan_facts.FACTS[kind]).html
    links = {line["link"] for line in plan_facts.FACTS[kind].get("lines", [])}
    assert links
    assert set(re.findall(r'<a class="button" href="([^"]+)"', html)) == links
