"""Writers of the files that leave for offices."""
