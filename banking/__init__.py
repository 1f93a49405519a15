"""The bank: statements in, orders out, practices paid; each line of a statement is stored once and finds its place."""
