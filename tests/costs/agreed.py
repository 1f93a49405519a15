"""What everything may cost: queries, bytes, bytes after compression. `measuring.py` says how it is counted.

The queries are exact and the bytes have a slack of 3 %, upwards and downwards: what became cheaper is to stay so. Who
means a change writes the line that the failed test gives in place of the one here, and says why in the commit.
"""

from tests.costs.measuring import Cost

GUEST = {
    "front page": Cost(1, 6373, 2453),
    "lookup": Cost(6),  # limits, search, a first try, new session, and a transaction
    "invoice page": Cost(2, 11314, 3814),  # the session and the invoice
    "invoice page, paid": Cost(3, 8330, 2959),
    "invoice page, in instalments": Cost(4, 11766, 3864),
    "invoice page, on hold": Cost(2, 8169, 2953),
    "page for more time": Cost(12, 7496, 2686),
    "page for instalments": Cost(12, 9304, 3143),
    "page of a complaint": Cost(3, 9320, 3141),
    "page of the steps": Cost(12, 8379, 3047),
    "help about an invoice": Cost(2, 7717, 2747),
    "help": Cost(1, 6268, 2433),
    "several invoices together": Cost(2, 7581, 2671),
    "payment started": Cost(18),
    "page to the bank": Cost(3, 5371, 2212),
    "page after a payment": Cost(27, 5159, 2104),  # asks the gateway, books, and queues the receipt
    "statement of account": Cost(11, 6613, 2416),
}
DESK = {
    "start page of the desk": Cost(20, 10855, 3332),
    "list of invoices": Cost(8, 27553, 4663),
    "list of patients": Cost(12, 17528, 3638),
    "invoice at the desk": Cost(21, 19362, 4577),
    "patient at the desk": Cost(27, 13650, 3763),
    "search of the desk": Cost(6),
    "what the search found": Cost(11, 15455, 3165),
    "list of invoices for a program": Cost(6, 7226, 536),
}
# Many rows are one or more INSERTs on SQLite, and on PostgreSQL a lock, their keys and a COPY (ADR 0097). The bytes are
# those of one mail.
WORKS = {
    "100 invoices imported": Cost(37, on_postgresql=42),
    "100 announcements made": Cost(40, on_postgresql=44),
    "10 announcements sent": Cost(44, 8762, 2999),
    "100 reminders planned": Cost(6),
    "100 lines of a bank statement stored": Cost(28, on_postgresql=29),
    "100 transfers matched": Cost(42, on_postgresql=51),
    "10 receipts sent": Cost(28, 6040, 2222),
    "10 payouts proposed": Cost(27),
}
