"""Standing questions: questions that are kept with a threshold, and what was last known of their answers."""
