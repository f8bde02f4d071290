"""A study: read, checked from end to end and expanded, before any job starts."""
