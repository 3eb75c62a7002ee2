"""Handlers of records: resources, contacts, observations, corrections."""
