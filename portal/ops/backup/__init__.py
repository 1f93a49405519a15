"""A backup in one encrypted file: made while the product works, put back into an empty place, proven afterwards."""
