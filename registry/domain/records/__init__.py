"""Values and rules of records: resources, contacts, observations, corrections."""
