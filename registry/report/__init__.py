"""Coverage answers for people, as a page and as a picture."""
