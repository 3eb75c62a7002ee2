"""Files that offices send, read into sheets of cells: in a process of its own, within limits."""
