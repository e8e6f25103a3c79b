"""People, repositories, the App and its installations as GitHub writes them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tests.forge.clock import stamp

if TYPE_CHECKING:
    from tests.forge.github.double import GitHubDouble
    from tests.forge.github.model import Installation, User
    from tests.forge.github.project import Project

USER_LINKS = {
    "followers": "",
    "following": "{/other_user}",
    "gists": "{/gist_id}",
    "starred": "{/owner}{/repo}",
    "subscriptions": "",
    "organizations": "/orgs",
    "repos": "",
    "events": "{/privacy}",
    "received_events": "",
}
REPOSITORY_LINKS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")


def node_id(kind: str, number: int) -> str:
    """Make an id as GraphQL uses it: opaque, and different for each kind of thing."""
    return f"{kind}_{b64encode(str(number).encode()).decode().rstrip('=')}"


def user(forge: GitHubDouble, who: User) -> dict[str, Any]:
    """Write a person."""
    url = f"{forge.api_url}/users/{who.login}"
    links = {f"{name}_url": f"{url}/{name}{rest}" for name, rest in USER_LINKS.items()}
    return links | {
        "login": who.login,
        "id": who.id,
        "node_id": node_id("U", who.id),
        "avatar_url": f"{forge.web_url}/avatars/{who.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{forge.web_url}/{who.login}",
        "type": who.type,
        "site_admin": False,
    }


def repository(forge: GitHubDouble, project: Project) -> dict[str, Any]:
    """Write a repository, with every key that any of GitHub's schemas for one asks for."""
    born = stamp(project.created)
    counts = ("forks", "open_issues", "watchers", "forks_count", "open_issues_count", "watchers_count")
    more = ("stargazers_count", "network_count", "subscribers_count", "size")
    wants = ("issues", "projects", "wiki", "pages", "downloads", "discussions")
    return (
        addresses(project)
        | dict.fromkeys((*counts, *more), 0)
        | {f"has_{name}": name == "issues" for name in wants}
        | dict.fromkeys(("description", "homepage", "language", "license", "mirror_url"))
        | {
            "id": project.id,
            "node_id": node_id("R", project.id),
            "name": project.name,
            "full_name": project.full_name,
            "owner": user(forge, project.owner),
            "private": project.private,
            "visibility": "private" if project.private else "public",
            "fork": project.parent is not None,
            "default_branch": project.default_branch,
            "topics": [],
            "archived": project.archived,
            "disabled": False,
            "pushed_at": born,
            "created_at": born,
            "updated_at": born,
        }
    )


def addresses(project: Project) -> dict[str, str]:
    """Write where a repository is, in the API, in a browser and for git."""
    web = project.web_url
    place = web.partition("//")[2]
    return {f"{name}_url": f"{project.url}{rest}" for name, rest in REPOSITORY_LINKS.items()} | {
        "url": project.url,
        "html_url": web,
        "git_url": f"git://{place}.git",
        "ssh_url": f"git@{place}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
    }


def app(forge: GitHubDouble) -> dict[str, Any]:
    """Write the App."""
    born = stamp(forge.app.created)
    return {
        "id": forge.app.id,
        "slug": forge.app.slug,
        "node_id": node_id("A", forge.app.id),
        "client_id": forge.app.client_id,
        "owner": user(forge, forge.app.owner),
        "name": forge.app.name,
        "description": "",
        "external_url": "https://example.com",
        "html_url": f"{forge.web_url}/apps/{forge.app.slug}",
        "created_at": born,
        "updated_at": born,
        "permissions": dict(forge.app.permissions),
        "events": list(forge.app.events),
    }


def installation(forge: GitHubDouble, grant: Installation) -> dict[str, Any]:
    """Write an installation."""
    url = f"{forge.api_url}/app/installations/{grant.id}"
    born = stamp(grant.created)
    at, by = grant.suspended or (None, None)
    return {
        "id": grant.id,
        "account": user(forge, grant.account),
        "repository_selection": "all" if grant.repositories is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{forge.api_url}/installation/repositories",
        "html_url": f"{forge.web_url}/settings/installations/{grant.id}",
        "app_id": forge.app.id,
        "app_slug": forge.app.slug,
        "client_id": forge.app.client_id,
        "target_id": grant.account.id,
        "target_type": grant.account.type,
        "permissions": dict(grant.permissions),
        "events": list(forge.app.events),
        "created_at": born,
        "updated_at": born,
        "single_file_name": None,
        "suspended_at": at and stamp(at),
        "suspended_by": by and user(forge, by),
    }


def reactions(url: str, given: list[str]) -> dict[str, Any]:
    """Write how often each reaction was given."""
    counts = {name: given.count(name) for name in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(given)} | counts
