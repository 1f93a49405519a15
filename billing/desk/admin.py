"""The registration of billing's tables on the staff site."""

from billing.desk import events, invoices, messages, parties, payments  # noqa: F401  registers them
from billing.desk.books import postings  # noqa: F401
from billing.desk.people import patients  # noqa: F401
