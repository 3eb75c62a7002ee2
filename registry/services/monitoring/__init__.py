"""Standing questions: find those that a change or time has touched, and work them again."""
