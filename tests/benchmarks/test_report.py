"""The arithmetic of the benchmarks: what is compared with what, and which way round."""

import json

import pytest

from tests.benchmarks import report


def test_the_ratio_says_how_near_ours_is_to_the_limit():
    assert report.median_ratio(ours=[2.0], limit=[1.0]) == 0.5  # twice the cost: half as fast
    assert report.median_ratio(ours=[1.0], limit=[2.0]) == 2.0


def test_only_what_was_measured_in_one_round_is_compared():
    """The machine became ten times slower half way: each pair still says 0.8, the medians of all would not."""
    limit = [0.8, 0.8, 8.0, 8.0, 8.0]
    ours = [1.0, 1.0, 1.0 * 10, 10.0, 10.0]
    assert report.median_ratio(ours, limit) == pytest.approx(0.8)
    shifted = [1.0, 1.0, 10.0], [0.5, 8.0, 5.0]  # one bad moment of the limit is one pair only
    assert report.median_ratio(*shifted) == pytest.approx(0.5)


def test_rounds_without_a_partner_are_an_error():
    with pytest.raises(ValueError, match="argument"):
        report.median_ratio([1.0, 2.0], [1.0])


def test_sides_take_turns_after_a_round_that_warms_up():
    calls: list[str] = []

    def side(name):
        return lambda: calls.append(name) or len(calls)

    found = report.interleaved({"ours": side("ours"), "limit": side("limit")}, rounds=2)
    assert calls == ["limit", "ours", "ours", "limit", "limit", "ours"]
    assert found == {"ours": [3, 6], "limit": [4, 5]}


def test_a_row_of_rates_and_a_row_of_costs():
    rate = report.rates("import", "invoices", 1000, ours=[0.5, 0.4], limit=[0.25, 0.2], limit_is="less", target=0.3)
    assert (rate.unit, rate.ours, rate.limit, rate.ratio) == ("invoices/s", 2220, 4440, 0.5)
    cost = report.costs("page", "request", 100, ours=[0.4], limit=[0.2], limit_is="bare", queries=10)
    assert (cost.unit, cost.ours, cost.limit, cost.ratio) == ("CPU ms/request", 4.0, 2.0, 0.5)
    assert cost.more == {"queries": 10}


def test_the_processor_time_is_not_the_time_on_the_clock():
    import time

    cost = report.cost_of(lambda: time.sleep(0.05))
    assert cost.seconds >= 0.05 > cost.cpu
    assert report.clock({"ours": [report.Cost(2.0, 1.0)]}) == {"ours": [2.0]}
    assert report.processor({"ours": [report.Cost(2.0, 1.0)]}) == {"ours": [1.0]}


def test_the_result_is_one_json_object(capsys):
    row = report.rates("import", "invoices", 10, ours=[1.0], limit=[1.0], limit_is="the same")
    report.publish("import", database="sqlite", rounds=1, rows=[row])
    read = json.loads(capsys.readouterr().out)
    assert read["name"] == "import"
    assert read["rows"][0]["ratio"] == 1.0
    assert read["rows"][0]["target"] is None


def test_five_rounds_unless_quick_or_asked():
    assert report.options([]).rounds == 5
    assert report.options(["--quick"]) == report.Options(rounds=3, quick=True)
    assert report.options(["--rounds", "9"]).rounds == 9
