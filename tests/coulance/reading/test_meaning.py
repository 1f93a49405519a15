"""The sums decide what labels mean; what contradicts one of them is no answer."""

import pytest

from coulance.reading import headings, meaning
from coulance.reading.language import insurers, labels
from coulance.reading.meaning import Fact


def facts(**said):
    """Facts by the letters of what their label can mean."""
    return [Fact(letters, frozenset(letters), cents) for letters, cents in said.items()]


def sums(found):
    return [answer.sums for answer in found]


def test_the_sums_choose_the_meaning():
    found = meaning.answers(facts(GP=16316, E=10000, N=5438), 21754)
    assert sums(found) == [(16316, 10000, 6316)]
    assert found[0].closed == 1


def test_vergoed_can_be_what_was_paid_out():
    assert sums(meaning.answers(facts(GP=6316, E=10000, NS=15438), 21754)) == [(16316, 10000, 6316)]


def test_without_a_sum_both_meanings_stand():
    assert len(meaning.answers(facts(GP=10000, E=2000), 21754)) == 2


def test_a_set_off_premium_is_no_lower_grant():
    found = meaning.answers(facts(GP=16316, E=10000, O=2000, PR=4316), 21754)
    assert sums(found) == [(16316, 10000, 6316)]


def test_no_answer_contradicts_an_amount():
    assert not meaning.answers(facts(GP=16316, E=10000, N=5438, PR=6416), 21754)


def test_one_changed_amount_is_never_another_answer():
    said = {"G": 16316, "E": 10000, "N": 5438, "P": 6316}
    for name in said:
        for by in (-900, -1, 1, 100, 1000):
            assert not meaning.answers(facts(**(said | {name: said[name] + by})), 21754)


def test_a_line_that_does_not_close_refuses_the_whole():
    whole, line = facts(D=21754, G=16316, E=0, P=16316), facts(D=100, G=75, E=10, P=75)
    assert sums(meaning.answers(whole, 21754)) == [(16316, 0, 16316)]
    assert not meaning.answers(whole, 21754, [line])


def test_parts_of_a_grant_are_added_up():
    assert sums(meaning.answers(facts(a=10000, b=6316, E=0, N=5438), 21754)) == [(16316, 0, 16316)]


def test_that_all_of_a_grant_was_transferred_proves_no_deductible():
    """The deductible may be charged apart: then what is paid out is not what is granted less the deductible."""
    found = meaning.answers(facts(GP=14043, PR=14043, E=10000), 32437)
    assert not any(answer.closed for answer in found)


def test_a_list_from_what_was_declared_to_what_was_paid_is_a_sum():
    (answer,) = meaning.answers(facts(D=15153, E=10000, P=5153), 15153)
    assert (answer.sums, answer.closed) == ((15153, 10000, 5153), 1)
    assert not any(answer.closed for answer in meaning.answers(facts(D=15153, E=10000, P=5000), 15153))


def test_in_a_table_it_is_none_for_its_headings_may_be_those_of_other_columns():
    line = facts(D=15153, E=10000, P=5153)
    assert not any(answer.closed for answer in meaning.answers(line, 15153, [line]))


@pytest.mark.parametrize("label", ["vorige nota", "een eerdere factuur", "andere declaratie", "betaald vorige"])
def test_the_deductible_of_another_bill_is_set_off(label):
    assert labels.meanings(f"Eigen risico {label}") == {"O"}
    found = meaning.answers(facts(D=20000, G=20000, O=6000, R=14000), 20000)
    assert all(answer.deductible == 0 for answer in found)


def test_more_ways_to_deal_headings_than_are_tried_are_not_all():
    assert headings._ways([[0, 1], [1, 2]]) == ([(0, 1), (0, 2), (1, 2)], True)
    assert not headings._ways([range(n * 20, n * 20 + 20) for n in range(3)])[1]


def test_the_longest_name_of_an_insurer_counts():
    assert insurers.on_paper(["CZ direct"]) == "CZdirect"
    assert insurers.on_paper(["Just by CZ"]) == "Just"
    assert insurers.on_paper(["CZ", "Menzis"]) == ""
