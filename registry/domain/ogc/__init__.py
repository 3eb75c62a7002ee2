"""Values and rules of ogc: collections, CQL2, tiles and files."""
