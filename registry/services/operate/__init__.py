"""What whoever runs the registry asks for: its condition, and what is kept how long."""
