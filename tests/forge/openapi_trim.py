"""Cuts GitHub's OpenAPI description down to what the double speaks.

Run by hand when the description is renewed:

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python -m tests.forge.openapi_trim package/generated/api.github.com.json

Prose, examples and headers go; schemas that nothing kept refers to go. What stays is unchanged.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

DESCRIPTION = Path(__file__).with_name("github_openapi.json.gz")

REPO = "/repos/{owner}/{repo}"
PULL = f"{REPO}/pulls/{{pull_number}}"
OPERATIONS = {
    "/app": "get",
    "/app/hook/deliveries": "get",
    "/app/hook/deliveries/{delivery_id}/attempts": "post",
    "/app/installations": "get",
    "/app/installations/{installation_id}": "get",
    "/app/installations/{installation_id}/access_tokens": "post",
    "/installation/repositories": "get",
    "/rate_limit": "get",
    REPO: "get",
    f"{REPO}/installation": "get",
    f"{REPO}/collaborators/{{username}}/permission": "get",
    f"{REPO}/contents/{{path}}": "get",
    f"{REPO}/git/blobs/{{file_sha}}": "get",
    f"{REPO}/git/trees/{{tree_sha}}": "get",
    f"{REPO}/git/ref/{{ref}}": "get",
    f"{REPO}/commits/{{ref}}": "get",
    f"{REPO}/compare/{{basehead}}": "get",
    f"{REPO}/check-runs": "post",
    f"{REPO}/check-runs/{{check_run_id}}": "get patch",
    f"{REPO}/check-runs/{{check_run_id}}/annotations": "get",
    f"{REPO}/commits/{{ref}}/check-runs": "get",
    f"{REPO}/pulls": "get",
    PULL: "get",
    f"{PULL}/files": "get",
    f"{PULL}/commits": "get",
    f"{PULL}/reviews": "get post",
    f"{PULL}/reviews/{{review_id}}": "get put delete",
    f"{PULL}/reviews/{{review_id}}/comments": "get",
    f"{PULL}/reviews/{{review_id}}/dismissals": "put",
    f"{PULL}/reviews/{{review_id}}/events": "post",
    f"{PULL}/comments": "get post",
    f"{PULL}/comments/{{comment_id}}/replies": "post",
    f"{REPO}/pulls/comments/{{comment_id}}": "get patch delete",
    f"{REPO}/pulls/comments/{{comment_id}}/reactions": "get post",
    f"{REPO}/issues/{{issue_number}}/comments": "get post",
    f"{REPO}/issues/{{issue_number}}/reactions": "post",
    f"{REPO}/issues/comments/{{comment_id}}": "get patch delete",
    f"{REPO}/issues/comments/{{comment_id}}/reactions": "get post",
}
WEBHOOKS = (
    "ping push repository-renamed "
    "check-run-completed check-run-created check-run-requested-action check-run-rerequested "
    "check-suite-completed check-suite-requested check-suite-rerequested "
    "installation-created installation-deleted installation-new-permissions-accepted "
    "installation-repositories-added installation-repositories-removed "
    "installation-suspend installation-unsuspend "
    "issue-comment-created issue-comment-deleted issue-comment-edited "
    "pull-request-closed pull-request-converted-to-draft pull-request-edited "
    "pull-request-opened pull-request-ready-for-review pull-request-reopened pull-request-synchronize "
    "pull-request-review-comment-created pull-request-review-comment-deleted "
    "pull-request-review-comment-edited pull-request-review-dismissed pull-request-review-edited "
    "pull-request-review-submitted pull-request-review-thread-resolved "
    "pull-request-review-thread-unresolved"
).split()

PROSE = frozenset({"description", "summary", "example", "examples", "externalDocs", "headers", "deprecated"})


def without_prose(node: Any, *, names: bool = False) -> Any:
    """Drop what does not decide validity; `names` is true where keys are names chosen by the schema."""
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_prose(value, names=key in {"properties", "schemas", "parameters", "responses"} and not names)
        for key, value in node.items()
        if names or not (key in PROSE or key.startswith("x-"))
    }


def references(node: Any) -> set[str]:
    """Collect every `$ref` below a node."""
    if isinstance(node, list):
        return set[str]().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set[str]().union(*map(references, node.values()))
    return found | {node["$ref"]} if isinstance(node.get("$ref"), str) else found


def trim(description: dict[str, Any]) -> dict[str, Any]:
    """Keep the operations and webhooks above, and the components that they reach."""
    paths: dict[str, Any] = {}
    for path, methods in OPERATIONS.items():
        kept = {method: description["paths"][path][method] for method in methods.split()}
        paths[path] = {
            method: without_prose(operation) | {"x-apps": operation["x-github"].get("enabledForGitHubApps", True)}
            for method, operation in kept.items()
        }
    webhooks = {
        name: {"post": {"requestBody": without_prose(description["x-webhooks"][name]["post"]["requestBody"])}}
        for name in WEBHOOKS
    }
    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths) | references(webhooks)
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = without_prose(description["components"][kind][name])
            waiting |= references(components[kind][name])
    info = {"title": "GitHub REST API, trimmed", "version": description["info"]["version"], "license": {"name": "MIT"}}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "x-webhooks": webhooks, "components": components}


def main() -> None:
    """Write the trimmed description beside this file, the same bytes for the same input."""
    description = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = json.dumps(trim(description), sort_keys=True, separators=(",", ":"))
    DESCRIPTION.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
