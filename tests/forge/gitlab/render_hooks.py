"""What GitLab answers about hooks: as JSON, without their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.gitlab.render import moment

if TYPE_CHECKING:
    from tests.forge.gitlab.double import GitLabDouble
    from tests.forge.gitlab.webhooks import Delivery, Hook


def hook(forge: GitLabDouble, shown: Hook) -> dict[str, Any]:
    """Show a hook, without its secrets; before 19.0 not even whether it has any."""
    owner = {"project_id": shown.project_id} if shown.project_id else {"group_id": forge.group(shown.group or "").id}
    secrets = {"token_present": bool(shown.token), "signing_token_present": bool(shown.signing_token)}
    return (owner if forge.older_than(19, 0) else owner | secrets) | {
        "id": shown.id,
        "url": shown.url,
        "name": shown.name,
        "description": shown.description,
        "created_at": moment(shown.created),
        "push_events": shown.push_events,
        "tag_push_events": False,
        "merge_requests_events": shown.merge_requests_events,
        "repository_update_events": False,
        "enable_ssl_verification": shown.enable_ssl_verification,
        "alert_status": shown.status(forge.clock.now()),
        "disabled_until": moment(shown.disabled_until),
        "url_variables": [],
        "custom_webhook_template": None,
        "custom_headers": [{"key": name} for name in shown.custom_headers],
        "issues_events": False,
        "note_events": shown.note_events,
    }


def delivery(shown: Delivery) -> dict[str, Any]:
    """Show one line of a hook's log."""
    status = "internal error" if shown.status == 0 else str(shown.status)
    return {
        "id": shown.id,
        "url": shown.hook.url,
        "trigger": f"{shown.kind}_hooks",
        "request_headers": shown.headers | ({"X-Gitlab-Token": "[REDACTED]"} if shown.hook.token else {}),
        "request_data": shown.payload,
        "response_headers": {},
        "response_body": shown.answer,
        "execution_duration": 0.1,
        "response_status": status,
    }
