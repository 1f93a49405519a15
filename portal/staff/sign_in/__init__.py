"""How often somebody may try to sign in, from where, and who is told."""
