"""Every operation that the double answers, by the description's name for it."""

from __future__ import annotations

from tests.forge.github import (
    app_routes,
    check_routes,
    comment_routes,
    content_routes,
    pull_routes,
    review_routes,
)

ROUTES = (
    app_routes.ROUTES
    | pull_routes.ROUTES
    | content_routes.ROUTES
    | review_routes.ROUTES
    | comment_routes.ROUTES
    | check_routes.ROUTES
)
