"""What may stand in an address."""

from django.urls.converters import StringConverter


class TokenConverter(StringConverter):
    """Take a random token; anything else is no page, and never reaches the database."""

    regex = "[A-Za-z0-9_-]{10,64}"
