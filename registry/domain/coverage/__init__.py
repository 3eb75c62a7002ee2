"""Values and rules of coverage: how much is covered, where the gaps are, where the next should go."""
