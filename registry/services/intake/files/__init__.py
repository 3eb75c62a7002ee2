"""Use cases of files: try an office's list beside the records that are known."""
