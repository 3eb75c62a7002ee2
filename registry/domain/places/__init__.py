"""Values and rules of places: places, zones, rules, vocabularies."""
