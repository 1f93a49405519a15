"""The tables of /beheer/, every one on the base that keeps providers apart."""

from billing.admin import events, invoices, messages, parties, payments  # noqa: F401  registers the tables
