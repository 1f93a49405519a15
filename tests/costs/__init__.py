"""What pages and works may cost, held by number: queries, and bytes before and after compression.

`agreed.py` says what each may cost. A time says little on a busy machine, and these say the same on any.
"""
