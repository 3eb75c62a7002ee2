"""Use cases of warnings: receive, watch, what lies inside."""
