"""Whole messages: each thing in them is judged apart, the worst comes first, and no look-alike in one is ours."""

from contextlib import suppress
from time import process_time

import phonenumbers
import pytest

from billing.errors import Refused
from billing.outbox import rendering
from helpdesk.genuine import pasted
from helpdesk.genuine.ours import Kind, Whose
from tests import factories
from tests.billing.outbox.test_messages import FACTS
from tests.helpdesk.genuine.test_ours import ACCOUNTS, ALIKE, HOST, IBAN, LINKS, MAILBOX, NUMBERS, OURS, SENDERS, SMS
from tests.helpdesk.genuine.test_ours import _ours as _ours

# Without a dot or a scheme it is no link, in no mail program; a name of a sender of SMS stands in many sentences.
NO_THING = {SMS}
FALSE_MAIL = """Van: Zorgrekening <{sender}>
Onderwerp: Openstaande vordering – dossier 67382

Geachte heer/mevrouw Jansen,

Uw factuur van 12-10-2026 (€ 115,40) is nog niet betaald. Betaal binnen 7 dagen, voor 01-12-2026 23:59, via
{link}
of maak het bedrag over naar {account} o.v.v. dossier 67382. Anders komt er een deurwaarder.Dit kost u € 40,00 extra.
Vragen? Bel {number} (ma-vr 9.00-17.00) of kijk op {website}.

Met vriendelijke groet, Zorgrekening B.V., KvK 12345678, btw NL123456789B01, factuur.pdf
"""
# Nobody can be called with these, and a bank takes 18 characters: beside them a digit is another number of the text.
HARMLESS = {
    "account": ["NL02 ABNA 0123 4567 89 0"],
    "number": [one for one in NUMBERS if not phonenumbers.is_valid_number(phonenumbers.parse(one, "NL"))],
}
GENUINE = {"sender": MAILBOX, "link": f"https://{HOST}/", "account": IBAN, "number": "030 123 45 67", "website": HOST}

pytestmark = pytest.mark.django_db


def wrong_in(text: str) -> list[pasted.Judged]:
    return [one for one in pasted.judge(text) if one.verdict.whose == Whose.NOBODY]


def false_mail(**wrong: str) -> str:
    return FALSE_MAIL.format(**GENUINE | wrong)


def test_in_a_message_of_ours_everything_is_ours():
    found = pasted.judge(false_mail())
    assert {one.verdict.kind for one in found} == {Kind.SENDER, Kind.LINK, Kind.ACCOUNT, Kind.NUMBER}
    assert {(one.text, one.verdict.whose) for one in found if one.verdict.whose != Whose.OURS} == set()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_of_our_own_mails_nothing_is_called_false(language):
    factories.provider(phone="+31201234567", email="balie@linde.example")
    own = {"message_code": "BCDFGH23", "portal_address": HOST}
    called = {}
    for kind in ("receipt", "contact_changed", "staff_password_changed"):
        mail = rendering.render(kind, language=language, context=FACTS[kind] | own)
        called |= {one.text: kind for one in wrong_in(f"Van: Zorgrekening <{MAILBOX}>\n{mail.text}")}
    assert called == {}


@pytest.mark.parametrize(
    ("part", "look_alikes"),
    [("sender", SENDERS), ("link", LINKS), ("account", ACCOUNTS), ("number", NUMBERS)],
    ids=["sender", "link", "account", "number"],
)  # fmt: skip
def test_one_false_thing_in_a_message_that_is_ours_otherwise_comes_first(part, look_alikes):
    found = {one: pasted.judge(false_mail(**{part: one})) for one in look_alikes}
    assert [one for one, judged in found.items() if judged[0].verdict.whose != Whose.NOBODY] == HARMLESS.get(part, [])


def test_no_message_with_a_look_alike_is_called_ours():
    """Where a piece of it is ours, as in “our host, a bracket, @theirs”, what is wrong comes before it."""
    found = {one: pasted.judge(f"Betaal via {one} of bel ons.") for one in ALIKE}
    ours = [one for one, judged in found.items() if judged and judged[0].verdict.whose != Whose.NOBODY]
    assert ours == HARMLESS["account"]
    for one in (
        f"https://{HOST}'@betaal.nl/",
        f"https://{HOST};x@betaal.nl/",
        f"https://{HOST}(.betaal.nl/",
        f"betaal.nl:{HOST}",
    ):
        assert wrong_in(f"Betaal via {one}"), one


@pytest.mark.parametrize(
    "around",
    ["({0})", "<a href=\"{0}\">betaal</a>", "[hier]({0})", "Link:{0}", "website={0}", "{0}, of bel", "“{0}”.",
     "*{0}*"],
)  # fmt: skip
def test_marks_around_a_link_are_no_part_of_it(around):
    assert [one.verdict.whose for one in pasted.judge(f"Kijk op {around.format(f'https://{HOST}/')} nu")] == [
        Whose.OURS
    ]
    assert wrong_in(f"Kijk op {around.format('https://betaal.nl/x')} nu")[0].text == "https://betaal.nl/x"


def test_everything_of_ours_is_called_ours_within_a_sentence():
    found = {one: pasted.judge(f"Zie ook {one} voor meer.") for one in OURS if one not in NO_THING}
    assert {one: called for one, called in found.items() if [c.verdict.whose for c in called] != [Whose.OURS]} == {}


@pytest.mark.parametrize(
    "text",
    [
        "Beste mevrouw J.P. Jansen, d.w.z. a.u.b. betalen voor 01-12-2026 om 9.00 uur", "€ 1.234,56 op 2026-12-01",
        "Kenmerk 1234 5678 9012 3456, KvK 12345678, btw NL123456789B01", "Zie factuur.pdf en afspraak.ics",
        "RF18 5390 0754 7034 is geen rekening", "Volg @zorgrekening", "Betaald.Dank u wel",
    ],
)  # fmt: skip
def test_dates_amounts_and_abbreviations_are_no_things(text):
    assert pasted.judge(text) == []


def test_a_practice_and_the_gateway_come_after_what_is_false_and_before_what_is_ours():
    factories.provider(website="https://linde.example/")
    text = f"{HOST} https://linde.example/ https://www.mollie.com/checkout/x https://betaal.nl/ {IBAN}"
    order = [one.verdict.whose for one in pasted.judge(text)]
    assert order == [Whose.NOBODY, Whose.GATEWAY, Whose.PRACTICE, Whose.OURS, Whose.OURS]


def test_what_is_shown_is_short_and_hides_no_direction():
    (one,) = pasted.judge("Zie https://betaal.nl/\u202e" + "a" * 200)
    assert one.text == "https://betaal.nl/" + "a" * 42 + "…"


def test_a_text_full_of_links_is_refused_instead_of_read_in_part():
    with pytest.raises(Refused):
        pasted.judge(" ".join(f"{HOST}/{number}" for number in range(pasted.MOST_THINGS)) + " https://betaal.nl/")


@pytest.mark.parametrize("filler", ["1", "1 ", "a.", "a@", "NL02", "NL02 1 ", "(", "http:", "a:", "0", "+31 "])
def test_no_text_of_the_longest_takes_long(filler):
    begun = process_time()
    with suppress(Refused):
        pasted.judge(filler * (20_000 // len(filler)))
    assert process_time() - begun < 3
