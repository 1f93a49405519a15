"""Finding payment references where Dutch banks put them, however they are cut, padded, grouped or mistyped."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.matching.references import Place, Slip, meant_by, written_in
from billing.invoices.references import check_digit, reference_is_valid

KNOWN = "7777444422220000"
BODY = "123412341234123"
OURS = check_digit(BODY) + BODY
references = st.text("0123456789", min_size=15, max_size=15).map(lambda body: check_digit(body) + body)


def exact(text: str, place: Place = Place.REMITTANCE) -> set[str]:
    return set(written_in([(place, text)]).exact)


def spaced(separator: str, reference: str = OURS) -> str:
    return separator.join(reference[start : start + 4] for start in range(0, 16, 4))


@pytest.mark.parametrize(
    "text",
    [
        OURS,
        spaced(" "),
        spaced("."),
        spaced("-"),
        spaced("\u00ad"),
        spaced("\u00a0"),
        spaced(" - "),
        spaced("\n"),
        " ".join(OURS),
        f"BETALINGSKENM.  {OURS}",
        f"/REMI/STRD/CUR/{OURS}/",
        f"/REMI//CDTRREFTP//CD/SC\nOR/ISSR/CUR/CDTRREF/{OURS}",
        f"ISSUER: CUR                  REF: {OURS[:4]}\n{OURS[4:]}",
        f"NACC0002445588//{OURS}",
        f"NTRF{OURS}",
        f"KENMERK{OURS}EUR",
        f"{OURS:0>35}",
        f"{OURS:0>20}",
        f"factuur 2026 {spaced(' ')} dank u",
        f"{spaced(' ')} 2026",
        f"28-11-2026 {spaced(' ')} 28-11-2026",
        f"nota 2026-00901/{OURS}",
        f"{OURS[:9]}    \n   {OURS[9:]}",
    ],
)
def test_an_exact_reference_is_found(text: str):
    assert exact(text) == {OURS}


def test_where_it_stood_is_the_first_place_in_our_order():
    texts = [(Place.ADDITIONAL, f"/REMI/{OURS}"), (Place.REMITTANCE, OURS), (Place.STRUCTURED, OURS)]
    assert written_in(texts).exact == {OURS: Place.STRUCTURED}


def test_two_references_are_both_found():
    other = check_digit("987654321098765") + "987654321098765"
    assert exact(f"{spaced(' ')} en {spaced(' ', other)}") == {OURS, other}
    assert exact(f"{OURS} {other}") >= {OURS, other}


@pytest.mark.parametrize("text", ["", "tandarts implantaat", "0612345678", "NL91ABNA0417164300", "2026-00901"])
def test_nothing_is_found_where_nothing_stands(text: str):
    found = written_in([(Place.REMITTANCE, text)])
    assert (found.exact, found.meant()) == ({}, {})


@pytest.mark.parametrize(
    ("written", "slip"),
    [
        (OURS[:7] + str((int(OURS[7]) + 1) % 10) + OURS[8:], Slip.DIGIT),
        (OURS[:4] + OURS[5] + OURS[4] + OURS[6:], Slip.SWAPPED),
        (OURS[:6] + OURS[7:], Slip.MISSING),
        (OURS[:6] + "0" + OURS[6:], Slip.EXTRA),
        (OURS[:14], Slip.CUT),
        (OURS[:13], Slip.CUT),
        (OURS[3:], Slip.CUT),
        ("2026" + OURS, Slip.STUCK),
        (OURS.replace("1", "l"), Slip.LETTER),
        (f"nr {spaced(' ').replace('2', 'Z')} van", Slip.LETTER),
    ],
)
def test_a_slip_is_no_exact_reference_but_may_have_meant_it(written: str, slip: Slip):
    found = written_in([(Place.REMITTANCE, f"rekening {written}")])
    assert OURS not in found.exact
    assert found.meant()[OURS] == slip


def test_few_references_fit_a_slip():
    """About 1 in 11 of the variants is valid, so that a number nearly right means few references."""
    wrong = OURS[:7] + str((int(OURS[7]) + 1) % 10) + OURS[8:]
    assert 5 <= len(list(meant_by(wrong))) <= 25
    assert all(reference_is_valid(meant) for meant, _slip in meant_by(wrong))


def test_a_stranger_cannot_make_it_slow():
    """A text of digits alone is looked at once, and only few of its numbers for slips."""
    found = written_in([(Place.REMITTANCE, "1 2 3 4 5 6 7 8 9 0 " * 500)])
    assert len(found.doubtful) <= 8


@given(
    reference=references,
    separator=st.sampled_from(["", " ", ".", "-", "\n", " \n", "\u00ad", "\u00a0"]),
    width=st.integers(1, 16),
    before=st.text(string.ascii_letters + " :,", max_size=40),
    after=st.text(string.ascii_letters + " :,", max_size=40),
    cut=st.integers(0, 60),
    pad=st.sampled_from(["", "    "]),
)
def test_a_reference_survives_every_cut_padding_and_separator(
    reference: str, separator: str, width: int, before: str, after: str, cut: int, pad: str
):
    grouped = separator.join(reference[start : start + width] for start in range(0, 16, width))
    text = f"{before}{grouped}{after}"
    text = f"{text[:cut]}{pad}\n{text[cut:]}" if cut < len(text) else text
    assert reference in exact(text)


@given(reference=references, number=st.text("0123456789 .-/ab\n", max_size=60))
def test_what_is_exact_is_always_valid(reference: str, number: str):
    found = written_in([(Place.REMITTANCE, number + reference[:8]), (Place.END_TO_END, reference[8:] + number)])
    assert all(reference_is_valid(written) for written in found.exact)
