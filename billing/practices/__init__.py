"""A practice as our customer: which house rules it may choose, what it changes, its first day."""
