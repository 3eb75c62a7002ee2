"""Handlers of incidents."""
