"""Statements as rows: what is new of them, where it joins what is known, and whether the chain of balances is whole."""
