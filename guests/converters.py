"""Path converters: what an address may contain."""

from django.urls.converters import StringConverter


class TokenConverter(StringConverter):
    """Accept a random token; anything else is a 404 without a query."""

    regex = "[A-Za-z0-9_-]{10,64}"
