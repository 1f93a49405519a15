"""The bytes of a mail, read back by Python's own parser, which shares no code with the writer."""

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import OutboxMessage
from billing.outbox import mime

MAX_OF_A_LINE = 78  # what RFC 5322 recommends; above 998 is forbidden

# Any text: no lone surrogates, which are not characters.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\x85"), max_size=200)


def mail(**fields: str) -> bytes:
    like = {
        "recipient": "j@post.example",
        "subject": "Uw rekening",
        "text": "Goedendag,\n\nDank u.\n",
        "html": "<p>Goedendag</p>\n",
        "calendar": "",
        "message_id": "<abc@zorg.example>",
        "language": "nl",
    }
    return mime.mail_of(OutboxMessage(**like | fields))


def read(composed: bytes) -> EmailMessage:
    return email.message_from_bytes(composed, policy=email.policy.default)


def content(part: EmailMessage) -> str:
    """Return the text as given, with normalised line breaks."""
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def broken_alike(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(text=WORDS.filter(bool), html=WORDS, calendar=WORDS)
def test_whatever_is_written_is_read_again(text, html, calendar):
    composed = mail(text=text, html=html, calendar=calendar)
    found = read(composed)
    assert found.defects == []
    parts = [part for part in found.walk() if not part.is_multipart()]
    assert [part.defects for part in parts] == [[] for _ in parts]
    expected = [text, html, *([calendar] if calendar else [])]
    assert [content(part) for part in parts] == [broken_alike(one) for one in expected]
    lines = composed.split(b"\r\n")
    assert composed.isascii()
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= MAX_OF_A_LINE


@given(subject=ONE_LINE)
def test_a_subject_is_one_header_of_short_lines(subject):
    composed = mail(subject=subject)
    assert composed.isascii()
    found = read(composed)
    assert found.keys() == read(mail()).keys()
    if subject.isascii():
        assert found["Subject"].split() == subject.split()
    else:
        assert found["Subject"].strip() == subject.strip()
    assert without_words(composed) == [] or not subject.strip()


def without_words(composed: bytes) -> list[bytes]:
    """Return the lines of a mail's head in which nothing stands, or only the name of a header."""
    lines = composed.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line for line in lines if not line.strip() or re.fullmatch(rb"[A-Za-z-]+: *", line)]


@pytest.mark.parametrize(
    "subject",
    ["Uw rekening van Tandartsenpraktijk-De-Zonnebloemstraat-in-’s-Hertogenbosch staat stil", "é" * 200, "x" * 200,
     "Uw rekening – " + "y" * 90, "Betaal uiterlijk op 12 december 2026: rekening van Centrum voor Mondzorg"],
)  # fmt: skip
def test_a_long_subject_begins_in_the_line_of_its_name(subject):
    composed = mail(subject=subject)
    assert without_words(composed) == []
    first, *more = (line for line in composed.split(b"\r\n") if line.startswith((b"Subject", b" ")))
    assert len(first) <= MAX_OF_A_LINE or subject == "x" * 200, "a word in ASCII can't be folded"
    assert max(map(len, more), default=0) <= MAX_OF_A_LINE
    assert read(composed)["Subject"] == subject


def test_a_long_address_begins_in_the_line_of_its_name():
    address = f"{'a' * 64}@{'b' * 60}.example"
    composed = mail(recipient=address)
    assert without_words(composed) == []
    assert f"\r\nTo: {address}\r\n".encode() in composed


@pytest.mark.parametrize(
    "text", ["--=_inner", "--=_inner--\n--=_outer", ".\n..", "=_inner", "From ik\n", " \t", "x" * 999]
)
def test_text_that_looks_like_a_mark_stays_text(text):
    found = read(mail(text=text, html=text, calendar=text))
    assert [content(part) for part in found.walk() if not part.is_multipart()] == [text] * 3


def test_the_shape_of_a_mail():
    plain = read(mail())
    assert [part.get_content_type() for part in plain.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    dated = read(mail(calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"))
    assert [part.get_content_type() for part in dated.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    *_, file = dated.walk()
    assert (file.get_content_disposition(), file.get_filename()) == ("attachment", "zorgrekening.ics")
    assert (dated["MIME-Version"], dated["Date"].datetime is not None) == ("1.0", True)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("rekening@zorg.example", "rekening@zorg.example"),
        ('"Zorg, rekening" <rekening@zorg.example>', '"Zorg, rekening" <rekening@zorg.example>'),
        ("Zorgrekening Één <rekening@zórg.example>", "Zorgrekening Één <rekening@xn--zrg-gna.example>"),
    ],
)
def test_a_sender_with_a_name(sender, expected, settings):
    settings.DEFAULT_FROM_EMAIL = sender
    assert str(read(mail())["From"]) == expected


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_no_sender_can_add_a_header(end, settings):
    settings.DEFAULT_FROM_EMAIL = f"rekening@zorg.example{end}Bcc: b@x.nl"
    with pytest.raises(ValueError, match="newline"):
        mail()


@pytest.mark.parametrize("field", ["recipient", "subject", "message_id", "language"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_no_value_can_add_a_header(field, end):
    with pytest.raises(ValueError, match=r"newline|not one address"):
        mail(**{field: f"rekening@zorg.example{end}Bcc: b@x.nl"})


@pytest.mark.parametrize("recipient", ["ſ@post.example", "jé@post.example"])
def test_an_address_that_no_server_understands_is_no_mail(recipient):
    with pytest.raises(ValueError, match="not one address"):
        mail(recipient=recipient)
