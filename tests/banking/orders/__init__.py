"""Orders to our bank."""
