"""Use cases of places: places, zones, rules."""
