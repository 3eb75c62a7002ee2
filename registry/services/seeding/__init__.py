"""Storing `seeds/` and the demonstration."""
