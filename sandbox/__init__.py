"""Stand-in servers for development and tests: a payment gateway with a bank page, a mailbox, an SMS service.

They speak the contracts of the real ones, so the product's own clients talk to them unchanged. This room imports
nothing of the product and is mounted only when the setting SANDBOX is on.
"""
