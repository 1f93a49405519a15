"""A small sample of what docs/reading.md measures: papers with text, through the isolated process."""

import pytest

from tests.coulance.specimens import layouts, reading

SAMPLE = ("table of treatments", "broken headings", "sentences", "a row for each bill", "premium set off")
TRAPS = ("each line twice", "of somebody else", "own contribution in a column", "a digit was changed")
MORE_TRAPS = ("an empty column", "the deductible charged apart", "the deductible of an earlier bill")


@pytest.mark.parametrize("name", SAMPLE)
def test_a_paper_is_read_right(name):
    layout = next(layout for layout in layouts("worked_on") if layout.name == name)
    outcome = reading.outcome(layout, 1, "text")
    assert outcome.verdict == "right", outcome.reasons
    assert outcome.reading.confidence >= 0.5
    fields = {mark.field for mark in outcome.reading.marks}
    assert fields & {"granted", "paid_out"}
    assert all(0 <= mark.place[0] < mark.place[2] <= 1000 for mark in outcome.reading.marks)


@pytest.mark.parametrize("name", TRAPS + MORE_TRAPS)
def test_nothing_is_proposed_from_a_trap(name):
    layout = next(layout for layout in (*layouts("traps"), *layouts("more_traps")) if layout.name == name)
    outcome = reading.outcome(layout, 1, "text")
    assert outcome.verdict == "abstained"
    assert outcome.reasons


CLOSER = ("nothing_wrong", "approval", "basic_only", "basic_only_in_head", "letter_and_table", "one_still_open")


@pytest.mark.parametrize("name", CLOSER)
def test_one_thing_makes_a_trap_of_a_good_paper(name):
    layout = next(layout for layout in layouts("third_traps_closer") if layout.name == name)
    seen = [reading.outcome(layout, seed, "text").verdict for seed in (0, 1)]
    assert seen == (["abstained"] * 2 if layout.trap else ["right"] * 2)
