"""Readers of what banks send. They open no connection, and raise nothing but a refusal, whatever the file."""
