"""What messages say: both languages, one source, no personal data."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.utils.formats import date_format
from django.utils.translation import override

from billing import rooms
from billing.invoices.letter_steps import LETTERS
from billing.models import Provider
from billing.outbox import rendering
from billing.outbox.explaining import WRITTEN
from billing.text.addresses import is_one_address
from tests.billing.plans import plan_facts

FOLDER = Path(settings.ROOT) / "templates" / "messages"
FACTS = {
    "receipt": {
        "amount": Decimal("1045.50"),
        "received_at": datetime(2026, 11, 2, 23, 30, tzinfo=UTC),  # the 3rd, where the patient lives
        "outstanding": Decimal("0.00"),
        "credit": Decimal("0.00"),
        "went_to": [("principal", Decimal("1045.50"))],
        "left_until": None,
        "next_part": None,
        "on_hold": False,
        "is_over": False,
        "withdrawn": False,
        "invoice_number": "2026-00123",
        "reference_ending": "4321",
        "provider": plan_facts.PROVIDER,
        "message_code": "BCDFGH23",
    },
    "contact_changed": {
        "changed": ["email", "mobile", "name", "address", "birth_date", "payer"],
        "provider": plan_facts.PROVIDER,
        "codes_from": datetime(2026, 11, 3, 11, 0, tzinfo=UTC),
    },
    "provider_changed": {"provider": plan_facts.PROVIDER, "what": "iban_asked", "iban_end": "4567", "details": {}},
    "staff_invited": {
        "practice": "Tandartspraktijk De Linde",
        "role": "approver",
        "until": datetime(2026, 11, 10, 11, 0, tzinfo=UTC),
        "link": "https://rekening.example/beheer/uitnodiging/abc/",
    },
    "staff_password_link": {"username": "j.jansen", "link": "https://rekening.example/beheer/wachtwoord-kiezen/abc/"},
    "staff_password_changed": {"username": "j.jansen", "at": datetime(2026, 11, 3, 11, 0, tzinfo=UTC)},
    "staff_code_app_reset": {"username": "j.jansen", "by": "a.baas", "at": datetime(2026, 11, 3, 11, 0, tzinfo=UTC)},
    "staff_new_approver": {
        "username": "j.jansen",
        "practice": "Tandartspraktijk De Linde",
        "by": "a.baas",
        "at": datetime(2026, 11, 3, 11, 0, tzinfo=UTC),
    },
    "staff_wrong_code": {"username": "j.jansen", "at": datetime(2026, 11, 3, 11, 0, tzinfo=UTC)},
} | plan_facts.FACTS
_CREDITED = plan_facts.FACTS["plan_broken"] | {
    "amount": Decimal("256.59"),
    "charges_off": Decimal("43.50"),
    "credit": Decimal("0.00"),
    "due_on": date(2026, 12, 12),
    "on_hold": False,
    "plan": None,
}
FACTS |= {"invoice_withdrawn": _CREDITED, "invoice_credited": _CREDITED}
_REFUND = plan_facts.FACTS["plan_completed"] | {
    "amount": Decimal("20.00"),
    "paid_on": datetime(2026, 11, 2, 23, 30, tzinfo=UTC),
    "by": date(2026, 12, 12),
}
_MOVED = {"source": "2026-00123", "target": "2026-00124", "outstanding": Decimal("5.00"), "undone": False}
FACTS |= {f"refund_{state}": _REFUND for state in ("under_way", "done", "failed", "by_bank")}
FACTS |= {"credit_moved": _REFUND | _MOVED}
DUTCH_RECEIPT = """\
Wij hebben uw betaling ontvangen

Goedendag,

Bedankt voor uw betaling.

Zorgaanbieder: Tandartspraktijk De Linde
Betaald bedrag: €\u00a01.045,50
Ontvangen op: 3 november 2026
Nummer van de rekening: 2026-00123
Betalingskenmerk eindigt op: 4321
Nog te betalen: €\u00a00,00

Wat gebeurt er nu?

De rekening is helemaal betaald. U hoeft niets meer te doen.

Bewaar deze e-mail. Het is uw bewijs van betaling.

Zo bekijkt u uw rekening

1. Open uw internetbrowser.
2. Typ dit adres: rekening.example
3. Vul het betalingskenmerk in dat eindigt op 4321. U vindt het op uw
   rekening.

