"""The demo: the real server, the forge double, three pull requests, and the reviews as posted."""
