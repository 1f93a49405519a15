"""Django's backend for PostgreSQL, which sees without asking that the server has ended a connection.

Django asks `SELECT 1` before the first query of every page, and over a network the page waits for it as for a query of
its own. But a server that ends a connection (a restart, a fail-over) says so, and that lies in the socket, where
nothing else lies between two queries. A server that is gone without a word answers no `SELECT 1` either: see the time
limits in the settings.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose health is checked without a question to the server."""

    def is_usable(self) -> bool:
        """Tell whether the server still has this connection; after an error it is asked."""
        if self.connection is None or self.connection.closed:
            return False
        if self.errors_occurred:
            return bool(super().is_usable())
        socket = select.poll()
        socket.register(self.connection.fileno(), select.POLLIN)
        return not socket.poll(0)
