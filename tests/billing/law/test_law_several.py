"""Allocation between invoices against a calculator written apart, and the figures of a ruling about exactly that."""

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.law.allocation import Bucket, Credit, Debt, Rule, allocate
from billing.money import from_cents

COSTS, INTEREST, PRINCIPAL = Bucket
FIRST = date(2026, 1, 1)
CASES = 20_000


# --- the calculator: plain numbers, nothing of ours ----------------------------------------------


def calculated(debts, credits):
    """What each (credit, invoice, part) got in cents, by articles 6:43 and 6:44 of the civil code, read anew."""
    owed, since, due, got = {}, {}, {}, {}
    purse = {key: cents for key, cents, *_rest in credits}
    for day in sorted({debt[3] for debt in debts} | {credit[2] for credit in credits}):
        for name, part, cents, on, due_on in debts:
            if on == day:
                owed[name, part] = owed.get((name, part), 0) + cents
                since.setdefault(name, on)
                due[name] = due_on
        for key, _cents, on, meant_for in sorted(credits, key=lambda credit: (credit[2], credit[0])):
            if on > day:
                continue
            while purse[key]:
                first = _first_by_law(owed, since, due, day, meant_for)
                if not first:
                    break
                for name, cents in _in_proportion(purse[key], first):
                    purse[key] -= cents
                    for part in ("costs", "interest", "principal"):  # 6:44 lid 1
                        paid = min(cents, owed.get((name, part), 0))
                        if paid:
                            owed[name, part] -= paid
                            cents -= paid
                            got[key, name, part] = got.get((key, name, part), 0) + paid
    return got, {key: cents for key, cents in purse.items() if cents}


def _first_by_law(owed, since, due, day, meant_for):
    """The invoices that are paid next, with what is open on each."""
    open_ = {}
    for (name, _part), cents in owed.items():
        if cents and meant_for in (None, name):
            open_[name] = open_.get(name, 0) + cents

    def rank(name):
        burden = 2 if owed.get((name, "costs")) else 1 if owed.get((name, "interest")) else 0
        return (day < due[name], -burden, since[name])

    best = min(map(rank, open_), default=None)
    return sorted((name, cents) for name, cents in open_.items() if rank(name) == best)


def _in_proportion(money, first):
    whole = sum(cents for _name, cents in first)
    money = min(money, whole)
    exact = {name: Fraction(money * cents, whole) for name, cents in first}
    shares = {name: int(share) for name, share in exact.items()}
    by_rest = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in by_rest[: money - sum(shares.values())]:
        shares[name] += 1
    return shares.items()


# --- random cases --------------------------------------------------------------------------------


def random_case(dice):
    names = "ABCDE"[: dice.randint(2, 5)]
    due = {name: dice.choice((5, 10, 10, 20, 50)) for name in names}
    debts = []
    for name in names:
        day = dice.choice((0, 0, 1, 4))
        debts.append((name, "principal", dice.choice((1, 100, 5000, 5000, dice.randint(1, 90_000))), day, due[name]))
        for part, odds in (("interest", 0.4), ("costs", 0.3), ("principal", 0.1)):
            if dice.random() < odds:
                debts.append((name, part, dice.randint(1, 6000), day + dice.randint(0, 30), due[name]))
    credits = [
        (f"c{n}", dice.choice((1, 5000, dice.randint(1, 60_000))), dice.randint(0, 40),
         dice.choice((None, None, None, *names)))
        for n in range(dice.randint(1, 5))
    ]  # fmt: skip
    return debts, credits


def day(number):
    return FIRST + timedelta(days=number)


def ours(debts, credits):
    result = allocate(
        [Debt(name, Bucket(part), from_cents(cents), day(on), day(due)) for name, part, cents, on, due in debts],
        [Credit(key, from_cents(cents), day(on), meant_for) for key, cents, on, meant_for in credits],
    )
    got = {}
    for row in result.rows:
        place = row.credit, row.obligation, row.bucket.value
        got[place] = got.get(place, 0) + int(row.amount * 100)
    return got, {key: int(amount * 100) for key, amount in result.surplus.items()}


