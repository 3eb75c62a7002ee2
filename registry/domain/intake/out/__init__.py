"""What leaves for offices: workbooks that can be brought back unchanged, and reports."""
