"""Orders to our bank: proposed, agreed by two persons, handed out once, and proven by a statement only."""
