"""A backup in one encrypted file: made while the product runs, restored into an empty place, verified afterwards."""
