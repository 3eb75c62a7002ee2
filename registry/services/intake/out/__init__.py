"""Use cases of what leaves for offices: workbooks, and reports."""
