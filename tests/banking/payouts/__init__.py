"""Payouts to practices."""
