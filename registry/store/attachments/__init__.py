"""SQL of pictures and of what they are attached to."""
