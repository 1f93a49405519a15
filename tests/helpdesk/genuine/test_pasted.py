"""Whole messages: each thing in them is judged apart, the worst comes first, and no look-alike in one is ours."""

import re
from contextlib import suppress
from time import process_time

import phonenumbers
import pytest

from billing import rooms
from billing.errors import Refused
from billing.outbox import rendering
from helpdesk.genuine import pasted
from helpdesk.genuine.ours import Kind, Whose
from tests import factories
from tests.helpdesk.genuine import own_mails
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


@pytest.mark.parametrize("language", ["nl", "en", "ar"])
def test_of_all_mails_that_are_sent_nothing_is_called_false(language):
    """In Arabic with the explanation below it, which isolates what is written from left to right."""
    own = {"message_code": "BCDFGH23", "portal_address": HOST}
    mails, called = own_mails.all_of_them(), set()
    kinds = {kind for kind in rooms.message_kinds() if not kind.startswith("toy")}
    assert set(mails) == kinds, "a new kind of message has to be added to own_mails"
    for kind, facts in mails.items():
        mail = rendering.render(kind, language=language, context=facts | own)
        called |= {(one.text, kind) for one in wrong_in(re.sub(r"\b(?:rekening|x)\.example", HOST, mail.text))}
    assert called == set()


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
        "RF18 5390 0754 7034 is geen rekening", "Rente 140,40", "Volg @zorgrekening", "Betaald.Dank u wel",
    ],
)  # fmt: skip
def test_dates_amounts_and_abbreviations_are_no_things(text):
    assert pasted.judge(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Bel 06-12-34-56-78", "Bel 06.12.34.56.78", "Bel 06-12-34 56 78", "Bel 06\u201312345678", "Bel 06/12345678",
        "Bel 06 12345678\n1234 AB Utrecht", "Bel 06\u200b12345678", "op 01-12-2026 bel 06-12-34-56-78",
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(text):
    assert [one.verdict.kind for one in wrong_in(text)] == [Kind.NUMBER]


@pytest.mark.parametrize("number", [
    "06-\n12345678", "06 1234\n5678", "030 999\n45 67", "030 999\n\n45 67", "+31 30\n999 45 67", "(030)\n9994567",
    "06-12\n-34 56 78", "0612345\n678", "030\r\n> 9994567",
])  # fmt: skip
@pytest.mark.parametrize("around", ["Bel {} nu", "Bel\n{}\n12 mei", "Vragen? {}\n1 euro", "Op 1\n{} .", "{}"])
def test_a_number_that_goes_on_in_the_next_line_is_found(number, around):
    (one,) = wrong_in(around.format(number))
    assert one.verdict.kind == Kind.NUMBER
    assert "\n" not in one.text


@pytest.mark.parametrize("parted", ["030 123\n45 67", "+31 30 123\n4567", "NL02 ABNA 0123\n4567 89"])
def test_our_own_number_over_two_lines_is_ours(parted):
    assert [one.verdict.whose for one in pasted.judge(f"Bel of betaal: {parted}\n3500 AB Utrecht")] == [Whose.OURS]


@pytest.mark.parametrize(
    "text",
    [
        "Kerkstraat 30\n3512 AB Utrecht", "2026-00001\n2026-00002\n2026-00003", "factuur 06\n12345678",
        "BTW B06\n12345678", "Bedrag 100,00\n30 123 45 67", "op 06-12-2026\n12345678", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10",
        "Kamer 030\nom 1234567", "Kenmerk 0494 1819\n0479 8657", "KvK\n12345678\n06", "€ 30\n€ 1234567",
    ],
)  # fmt: skip
def test_two_lines_with_digits_are_no_number(text):
    assert pasted.judge(text) == []


@pytest.mark.parametrize(
    "between", [" ", "\u2013", " \u2014 ", "/", "_", "\u200b", "\u00ad", "\n", " - ", ".", "\u2011"]
)
def test_an_account_is_found_whatever_stands_between_its_groups(between):
    groups = ("NL91", "ABNA", "0417", "1643", "00")
    for text in (between.join(groups), between.join(["NL", "91", *groups[1:]])):
        assert [one.verdict.kind for one in wrong_in(f"Betaal op {text} nu")] == [Kind.ACCOUNT], text


def test_our_own_account_in_groups_is_ours_but_not_with_what_nobody_sees():
    for text in ("NL02\u2013ABNA\u20130123\u20134567\u201389", "NL02 ABNA\n0123 4567 89", "NL 02 ABNA 0123 4567 89"):
        assert [one.verdict.whose for one in pasted.judge(f"Betaal op {text} nu")] == [Whose.OURS], text
    for text in ("NL02\u200bABNA0123456789", "030\u200b 123 45 67"):
        (one,) = wrong_in(f"Betaal of bel {text} nu")
        assert one.verdict.alike


@pytest.mark.parametrize(
    "link",
    [
        "betaal\u200bnu.nl", "betaalnu.n\u00adl", "Betaalnu.Vip", "Betaal.Finance", "t.co", "href=//betaal-nu.nl/x",
        "<a href=\"//betaal-nu.nl/x\">", "betaal-nu\u2060.nl",
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(link):
    assert [one.verdict.kind for one in wrong_in(f"Kijk op {link} nu")] == [Kind.LINK]


@pytest.mark.parametrize("given", [f"https://{HOST}/", MAILBOX, "030 123 45 67"])
def test_what_our_letters_isolate_from_another_direction_is_still_ours(given):
    assert [one.verdict.whose for one in pasted.judge(f"Zie \u2066{given}\u2069.")] == [Whose.OURS]


@pytest.mark.parametrize("number", ["0201500123", "06-2026-1234"])
def test_the_number_of_an_invoice_is_no_telephone_number_unless_one_is_to_call_it(number):
    for before in ("Factuurnummer:", "Nummer van de rekening:", "rekening", "Invoice number", "kenmerk", "dossiernr."):
        assert pasted.judge(f"Graag betalen. {before}\n{number} van de praktijk") == [], before
    assert pasted.judge(f"Rekeningen:\n2026-00001: € 60,00\n{number}: € 1.140,40") == []
    for before in ("Bel over rekening", "telefoonnummer", "Bel:", "Vragen over uw rekening? WhatsApp", "nummer"):
        assert wrong_in(f"{before} 06 12345678"), before


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
