"""SQL of places: places, zones, rules, vocabularies."""
