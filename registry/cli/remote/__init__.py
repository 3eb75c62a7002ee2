"""Commands over HTTP: of a registry elsewhere, or of one started for the command."""
