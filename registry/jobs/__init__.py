"""Long analyses in processes of their own, and what runs beside the requests."""
