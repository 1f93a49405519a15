"""The pages on which a practice decides about its own people."""
