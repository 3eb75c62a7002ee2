"""Plane geometry of coverage: projection, study area, footprints, covers, uncovered ground."""
