"""Use cases of records: resources, contacts, observations, corrections."""
