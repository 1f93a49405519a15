"""A toy room, made in a temporary folder: what a new room costs, and that one line installs it."""
