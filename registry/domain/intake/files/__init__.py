"""Files: from the bytes of an office's list to drafts of records, with what was found in every row."""
