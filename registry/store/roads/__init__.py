"""Road networks: the extract they are made of, the stored versions, and the file that workers share."""
