"""Connections, statements, errors and migrations: what every statement stands on."""
