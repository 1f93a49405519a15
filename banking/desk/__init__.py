"""Pages and tables of staff about the bank."""
