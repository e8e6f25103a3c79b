"""Scripts that make the tables from their raw sources, run by hand; README.md beside the tables says how."""
