"""Downloads: what they fetch, and what looks at it before it runs."""
