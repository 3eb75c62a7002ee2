"""Use cases of ogc: what a collection says of itself."""
