"""Pure: where each finding goes, what is said, what changes from one push to the next."""
