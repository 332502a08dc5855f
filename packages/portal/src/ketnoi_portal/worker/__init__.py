"""What runs beside the pages: the web front, the background worker and its tasks."""