def test_twenty_thousand_random_cases_over_several_invoices_come_out_the_same():
    dice = random.Random(643)
    different = []
    for number in range(CASES):
        debts, credits = random_case(dice)
        if ours(debts, credits) != calculated(debts, credits):
            different.append((number, debts, credits))
    assert different == []


# --- the ruling ----------------------------------------------------------------------------------
#
# Dispute body for health insurance, Zeist, 18 May 2026: somebody paid months ahead, each time saying for which month;
# the insurer booked that on other months, and an arrear was handed over to an agency. Its slips, which change nothing
# here: 4.2 says that EUR 556.75 was handed over and 6.4 says EUR 598.90, and neither is a sum of the open claims; 6.2
# dates the overview 16 February 2025 where 6.3 and the facts say 2026. What the payments came to is not said: taken
# here as the monthly premium of EUR 199.85.

PREMIUM = Decimal("199.85")
ARREARS = {
    "2025-09": Decimal("43.65"),
    "2025-10": Decimal("157.70"),
    "2025-11": Decimal("199.85"),
    "2025-12": Decimal("199.85"),
    "deductible": Decimal("75.00"),
}
STOOD_ON = date(2026, 2, 16)
SAID = {
    date(2025, 6, 14): "2025-09",
    date(2025, 7, 15): "2025-10",
    date(2025, 8, 16): "2025-11",
    date(2025, 9, 16): "2025-12",
}


def month(name):
    return date(int(name[:4]), int(name[5:]), 1) if name[0] == "2" else date(2025, 12, 1)


def premiums(names):
    return [Debt(name, PRINCIPAL, PREMIUM, month(name), month(name)) for name in names]


def paid_ahead():
    return [Credit(str(on), PREMIUM, on, name) for on, name in SAID.items()]


def test_the_arrear_of_the_ruling_adds_up():
    assert sum(ARREARS.values()) == Decimal("676.05")
    debts = [Debt(name, PRINCIPAL, amount, month(name), month(name)) for name, amount in ARREARS.items()]
    assert sum(allocate(debts, []).open.values()) == Decimal("676.05")


def test_what_was_paid_ahead_is_not_taken_for_other_months():
    summer = premiums(["2025-06", "2025-07", "2025-08"])
    before = allocate(summer, paid_ahead())
    assert before.rows == (), "the insurer booked it on these; the law does not"
    assert sum(before.surplus.values()) == 4 * PREMIUM, "until it is owed it is the payer's (6:203 BW)"


def test_what_stays_with_the_insurer_pays_what_the_payer_said():
    autumn = premiums(["2025-06", "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12"])
    result = allocate(autumn, paid_ahead())
    assert {row.obligation: row.amount for row in result.rows} == dict.fromkeys(SAID.values(), PREMIUM)
    assert {row.rule for row in result.rows} == {Rule.DESIGNATED}
    assert {name for name, _part in result.open} == {"2025-06", "2025-07", "2025-08"}


def test_without_a_word_the_most_onerous_goes_before_the_oldest():
    debts = [Debt(name, PRINCIPAL, amount, month(name), month(name)) for name, amount in ARREARS.items()]
    handed_over = [Debt("2025-11", COSTS, Decimal("40.00"), date(2026, 1, 20), month("2025-11"))]
    in_default = [Debt("2025-10", INTEREST, Decimal("0.52"), date(2026, 1, 20), month("2025-10"))]
    debts += handed_over + in_default
    result = allocate(debts, [Credit("transfer", Decimal("400.00"), STOOD_ON)])
    assert [(row.obligation, row.bucket, str(row.amount), row.rule) for row in result.rows] == [
        ("2025-11", COSTS, "40.00", Rule.ONEROUS),
        ("2025-11", PRINCIPAL, "199.85", Rule.ONEROUS),
        ("2025-10", INTEREST, "0.52", Rule.ONEROUS),
        ("2025-10", PRINCIPAL, "157.70", Rule.ONEROUS),
        ("2025-09", PRINCIPAL, "1.93", Rule.OLDEST),
    ]
    assert sum(result.open.values()) == Decimal("676.05") + Decimal("40.52") - Decimal("400.00")
