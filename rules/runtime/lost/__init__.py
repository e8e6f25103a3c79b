"""What a start command had before a change, and needs."""
