"""Make, restore and verify backups."""
