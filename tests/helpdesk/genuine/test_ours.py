"""Only what is exactly ours is ours: 200 look-alikes, and none is called ours; all that is ours is called so."""

import pytest

from debt_collection.models import Agency
from helpdesk.genuine.ours import Kind, Whose, judge
from tests import factories
from tests.debt_collection.cases import agency

HOST, MAILBOX, IBAN = "rekening.voorbeeldzorg.nl", "rekening@voorbeeldzorg.nl", "NL02ABNA0123456789"
DESK, PHONE, SMS = "hulp@voorbeeldzorg.nl", "+31 30 123 45 67", "Zorgrek"
OF_PRACTICE = "NL91ABNA0417164300"

OURS = [
    f"https://{HOST}/", f"https://{HOST}", f"https://{HOST}/openen/abc/", f"http://{HOST}/echt/", HOST, HOST.upper(),
    f"{HOST}/echt/", f"{HOST}.", f"  https://{HOST}/  ", f"(https://{HOST}/)", f'"{HOST}"', f"https://{HOST}/?a=b#c",
    MAILBOX, MAILBOX.upper(), f"Zorgrekening <{MAILBOX}>", f"<{MAILBOX}>", f"mailto:{MAILBOX}", DESK,
    IBAN, "NL02 ABNA 0123 4567 89", "nl02abna0123456789", "NL02-ABNA-0123-4567-89", "IBAN: NL02 ABNA 0123 4567 89",
    "IBAN NL02ABNA0123456789", "NL02\u00a0ABNA\u00a00123\u00a04567\u00a089", "NL02.ABNA.0123.4567.89",
    PHONE, "030-1234567", "030 123 45 67", "0031301234567", "+31301234567", "+31 (0)30 123 45 67", "tel:+31301234567",
    SMS,
]  # fmt: skip

NAME, REST = "rekening", "voorbeeldzorg"
_SWAPPED = {
    "a": "аαàạ", "e": "еéė", "o": "оο0ö", "i": "іı1", "n": "ոñ", "g": "ġğ", "r": "гŕ", "k": "кķ", "z": "ʐż",
    "b": "ЬḅƄ", "d": "ԁɗ", "l": "1ӏІ", "v": "ѵṿ",
}  # fmt: skip


def swapped() -> list[str]:
    """Our host with one letter of another alphabet, an accent or a digit in the place of each letter of ours."""
    return [
        HOST[:at] + other + HOST[at + 1 :]
        for at, letter in enumerate(HOST)
        for other in _SWAPPED.get(letter, "")
        if letter != "."
    ]


def mistyped() -> list[str]:
    """Our host with a letter left out, doubled, or two that changed places."""
    at_all = range(len(HOST))
    left_out = [HOST[:at] + HOST[at + 1 :] for at in at_all if HOST[at] != "."]
    doubled = [HOST[:at] + HOST[at] + HOST[at:] for at in at_all if HOST[at] != "."]
    turned = [HOST[:at] + HOST[at + 1] + HOST[at] + HOST[at + 2 :] for at in range(len(HOST) - 1)]
    return [one for one in [*left_out, *doubled, *turned] if one != HOST]


