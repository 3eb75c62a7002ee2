"""The union of discs, assembled from the arcs of their boundaries."""
