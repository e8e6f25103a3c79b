"""Serve the API."""


async def api(scope, receive, send):
    """Answer nothing yet."""
