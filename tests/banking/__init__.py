"""Tests of the room banking."""
