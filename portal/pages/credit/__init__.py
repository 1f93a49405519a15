"""The page of credit."""
