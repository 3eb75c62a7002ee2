"""Commands about the files of offices."""
