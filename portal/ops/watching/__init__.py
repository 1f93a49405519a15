"""Looking whether everything runs, and telling operators what does not: for a process of its own."""