LINKS = [
    f"https://{HOST}.betaal.nl/", f"{HOST}.betaal.nl", f"https://{HOST}.com/", f"https://{HOST}-betaal.nl/",
    f"https://{HOST}@betaal.nl/", f"https://{HOST}:pass@betaal.nl/", f"https://{HOST}\\@betaal.nl/",
    f"https://{HOST}\\.betaal.nl/", f"https://betaal.nl/{HOST}/", f"https://betaal.nl/?{HOST}", f"https://betaal.nl#{HOST}",
    f"https://betaal.nl/https://{HOST}/", f"https://{HOST}%2ebetaal.nl/", f"https://{HOST}%00.betaal.nl/",
    f"https://{HOST}:8443/", f"https://{HOST}:80443", f"ftp://{HOST}/", f"javascript://{HOST}/%0aalert(1)",
    f"data:text/html,{HOST}", f"https:{HOST}.betaal.nl", f"https:///{HOST}/", f"https:/{HOST}/", f"https:{HOST}",
    f"https://www.{HOST}/", "https://voorbeeldzorg.nl/", f"https://a.{HOST}/", "https://rekening-voorbeeldzorg.nl/",
    "https://rekeningvoorbeeldzorg.nl", "https://voorbeeldzorg-rekening.nl/", "https://voorbeeldzorg.nl.rekening.io/",
    "https://rekening.voorbeeldzorg.com/", "https://rekening.voorbeeldzorg.nI/", "https://rekening.voorbeeldzorg.net/",
    "https://xn--rekening-voorbeeldzorg-0ya.nl/", "https://rekening.xn--voorbeldzorg-xhb.nl/",
    "https://rekening。voorbeeldzorg。nl/", "https://ｒｅｋｅｎｉｎｇ.voorbeeldzorg.nl/",
    "https://rekening.voorbeeld\u200bzorg.nl/", "https://rekening.voorbeeld\u00adzorg.nl/",
    "https://rekening.voorbeeldzorg\u2024nl/", "\u202ehttps://rekening.voorbeeldzorg.nl/",
    f"https://{HOST}\u2044betaal.nl/", f"https://{HOST}\uff0fbetaal.nl/", f"https://{HOST}.\u200b/",
    "https://bit.ly/rekening", "https://tikkie.me/pay/abc", "https://127.0.0.1/", "https://[::1]/", "https://[bad/",
]  # fmt: skip
SENDERS = [
    "rekening@voorbeeldzorg.com", "rekening@voorbeeldzorg.nl.com", "rekening@voorbeeld-zorg.nl",
    "rekening@voorbeeldzorq.nl",
    "rekenlng@voorbeeldzorg.nl", "rеkening@voorbeeldzorg.nl", "rekening@vооrbeeldzorg.nl", "info@voorbeeldzorg.nl",
    f"{MAILBOX} <oplichter@betaal.nl>", f"Zorgrekening {MAILBOX} <x@betaal.nl>", f"{MAILBOX}.betaal.nl",
    "rekening+nl@voorbeeldzorg.nl", "rekening@rekening.voorbeeldzorg.nl", "voorbeeldzorg@gmail.com",
    "rekening@xn--vorbeeldzorg-ecb.nl", "rekening\u200b@voorbeeldzorg.nl", "hulp@voorbeeldzorg.nl.betaal.nl",
]  # fmt: skip
ACCOUNTS = [
    "NL02ABNA0123456788", "NL02ABNAO123456789", "NL02 ABNA 0123 4567 8９", "NL20ABNA0123456789", "NL02INGB0123456789",
    "NL02ABNA0123456798", "NL02 ABNA 0123 4567 89 0", "BE02ABNA0123456789", "NL02АBNA0123456789", "NLO2ABNA0123456789",
    "NL02ABNA1023456789", "DE02120300000000202051", "LT601010012345678901", "NL02ABNA012345678", "NL2ABNA00123456789",
]  # fmt: skip
NUMBERS = [
    "+31 30 123 45 68", "030 123 45 76", "+32 30 123 45 67", "0900 1234", "06 12345678", "+31301234567 ext 9",
    "031 123 45 67", "+3130 123 456 70", "0030 123 45 67", "88 30 123 45 67", "30 123 45 670", "+1 301 234 567",
]  # fmt: skip
TEXTS = ["Zοrgrek", "zorgrek", "Zorgrekk", "ZORGREK", "Z0rgrek", "Zorgrek\u200b", "Zorg rek"]
ALIKE = [*swapped(), *mistyped(), *LINKS, *SENDERS, *ACCOUNTS, *NUMBERS, *TEXTS]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ours(settings):
    settings.PUBLIC_URL, settings.SMS_SENDER = f"https://{HOST}", SMS
    settings.DEFAULT_FROM_EMAIL = f"Zorgrekening <{MAILBOX}>"
    settings.OPERATOR = settings.OPERATOR | {"iban": IBAN, "phone": PHONE, "email": DESK}


def test_everything_of_ours_is_called_ours():
    assert {one for one in OURS if (verdict := judge(one)) is None or verdict.whose != Whose.OURS} == set()


def test_of_two_hundred_look_alikes_none_is_called_ours():
    assert len(set(ALIKE)) >= 200
    called = {one: judge(one) for one in ALIKE}
    assert {one for one, verdict in called.items() if verdict and verdict.whose != Whose.NOBODY} == set()


def test_a_host_that_looks_like_ours_is_told_as_such():
    hosts = [*swapped(), *mistyped(), *LINKS[:12]]
    missed = [one for one in hosts if not ((verdict := judge(one)) and verdict.alike)]
    assert missed == []
    assert not judge("https://bit.ly/x").alike


@pytest.mark.parametrize(
    ("pasted", "kind"),
    [
        ("https://betaal.nl/x", Kind.LINK), ("betaal.nl", Kind.LINK), ("jan@post.example", Kind.SENDER),
        ("NL91 ABNA 0417 1643 00", Kind.ACCOUNT), ("06 1234 5678", Kind.NUMBER),
    ],
)  # fmt: skip
def test_it_is_seen_what_was_pasted(pasted, kind):
    assert judge(pasted).kind == kind


