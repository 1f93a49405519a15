"""The payment reference against published examples, and what its check digit can and can't notice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices import references
from billing.invoices.references import check_digit, new_reference, new_references, reference_is_valid
from billing.models import Invoice
from tests import factories

PUBLISHED = [
    "5000056789012345",  # Betaalvereniging Nederland
    "12234534622567",  # Betaalvereniging Nederland, 14 digits
    # Tax references of the Belastingdienst
    "5010002167010010",
    "3010002167042021",
    "0001041146910100",
    "9001041146812501",
    "2017166777600001",
    "0017166778854231",
    "8049244482480005",
    # Computed by hand from the published rule
    "82202600000017",
    "42000000000001",
    "1202600000000017",
    "9000000000000001",
]


@pytest.mark.parametrize("reference", PUBLISHED)
def test_published_references_are_valid(reference):
    assert reference_is_valid(reference)


def remainder(reference):
    """Return the weighted sum of all digits after the check digit, modulo 11."""
    weights = [2, 4, 8, 5, 10, 9, 7, 3, 6, 1]
    return sum(int(digit) * weights[i % 10] for i, digit in enumerate(reference[:0:-1])) % 11


@pytest.mark.parametrize("reference", PUBLISHED)
def test_every_change_of_one_digit_is_noticed_but_where_the_check_digit_is_1(reference):
    """Check digit 1 stands for two remainders (1 and 10), so a change from one to the other is not detected."""
    for place in range(len(reference)):
        for digit in "0123456789":
            if digit == reference[place]:
                continue
            changed = reference[:place] + digit + reference[place + 1 :]
            if reference_is_valid(changed):
                assert place > 0
                assert changed[0] == reference[0] == "1"
                assert {remainder(changed), remainder(reference)} == {1, 10}


@given(st.text(alphabet="0123456789", min_size=15, max_size=15))
def test_one_digit_in_ten_fits_in_front(body):
    assert [digit for digit in "0123456789" if reference_is_valid(digit + body)] == [check_digit(body)]


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "5",
        "5000 0567 8901 2345",  # what a person types is tidied up before
        "500005678901234",  # 15
        "50000567890123450",  # 17
        "5000056789012346",
        "5000056789O12345",
        "-500005678901234",
        "٥٠٠٠٠٥٦٧٨٩٠١٢٣٤٥",
        "5000056789012345\n",
        "13234534622567",  # the length digit does not fit
        "NL91ABNA0417164300",
    ],
)
def test_what_is_no_reference(reference):
    assert not reference_is_valid(reference)


def test_new_references_are_valid_random_and_never_the_same():
    drawn = [new_reference() for _ in range(5000)]
    assert len(set(drawn)) == 5000
    assert all(len(reference) == 16 and reference_is_valid(reference) for reference in drawn)
    assert (
        min(sum(reference[place] == digit for reference in drawn) for place in range(1, 16) for digit in "0123456789")
        > 350
    )


@pytest.mark.django_db
def test_a_reference_that_is_taken_is_drawn_again(monkeypatch):
    taken, twice, other = factories.invoice().payment_reference, new_reference(), new_reference()
    draws = iter([taken, twice, twice, other])
    monkeypatch.setattr(references, "new_reference", lambda: next(draws))
    assert set(new_references(2)) == {twice, other}
    assert Invoice.objects.filter(payment_reference=taken).count() == 1
