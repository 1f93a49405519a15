"""Is this message, account, address or number really ours? And what to do for whoever paid a swindler."""
