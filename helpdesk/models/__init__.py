"""The tables of the helpdesk, one file a subject."""
