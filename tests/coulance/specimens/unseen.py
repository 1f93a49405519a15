"""Layouts written by somebody who never saw the reader, and never looked at while it was worked on."""
