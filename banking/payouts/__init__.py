"""Payouts to practices: what is due to each, firm money only, and a statement in which every movement stands once."""
