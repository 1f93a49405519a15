"""The law as pure functions on dated data: what may be charged, from which day, and in which order money counts.

Nothing here reads the database, the clock or a setting; dates and amounts come in as arguments. Every rate and date
stands in a table with its source, so that a change of the law is a row and not a rewrite.
"""