def test_what_a_practice_uses_is_neither_ours_nor_a_swindlers():
    factories.provider(iban=OF_PRACTICE, phone="+31201234567", email="balie@linde.example")
    for pasted in ("NL91 ABNA 0417 1643 00", "020-1234567", "Balie@Linde.example"):
        assert judge(pasted).whose == Whose.PRACTICE
    assert judge("balie@lindе.example").whose == Whose.NOBODY, "with a Cyrillic letter"


@pytest.mark.parametrize("text", ["hallo", f"Betaal op https://{HOST}/ of https://betaal.nl/", "5", "…", f"{HOST} nu"])
def test_more_than_one_thing_is_not_judged_as_one(text):
    assert judge(text) is None


def test_the_website_of_a_practice_and_of_a_body_are_told_as_such():
    factories.provider(website="https://www.tandarts-linde.nl/", dispute_body_url="https://geschil.example/zorg/")
    of_practice = ("https://www.tandarts-linde.nl/contact", "tandarts-linde.nl", "http://TANDARTS-LINDE.NL/")
    assert {judge(one).whose for one in of_practice} == {Whose.PRACTICE}
    named = (
        "https://geschil.example/",
        "https://www.fraudehelpdesk.nl/melden",
        "skgz.nl",
        "https://geldfit.nl/",
        "113.nl",
    )
    assert {judge(one).whose for one in (*named, "0800 8115", "0900-8844")} == {Whose.NAMED}
    for alike in (
        "https://tandarts-linde.nl.betaal.nl/", "https://tandarts-linde.nl@betaal.nl/", "https://betaal.tandarts-linde.nl/",
        "https://tandarts-linde.nl:8443/", "https://tandаrts-linde.nl/", "https://linde.nl/", "https://nl/", "https:///x",
        "https://fraudehelpdesk.nl.betaal.nl/", "https://fraudehelpdesk.com/", "ftp://tandarts-linde.nl/",
    ):  # fmt: skip
        assert judge(alike).whose == Whose.NOBODY, alike


def test_a_payment_page_of_the_gateway_is_neither_ours_nor_a_swindlers_for_certain():
    assert judge("https://www.mollie.com/checkout/select-method/7UhSN1zuXS").whose == Whose.GATEWAY
    for other in (
        "https://www.mollie.com/", "https://mollie.com.betaal.nl/checkout/x", "https://www.mollie.com@betaal.nl/checkout/",
        "https://paymentlink.mollie.com/payment/x/", "https://www.rnollie.com/checkout/x", "https://mоllie.com/checkout/x",
    ):  # fmt: skip
        assert judge(other).whose == Whose.NOBODY, other


def test_without_an_account_of_ours_none_is_ours(settings):
    settings.OPERATOR = settings.OPERATOR | {"iban": "", "phone": "", "email": ""}
    for pasted in (IBAN, PHONE, DESK):
        assert judge(pasted).whose == Whose.NOBODY


def test_on_a_host_of_many_only_the_page_of_the_practice_is_its_own():
    factories.provider(website="https://www.facebook.com/tandartsx")
    factories.provider(website="https://winkel.example/profiel.php?id=12")
    for own in (
        "https://facebook.com/tandartsx",
        "https://www.facebook.com/tandartsx/foto",
        "winkel.example/profiel.php?id=12",
    ):
        assert judge(own).whose == Whose.PRACTICE, own
    for other in (
        "https://www.facebook.com/", "https://facebook.com/tandartsxy", "facebook.com/oplichter",
        "https://facebook.com/tandartsx/../oplichter", "https://facebook.com/tandartsx/%2e%2e/oplichter",
        "https://winkel.example/profiel.php?id=13", "https://winkel.example/",
    ):  # fmt: skip
        assert judge(other).whose == Whose.NOBODY, other


def test_an_agency_is_one_that_our_letters_name_while_it_has_claims_or_may_get_them():
    row = agency(dispute_body_url="https://bureaugeschil.example/")
    of_agency = (row.iban, "030-1234599", "Klachten@incasso.example")
    Agency.objects.update(phone="+31301234599")
    assert [judge(one).whose for one in of_agency] == [Whose.AGENCY] * 3
    assert judge("https://bureaugeschil.example/klacht").whose == Whose.NAMED
    Agency.objects.update(is_active=False)
    assert {judge(one).whose for one in of_agency} == {Whose.NOBODY}
