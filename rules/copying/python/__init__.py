"""Python's environments: what puts packages into them, and what a copy of one brings."""
