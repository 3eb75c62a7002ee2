"""The ground of a coverage question in its own plane: areas, drawings, intervals, gaps."""