Typt u het adres zelf, dan weet u zeker dat u bij ons bent.
"""


@pytest.fixture(autouse=True)
def _public_address(settings):
    settings.PUBLIC_URL = "https://rekening.example"


def receipt(language: str, **facts) -> rendering.Rendered:
    return rendering.render("receipt", language=language, context=FACTS["receipt"] | facts)


def test_the_dutch_receipt_word_for_word():
    rendered = receipt("nl")
    assert rendered.subject == "Wij hebben uw betaling ontvangen"
    told, _, footer = rendered.text.partition("Wij vragen u nooit")
    assert told.removeprefix("Zorgrekening\n\n").strip() == DUTCH_RECEIPT.strip()
    assert "een code, een wachtwoord of bankgegevens" in " ".join(footer.split(" "))
    assert '<html lang="nl">' in rendered.html


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "Bel of e-mail Tandartspraktijk De Linde: 020 123 4567 (ma-vr 9-12 uur) of balie@linde.example."),
        ({"email": ""}, "Bel Tandartspraktijk De Linde: 020 123 4567 (ma-vr 9-12 uur)."),
        ({"phone": ""}, "E-mail Tandartspraktijk De Linde: balie@linde.example."),
        ({"phone": "", "email": ""}, "Neem contact op met Tandartspraktijk De Linde."),
    ],
)
def test_every_mail_says_how_to_reach_the_practice(known, said):
    practice = {"name": "Tandartspraktijk De Linde", "phone": "+31201234567", "phone_hours": "ma-vr 9-12 uur"}
    provider = Provider(**{"email": "balie@linde.example"} | practice | known)
    assert said in " ".join(receipt("nl", provider=provider).text.split())


def test_the_english_receipt():
    rendered = receipt("en")
    assert rendered.subject == "We have received your payment"
    for told in (
        "Amount paid: €1,045.50\n",
        "Received on: 3 November 2026\n",
        "Left to pay: €0.00\n",
        "The invoice is fully paid. You do not have to do anything else.",
        "Type this address: rekening.example\n",
        "We never ask you for a code, a password or bank details",
    ):
        assert told in rendered.text
    assert '<html lang="en">' in rendered.html


@pytest.mark.parametrize(
    ("language", "left", "done"),
    [
        ("nl", "U moet nog €\u00a020,00 betalen, uiterlijk op 12 december 2026.", "U hoeft niets meer te doen."),
        ("en", "You still have to pay €20.00, by 12 December 2026.", "fully paid"),
    ],
)
def test_what_is_left_to_pay_and_until_when_is_said(language, left, done):
    text = " ".join(receipt(language, outstanding=Decimal("20.00"), left_until=date(2026, 12, 12)).text.split(" "))
    assert left in text.replace("\n", " ")
    assert done not in text


def test_of_an_invoice_on_hold_no_day_is_said():
    text = receipt("nl", outstanding=Decimal("20.00"), on_hold=True).text
    assert "maar nu niet: deze rekening staat stil" in text.replace("\n", " ")
    assert "uiterlijk" not in text


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("kind", ["invoice_credited", "payment_moved", "charges_taken_off"])
@pytest.mark.parametrize("on_hold", [True, False])
def test_who_pays_in_parts_or_not_yet_is_not_asked_for_all_by_the_last_day(kind, language, on_hold):
    term = SimpleNamespace(open=Decimal("33.34"), installment=SimpleNamespace(due_on=date(2026, 11, 30)))
    facts = FACTS[kind] | {"on_hold": on_hold, "plan": SimpleNamespace(due_now=Decimal(0), next=term)}
    text = " ".join(rendering.render(kind, language=language, context=facts).text.split())
    with override(language):
        assert date_format(facts["due_on"]) not in text
        assert (date_format(term.installment.due_on) in text) == (not on_hold)
    assert "IBAN" not in text


@pytest.mark.parametrize(("language", "credit"), [("nl", "€\u00a05,25 te veel betaald"), ("en", "paid €5.25 too much")])
def test_money_paid_too_much_remains_the_patients(language, credit):
    assert credit in receipt(language, credit=Decimal("5.25")).text
    assert credit.split()[-1] not in receipt(language).text.split()


@pytest.mark.parametrize("fact", ["amount", "credit", "outstanding", "received_at"])
def test_a_missing_fact_is_an_error(fact):
    facts = {name: value for name, value in FACTS["receipt"].items() if name != fact}
    with pytest.raises(ValueError, match=fact):
        rendering.render("receipt", language="nl", context=facts)


def test_unknown_kind_or_language_is_an_error():
    with pytest.raises(ValueError, match="no_such_message"):
        rendering.render("no_such_message", language="nl", context={})
    with pytest.raises(TemplateDoesNotExist):
        rendering.render("receipt", language="fr", context=FACTS["receipt"])


def test_every_kind_says_what_it_needs_and_exists_in_every_language():
    kinds = {path.name.split(".")[0] for path in FOLDER.glob("*.html")} - {"base"}
    assert kinds == set(rooms.message_kinds())
    letters = {letter.message for letter in LETTERS.values()}  # read word by word where the schedule is walked
    # Rooms prove their own mails.
    of_rooms = ("coulance_", "complaint_", "forbearance_", "agency_", "helpdesk_", "message_")
    ours = {kind for kind in kinds if not kind.startswith(of_rooms)}
    assert ours == set(FACTS) | letters
    assert all(rooms.message_kinds()[kind].needs for kind in ours)
    for kind in kinds:
        for language in WRITTEN:
            assert (FOLDER / f"{kind}.{language}.html").exists()


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("kind", sorted(FACTS))
def test_the_text_holds_every_word_of_the_html_in_order(kind, language):
    rendered = rendering.render(kind, language=language, context=FACTS[kind])
    body = re.sub(r"<!--.*?-->", "", rendered.html.partition("<body>")[2], flags=re.S)
    words = unescape(re.sub(r"<[^>]+>", " ", body)).split()
    without_addresses = re.sub(r"\s\(https?://[^)]*\)", "", rendered.text)  # what stands behind a link
    text = [word.removesuffix(":") for word in without_addresses.split() if not re.fullmatch(r"\d\.|-", word)]
    assert text == [word.removesuffix(":") for word in words]
    assert max(len(line) for line in rendered.text.splitlines()) <= rendering.TEXT_WIDTH


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("kind", sorted(FACTS))
def test_a_mail_loads_nothing_and_links_to_us_alone(kind, language):
    html = rendering.render(kind, language=language, context=FACTS[kind]).html
    others = re.sub(r'href="https://rekening\.example/(openen|beheer)/', "", html)
    assert re.findall(r"href=|src=|url\(|@import|<script|https?://", others) == []
    assert max(len(line.encode()) for line in html.splitlines()) < 998  # the longest line that mail allows


def test_facts_are_text_in_html_and_never_markup():
    rendered = receipt("nl", invoice_number='<img src="https://evil.example">&')
    assert "<img" not in rendered.html
    assert 'Nummer van de rekening: <img src="https://evil.example">&\n' in rendered.text


def rendered_by(html: str, tmp_path, settings) -> rendering.Rendered:
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages" / "trial.nl.html").write_text(html)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "message_kinds", lambda: {"trial": rooms.MessageKind()})
        return rendering.render("trial", language="nl", context={"fact": "a\r\nBcc: b@example.org"})


def test_lists_links_and_breaks_in_plain_text(tmp_path, settings):
    rendered = rendered_by(
        "<html><head><title>Over {{ fact }}</title><style>p { margin: 0 }</style></head><body><!-- unseen -->"
        "<p>Een<br>\n twee <strong>drie</strong>.</p><ul>\n<li>vier</li>\n<li>vijf <em>zes</em></li>\n</ul>"
        '<ol><li>zeven</li><li><a href="https://a.example/b">acht</a></li></ol>'
        '<p><a href="https://a.example/">https://a.example/</a></p></body></html>',
        tmp_path,
        settings,
    )
    assert rendered.subject == "Over a Bcc: b@example.org"  # one line: no way to end a header
    assert rendered.text == (
        "Een\ntwee drie.\n\n- vier\n- vijf zes\n\n1. zeven\n2. acht (https://a.example/b)\n\nhttps://a.example/\n"
    )


@pytest.mark.parametrize("html", ["<body><table></table></body>", "<body><p>a</body>", "<body></p></body>"])
def test_what_would_be_lost_in_plain_text_is_refused(html, tmp_path, settings):
    with pytest.raises(ValueError, match="<"):
        rendered_by(f"<html>{html}</html>", tmp_path, settings)


@pytest.mark.parametrize("address", ["j@example.org", "j.de-vries+x@sub.example.nl", "j@bücher.example"])
def test_one_address(address):
    assert is_one_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a@x.nl, b@x.nl",
        "a@x.nl,b@x.nl",
        "a@x.nl;b@x.nl",
        "a@x.nl b@x.nl",
        "a@x.nl\nBcc: b@x.nl",
        "a@x.nl\r\n",
        "A <a@x.nl>",
        '"a, b"@x.nl',
        "a@b@x.nl",
        "a@x",
        "group:a@x.nl;",
        "ä@x.nl",
    ],
)
def test_anything_else_is_not_one_address(address):
    assert not is_one_address(address)


@pytest.mark.parametrize(
    ("language", "said", "not_said"),
    [("nl", "al ingetrokken", "helemaal betaald"), ("en", "withdrawn already", "fully paid")],
)
def test_the_receipt_of_an_invoice_that_was_withdrawn_says_so(language, said, not_said):
    text = " ".join(receipt(language, withdrawn=True, credit=Decimal("45.00")).text.split())
    assert said in text
    assert not_said not in text
