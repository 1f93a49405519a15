"""A short simulation of the whole, and proof that its judge can say no."""

import copy
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults import model, simulation
from tests.faults.site import ground

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
    return walked(stood, range(1, 11 if long else 4), acts=4, faults=8 if long else 5)


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
    world.bank_refunds.append(("re_nobody", first_paid(world)[1], 100, "refunded"))


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


@pytest.mark.long
@pytest.mark.slow_because("a batch of histories is walked, and then as long as it takes until all is quiet")
def test_without_the_lock_mails_arrive_twice_and_it_is_seen(stood):
    outcome = walked(
        stood, range(901, 904), acts=2, faults=0, leaps=simulation.SETTLE[:1],
        worker_app="tests.faults.unlocked", always={"smtp": {"slow_ms": 700}},
    )  # fmt: skip
    # Each worker gave it an id of its own, and the row knows only the last.
    assert [problem for problem in outcome.problems if "a mail that nobody wrote arrived" in problem]
