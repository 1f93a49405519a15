"""Proof that the judge of transfers and orders can say no, on an account that was made by hand."""

from datetime import date

import pytest

from tests.faults import transfers
from tests.faults.patient import Bill
from tests.faults.transfers import Transfers

DAY, LATER = date(2027, 1, 4), date(2027, 1, 5)
BILLS = [Bill("F-1", 60_00, "f1@post.example", "1111222233334444"), Bill("F-2", 40_00, "f2@post.example", "5" * 16)]


def an_account():
    """Two invoices were paid, one of them too much; that went back, and so did money which nobody named."""
    moved = [
        (DAY, 60_00, "1111 2222 3333 4444", "", False),
        (DAY, 55_00, "5" * 16, "", False),
        (DAY, 12_34, "tandarts, bedankt", "", False),
        (LATER, -15_00, "Terugbetaling", "ZRcredit", False),
        (LATER, -12_34, "Terugbetaling", "ZRfirst", False),
        (LATER, 12_34, "Terugbetaling", "ZRfirst", True),
        (LATER, -12_34, "Terugbetaling", "ZRagain", False),
    ]
    return Transfers(
        moved=moved,
        lines=[row[:2] for row in moved],
        orders=[
            ("ZRcredit", 15_00, "debited", "credit", "credit:1"),
            ("ZRfirst", 12_34, "returned", "return", "bank_line:3"),
            ("ZRagain", 12_34, "debited", "return", "bank_line:3"),
            ("ZRwaits", 9_99, "exported", "payout", "payout:1"),
        ],
        entries=[
            ("F-1", "payment", "bank:a", -60_00),
            ("F-2", "payment", "bank:b", -55_00),
            ("F-2", "refund", "order:ZRcredit", 15_00),
            ("F-1", "payment", "tr_1", -1_00),  # not of the account
        ],
    )


def transfer_lost(there):
    there.lines.remove((DAY, 60_00))


def statement_read_twice(there):
    there.lines *= 2


def line_with_another_amount(there):
    there.lines[1] = (DAY, 55_01)


def line_of_another_day(there):
    there.lines[1] = (LATER, 55_00)


def not_booked(there):
    del there.entries[0]


def booked_twice(there):
    there.entries.append(there.entries[0])


def booked_on_the_other_invoice(there):
    there.entries[0] = ("F-2", "payment", "bank:a", -60_00)


def amounts_of_two_exchanged(there):
    there.entries[:2] = [("F-1", "payment", "bank:a", -55_00), ("F-2", "payment", "bank:b", -60_00)]


def divided_over_both(there):
    there.entries[1:2] = [("F-2", "payment", "bank:b", -40_00), ("F-1", "payment", "bank:b/1", -15_00)]


def words_taken_for_a_reference(there):
    there.entries.append(("F-1", "payment", "bank:c", -12_34))


def paid_twice_by_the_bank(there):
    there.moved.append(there.moved[3])
    there.lines.append(there.moved[3][:2])


def two_orders_for_one_credit(there):
    there.moved.append((LATER, -15_00, "Terugbetaling", "ZRother", False))
    there.lines.append((LATER, -15_00))
    there.orders.append(("ZRother", 15_00, "debited", "credit", "credit:1"))
    there.entries.append(("F-2", "refund", "order:ZRother", 15_00))


def paid_and_we_think_it_waits(there):
    there.orders[0] = ("ZRcredit", 15_00, "exported", "credit", "credit:1")


def called_paid_and_never_was(there):
    there.orders[3] = ("ZRwaits", 9_99, "debited", "payout", "payout:1")


def came_back_and_we_do_not_know(there):
    there.orders[1] = ("ZRfirst", 12_34, "debited", "return", "bank_line:3")


def another_amount_than_was_agreed(there):
    there.orders[2] = ("ZRagain", 12_35, "debited", "return", "bank_line:3")


def paid_and_unknown_to_us(there):
    del there.orders[2]


def credit_still_on_its_invoice(there):
    del there.entries[2]


def credit_left_twice(there):
    there.entries.append(there.entries[2])


def said(there):
    return list(transfers.judge(there, BILLS))


@pytest.mark.parametrize(
    "lie",
    [
        transfer_lost, statement_read_twice, line_with_another_amount, line_of_another_day, not_booked, booked_twice,
        booked_on_the_other_invoice, amounts_of_two_exchanged, divided_over_both, words_taken_for_a_reference,
        paid_twice_by_the_bank, two_orders_for_one_credit, paid_and_we_think_it_waits, called_paid_and_never_was,
        came_back_and_we_do_not_know, another_amount_than_was_agreed, paid_and_unknown_to_us,
        credit_still_on_its_invoice, credit_left_twice,
    ],
)  # fmt: skip
def test_the_judge_of_the_account_finds(lie):
    there = an_account()
    assert said(there) == []
    lie(there)
    assert said(there) != []


def test_what_the_bank_moved_is_counted():
    assert an_account().counted() == {"transfers": 3, "orders paid": 3, "orders that came back": 1}
