"""Why a file of the bank is refused."""


class Refused(Exception):
    """A file that can't be read; its text is a sentence for staff and holds no personal data."""
