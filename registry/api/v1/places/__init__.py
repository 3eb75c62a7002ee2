"""Handlers of places: places, zones, rules, vocabularies."""
