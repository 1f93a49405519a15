"""Files in other formats than ours, read as a batch, so that one set of rules says what is right.

The citizen number (BSN) is dropped while reading: it is in nothing that these functions return.
"""
