"""The repository, its people, its pull requests and their diffs."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from tests.forge.git import GitError
from tests.forge.github import render_basics, render_pulls
from tests.forge.github.answer import Answer, Call, Refused, Route

if TYPE_CHECKING:
    from tests.forge.github.project import Project


def get_repository(call: Call) -> Answer:
    """Show the repository."""
    return Answer(200, render_basics.repository(call.forge, call.project))


def get_permission(call: Call) -> Answer:
    """Say what a person may do; the answer knows four levels, `role_name` the finer ones."""
    login = call.path["username"]
    if login not in call.forge.people and login not in call.project.collaborators:
        raise Refused(404, "Not Found")
    role = call.project.role(login)
    person = render_basics.user(call.forge, call.forge.user(login)) | {"role_name": role}
    return Answer(200, {"permission": call.project.permission(login), "role_name": role, "user": person})


def list_pulls(call: Call) -> Answer:
    """List pull requests, newest first unless asked otherwise; open ones unless asked otherwise."""
    asked = call.query
    pulls = [
        pull
        for pull in call.project.pulls.values()
        if asked.get("state", "open") in {"all", pull.state}
        and asked.get("head") in {None, f"{pull.head_owner.login}:{pull.head_branch}"}
        and asked.get("base") in {None, pull.base_branch}
    ]
    key = attrgetter("updated" if asked.get("sort") == "updated" else "created", "number")
    pulls.sort(key=key, reverse=asked.get("direction", "desc") == "desc")
    return Answer(200, [render_pulls.pull_request(pull) for pull in pulls], page="")


def get_pull(call: Call) -> Answer:
    """Show a pull request."""
    if "diff" in call.headers.get("Accept", "") or "patch" in call.headers.get("Accept", ""):
        return raw_diff(call)
    return Answer(200, render_pulls.pull_request(call.pull_request))


def raw_diff(call: Call) -> Answer:
    """Give the diff as text, unless the whole of it is too large."""
    diff = call.pull_request.diff()
    lines = sum(each.additions + each.deletions for each in diff)
    if len(diff) > call.forge.limits.compare_files or lines > call.forge.limits.diff_lines:
        raise Refused(406, "Sorry, the diff exceeded the maximum number of files (300) or lines (20000).")
    text = "\n".join(f"diff --git a/{each.old_path} b/{each.path}\n{each.patch}" for each in diff)
    return Answer(200, raw=text.encode(), media="application/vnd.github.diff; charset=utf-8")


def list_files(call: Call) -> Answer:
    """List the files of the diff from the merge base to the head."""
    pull = call.pull_request
    return Answer(200, render_pulls.files(pull.project, pull.diff(), pull.head, call.forge.limits), page="")


def list_commits(call: Call) -> Answer:
    """List a pull request's commits, oldest first."""
    pull = call.pull_request
    return Answer(200, [render_pulls.commit(pull.project, each) for each in pull.commits()], page="")


def resolve(project: Project, name: str) -> str:
    """Find the commit that a branch, a commit id or `owner:branch` names.

    Raises:
        Refused: There is none.
    """
    owner, _, branch = name.rpartition(":")
    fork = next((each for each in project.forks if each.owner.login == owner), project)
    for ref in (fork.ref(branch), f"refs/tags/{branch}", name.removeprefix("refs/"), name):
        try:
            return project.git.resolve(ref if ref.startswith("refs/") or is_commit(ref) else f"refs/{ref}")
        except GitError:
            continue
    raise Refused(404, "Not Found")


def is_commit(name: str) -> bool:
    """Say whether a name looks like a commit id, whole or shortened."""
    return 7 <= len(name) <= 40 and all(letter in "0123456789abcdef" for letter in name)


def compare(call: Call) -> Answer:
    """Compare two commits; only the first page has the files, at most 300."""
    base_name, dots, head_name = call.path["basehead"].partition("...")
    if not dots:
        raise Refused(404, "Not Found")
    project, git = call.project, call.project.git
    base, head = resolve(project, base_name), resolve(project, head_name)
    merge_base = common_ancestor(project, base, head)
    ahead, behind = git.commits(base, head), git.commits(head, base)
    url = f"{project.url}/compare/{base_name}...{head_name}"
    web = f"{project.web_url}/compare/{base_name}...{head_name}"
    states = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    diff = git.diff(merge_base, head)[: call.forge.limits.compare_files]
    first = call.query.get("page", "1") == "1"
    body = {
        "url": url,
        "html_url": web,
        "permalink_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": render_pulls.commit(project, git.show(base)),
        "merge_base_commit": render_pulls.commit(project, git.show(merge_base)),
        "status": states.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [render_pulls.commit(project, each) for each in ahead],
        "files": render_pulls.files(project, diff, head, call.forge.limits) if first else [],
    }
    return Answer(200, body, page="commits")


def common_ancestor(project: Project, base: str, head: str) -> str:
    """Find where two commits part.

    Raises:
        Refused: They have nothing in common.
    """
    try:
        return project.git.merge_base(base, head)
    except GitError as error:
        raise Refused(404, f"No common ancestor between {base} and {head}.") from error


def get_commit(call: Call) -> Answer:
    """Show a commit with the files it changed."""
    project = call.project
    commit = project.git.show(resolve(project, call.path["ref"]))
    diff = project.git.diff(commit.parents[0], commit.oid) if commit.parents else []
    files = render_pulls.files(project, diff, commit.oid, call.forge.limits)
    return Answer(200, render_pulls.commit(project, commit) | {"files": files})


READ, CONTENTS = "pull_requests:read", "contents:read"
ROUTES = {
    "repos/get": Route(get_repository),
    "repos/get-collaborator-permission-level": Route(get_permission),
    "pulls/list": Route(list_pulls, READ),
    "pulls/get": Route(get_pull, READ),
    "pulls/list-files": Route(list_files, READ),
    "pulls/list-commits": Route(list_commits, READ),
    "repos/compare-commits-with-basehead": Route(compare, CONTENTS),
    "repos/get-commit": Route(get_commit, CONTENTS),
}
