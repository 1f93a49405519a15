"""The assistant: fixed answers, from the state of an invoice and from a curated FAQ. Nothing is generated."""
