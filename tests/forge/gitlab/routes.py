"""Everything that the double answers, by method and path."""

from __future__ import annotations

from tests.forge.gitlab import (
    draft_routes,
    gate_routes,
    hook_routes,
    merge_routes,
    note_routes,
    project_routes,
    repository_routes,
)

ROUTES = (
    project_routes.ROUTES
    | repository_routes.ROUTES
    | merge_routes.ROUTES
    | note_routes.ROUTES
    | draft_routes.ROUTES
    | hook_routes.ROUTES
    | gate_routes.ROUTES
)
