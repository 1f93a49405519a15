"""System checks: what must be right before the product serves anyone."""
