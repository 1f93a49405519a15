"""A short simulation of the whole, and proof that its judge can say no."""

import copy
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults import model, simulation
from tests.faults.site import ground
from tests.faults.world import Mail, World

DATABASE = "postgresql" if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else "sqlite"
pytestmark = [
    pytest.mark.both_databases,
    *([pytest.mark.long] if DATABASE == "sqlite" else []),  # the short run walks them where production does
]


@pytest.fixture(scope="module")
def stood():
    """What batches stand on. Not in pytest's own folder: PostgreSQL runs under an account that may not enter there."""
    with tempfile.TemporaryDirectory(prefix="zorgrekening-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with ground(folder, DATABASE) as (template, servers):
            yield {"folder": folder, "template": template, "servers": servers}


def walked(stood, seeds, **more):
    return simulation.run_batch(seeds, **stood | {"folder": Path(stood["folder"], f"{seeds[0]}-{seeds[-1]}")}, **more)


@pytest.fixture(scope="module")
def outcome(stood, pytestconfig):
    long = pytestconfig.getoption("--long")
    leaps = simulation.SETTLE if long else [*simulation.SETTLE[:4], simulation.SETTLE[-1]]
    return walked(stood, range(1, 11 if long else 4), acts=4, faults=8 if long else 5, leaps=leaps)


def test_nothing_is_lost_or_doubled_while_parts_are_killed(outcome):
    assert outcome.problems == []
    assert outcome.kills.total() + outcome.stops.total() >= 1
    assert outcome.counts["paid"] >= len(outcome.seeds) // 2
    assert outcome.counts["mails arrived"] >= len(outcome.seeds)
    assert outcome.counts["files sent"] >= 1


def first_paid(world):
    return next(row for row in world.bank_payments if row[3] == "paid")


def never_booked(world):
    world.entries.remove(next(row for row in world.entries if row[2] == first_paid(world)[0]))


def booked_twice(world):
    world.entries.append(next(row for row in world.entries if row[2] == first_paid(world)[0]))


def a_cent_too_much(world):
    place = world.bank_payments.index(first_paid(world))
    reference, number, cents, status = world.bank_payments[place]
    world.bank_payments[place] = (reference, number, cents + 1, status)


def paid_and_unknown_to_us(world):
    world.bank_payments.append(("tr_nobody", first_paid(world)[1], 100, "paid"))


def booked_and_unknown_to_the_bank(world):
    world.entries.append((first_paid(world)[1], "payment", "tr_nobody", -100, False))


def refunded_and_not_booked(world):
    world.bank_refunds.append(("re_nobody", first_paid(world)[0], 100, "refunded"))


def mail_lost(world):
    world.mails.pop()


def mail_doubled(world):
    world.mails.append(world.mails[-1])


def never_written(world):
    world.messages.remove(next(row for row in world.messages if row[1] == "receipt"))


def in_doubt_and_nobody_asked(world):
    message_id, kind, recipient, _, number, error = world.messages[0]
    world.messages[0] = (message_id, kind, recipient, "in_doubt", number, error)
    world.asked.clear()


def still_waiting(world):
    message_id, kind, recipient, _, number, error = world.messages[0]
    world.messages[0] = (message_id, kind, recipient, "sending", number, error)


def lowered_twice(world):
    number = world.invoices[0]
    world.entries.append((number, "reduction", "twice", -100, False))


def file_lost(world):
    world.files.pop()


def file_doubled(world):
    world.files.append(world.files[-1])


def file_never_checked(world):
    number, digest, _status, _bytes = world.files[-1]
    world.files[-1] = (number, digest, "received", False)


def bytes_of_a_file_lost(world):
    place = next(place for place, row in enumerate(world.files) if row[2] == "clean")
    world.files[place] = (*world.files[place][:3], False)


def provider_never_got_it(world):
    world.at_provider.clear()


@pytest.mark.parametrize(
    "lie",
    [
        never_booked, booked_twice, a_cent_too_much, paid_and_unknown_to_us, booked_and_unknown_to_the_bank,
        refunded_and_not_booked, mail_lost, mail_doubled, never_written, in_doubt_and_nobody_asked,
        still_waiting, lowered_twice, file_lost, file_doubled, file_never_checked, bytes_of_a_file_lost,
        provider_never_got_it,
    ],
)  # fmt: skip
def test_the_judge_finds(outcome, lie):
    world = copy.deepcopy(outcome.world)
    assert list(model.judge(world, outcome.histories)) == []
    lie(world)
    assert list(model.judge(world, outcome.histories)) != []


TWO = {"F-1": 60_00, "F-2": 40_00}


def paid_together():
    """A world in which one payment paid two invoices, and a refund of credit and a chargeback of it went back."""
    return World(
        bank_payments=[("tr_1", "rekeningen", 100_00, "paid"), ("tr_2", "F-3", 20_00, "paid")],
        shared={"tr_1": TWO},
        parts={"tr_2": 20_00},
        bank_refunds=[("re_1", "tr_1", 10_00, "refunded")],
        ours=[("re_1", "token", "F-2")],
        requests=[("token", "F-2", 10_00, "paid_out", "patient")],
        approvals=[("F-1", 300_00, "staff:anna", "staff:bram")],
        costs=[("F-1", 40_00, "2027-01-19", False)],
        mails=[Mail("f-1@post.example", "final", "2027-01-04")],
        bank_chargebacks=[("chb_1", "tr_1", 75_00, False)],
        entries=[
            *((number, "payment", "tr_1", -cents, False) for number, cents in TWO.items()),
            ("F-3", "payment", "tr_2", -20_00, False),
            ("F-2", "refund", "re_1", 10_00, False),
            ("F-1", "chargeback", "chb_1", 45_00, False),
            ("F-2", "chargeback", "chb_1", 30_00, False),
        ],
        messages=[
            ("final", "final_notice", "f-1@post.example", "sent", "F-1", ""),
            *[
                ("", kind, "", "failed", number, "")
                for kind, number in [
                    ("payment_reversed", "F-1"), ("payment_reversed", "F-2"),
                    ("refund_under_way", "F-2"), ("refund_done", "F-2"),
                ]
            ],
        ],
        asked=[("F-1", "message_failed"), *[("F-2", "message_failed")] * 3],
    )  # fmt: skip


def all_on_one(world):
    world.entries[:2] = [("F-1", "payment", "tr_1", -100_00, False)]


def divided_otherwise(world):
    world.entries[:2] = [(number, "payment", "tr_1", -50_00, False) for number in TWO]


def more_back_than_it_got(world):
    world.entries[-2:] = [("F-1", "chargeback", "chb_1", 30_00, False), ("F-2", "chargeback", "chb_1", 45_00, False)]


def back_from_a_stranger(world):
    world.entries[-1] = ("F-3", "chargeback", "chb_1", 30_00, False)


def credit_of_the_other(world):
    world.entries[3] = ("F-1", "refund", "re_1", 10_00, False)


def refunded_twice(world):
    world.bank_refunds.append(("re_2", "tr_1", 10_00, "refunded"))
    world.ours.append(("re_2", "token", "F-2"))
    world.entries.append(("F-2", "refund", "re_2", 10_00, False))
    world.bank_chargebacks[0] = ("chb_1", "tr_1", 65_00, False)
    world.entries[5] = ("F-2", "chargeback", "chb_1", 20_00, False)


def refund_forgotten(world):
    world.requests[0] = (*world.requests[0][:3], "unknown", "patient")


def refund_called_paid_and_never_sent(world):
    world.ours.clear()


def costs_before_the_letter_ran_out(world):
    world.costs[0] = ("F-1", 40_00, "2027-01-15", False)


def costs_without_a_letter(world):
    world.costs.append(("F-2", 40_00, "2027-02-01", False))


def costs_twice(world):
    world.costs.append(world.costs[0])


def one_person_approved_much(world):
    world.approvals[0] = ("F-1", 300_00, "", "staff:bram")


def the_same_person_approved_twice(world):
    world.approvals[0] = ("F-1", 300_00, "staff:bram", "staff:bram")


def another_part_than_was_typed(world):
    world.parts["tr_2"] = 15_00


def a_mail_stays_behind(world):
    world.messages.append(("", "installment_missed", "", "queued", "F-1", ""))
    world.resting.add("F-2")


def nobody_told(world):
    world.messages.pop()


@pytest.mark.parametrize(
    "lie",
    [
        all_on_one, divided_otherwise, more_back_than_it_got, back_from_a_stranger, credit_of_the_other, refunded_twice,
        refund_forgotten, refund_called_paid_and_never_sent, another_part_than_was_typed, nobody_told,
        costs_before_the_letter_ran_out, costs_without_a_letter, costs_twice, one_person_approved_much,
        the_same_person_approved_twice, a_mail_stays_behind,
    ],
)  # fmt: skip
def test_the_judge_knows_payments_of_several_and_credit(lie):
    world = paid_together()
    assert list(model.judge(world, [])) == []
    lie(world)
    assert list(model.judge(world, [])) != []


def test_a_mail_about_a_plan_waits_while_staff_look_at_the_invoice():
    world = paid_together()
    a_mail_stays_behind(world)
    world.resting.add("F-1")
    assert list(model.judge(world, [])) == []


@pytest.mark.long
@pytest.mark.slow_because("a batch of histories is walked, and then as long as it takes until all is quiet")
def test_without_the_lock_mails_arrive_twice_and_it_is_seen(stood):
    outcome = walked(
        stood, range(901, 904), acts=2, faults=0, leaps=simulation.SETTLE[:1],
        worker_app="tests.faults.unlocked", always={"smtp": {"slow_ms": 700}},
    )  # fmt: skip
    # Each worker gave it an id of its own, and the row knows only the last.
    assert [problem for problem in outcome.problems if "a mail that nobody wrote arrived" in problem]
