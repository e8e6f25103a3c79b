"""The image model: what each stage of a Dockerfile ships, folded once and shared by all rules."""
