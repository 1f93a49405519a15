"""Requests that no browser would send, at every route: nothing may end in a 5xx."""
