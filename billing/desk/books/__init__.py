"""What staff see of the ledger: its table, and the figures that add up to it."""
