"""SQL of records: resources, contacts, observations, corrections."""
