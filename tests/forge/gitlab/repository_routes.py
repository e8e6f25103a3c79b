"""Trees, files, blobs, commits and comparisons."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from tests.forge.git import GitError
from tests.forge.gitlab import diffs, render
from tests.forge.gitlab.answer import Answer, Call, Refused, Route
from tests.forge.gitlab.model import REPORTER

if TYPE_CHECKING:
    from tests.forge.gitlab.project import Project
    from tests.forge.repository import Entry


def resolve(project: Project, name: str, what: str = "Commit") -> str:
    """Find the commit that a branch or a commit id names; `HEAD` is the default branch.

    Raises:
        Refused: There is none.
    """
    tip = project.tip(project.default_branch if name == "HEAD" else name)
    try:
        return tip or project.git.resolve(name)
    except GitError as error:
        raise Refused.missing(what) from error


def tree(call: Call) -> Answer:
    """List a tree, folders before files on one level; links are blobs, submodules are commits."""
    asked = call.params
    commit = resolve(call.project, asked.get("ref") or "HEAD", "Tree")
    path = (asked.get("path") or "").strip("/")
    try:
        entries = call.project.git.listing(commit, path, recursive=bool(asked.get("recursive")))
    except GitError as error:
        raise Refused.missing("invalid revision or path") from error
    if not asked.get("recursive"):
        entries = sorted(entries, key=lambda entry: entry.kind != "tree")
    shown = []
    for entry in entries:
        full = f"{path}/{entry.path}" if path else entry.path
        name = full.rpartition("/")[2]
        shown.append({"id": entry.oid, "name": name, "type": entry.kind, "path": full, "mode": entry.mode})
    return Answer(200, shown, paged=True, keyset="path")


def found_file(call: Call) -> tuple[Entry, bytes, str, str]:
    """Find the file that a request names, with its content, the ref asked for and the commit."""
    ref = call.params.get("ref") or "HEAD"
    commit = resolve(call.project, ref)
    entry = call.project.git.entry(commit, call.path["file_path"])
    if entry is None or entry.kind != "blob":
        raise Refused.missing("File")
    return entry, call.project.git.blob(entry.oid), ref, commit


def get_file(call: Call) -> Answer:
    """Show a file with its content; a symbolic link's content is its target, and nothing says that it is one."""
    entry, content, ref, commit = found_file(call)
    shown = render.file(entry, content, ref, commit)
    names = ("blob_id", "commit_id", "file_path", "last_commit_id", "ref", "size", "execute_filemode")
    shown_as = {name: re.sub(r"[\r\n\0]", " ", str(shown[name])) for name in names}
    headers = {f"X-Gitlab-{name.replace('_', '-').title()}": value for name, value in shown_as.items()}
    return Answer(200, shown, headers)


def raw_file(call: Call) -> Answer:
    """Give a file's bytes."""
    _, content, _, _ = found_file(call)
    return Answer(200, raw=content, media="text/plain")


def blob(call: Call) -> bytes:
    """Read the blob that a request names."""
    try:
        if call.project.git.kind(call.path["sha"]) != "blob":
            raise Refused.missing("Blob")
        return call.project.git.blob(call.path["sha"])
    except GitError as error:
        raise Refused.missing("Blob") from error


def get_blob(call: Call) -> Answer:
    """Show a blob."""
    content = blob(call)
    shown = {"size": len(content), "encoding": "base64", "content": base64.b64encode(content).decode()}
    return Answer(200, shown | {"sha": call.path["sha"]})


def raw_blob(call: Call) -> Answer:
    """Give a blob's bytes."""
    return Answer(200, raw=blob(call), media="application/octet-stream")


def get_commit(call: Call) -> Answer:
    """Show a commit."""
    return Answer(200, render.commit(call.project.git.show(resolve(call.project, call.path["sha"]))))


def get_branch(call: Call) -> Answer:
    """Show a branch and its tip."""
    name = call.path["branch"]
    tip = call.project.tip(name)
    if tip is None:
        raise Refused.missing("Branch")
    commit = render.commit(call.project.git.show(tip))
    return Answer(200, {"name": name, "commit": commit, "default": name == call.project.default_branch})


def list_commits(call: Call) -> Answer:
    """List the commits of a branch, or of the default one, newest first."""
    tip = resolve(call.project, call.params.get("ref_name") or "HEAD")
    names = call.project.git.fixed("rev-list", "--topo-order", tip).decode().split()
    return Answer(200, [render.commit(call.project.git.show(name)) for name in names], paged=True)


def merge_base(call: Call) -> Answer:
    """Find where two branches or commits parted."""
    refs = call.params["refs"]
    if len(refs) < 2:
        raise Refused(400, "400 Bad request - Provide at least 2 refs")
    commits = [resolve(call.project, ref, "Ref") for ref in refs]
    base = commits[0]
    try:
        for other in commits[1:]:
            base = call.project.git.merge_base(base, other)
    except GitError as error:
        raise Refused.missing("Merge Base") from error
    return Answer(200, render.commit(call.project.git.show(base)))


def compare(call: Call) -> Answer:
    """Compare two commits: from where they parted, unless `straight`."""
    git = call.project.git
    old, new = (resolve(call.project, call.params[name]) for name in ("from", "to"))
    begin = old if call.params.get("straight") else git.merge_base(old, new)
    commits = [render.commit(each) for each in git.commits(old, new)]
    return Answer(
        200,
        {
            "commit": commits[-1] if commits else None,
            "commits": commits,
            "diffs": diffs.shown(git.diff(begin, new), call.forge.limits),
            "compare_timeout": False,
            "compare_same_ref": old == new,
            "web_url": f"{call.project.web_url}/-/compare/{old}...{new}",
        },
    )


FILE = "GET /projects/:id/repository/files/:file_path"
ROUTES = {
    "GET /projects/:id/repository/tree": Route(tree, "ref:str path:str recursive:bool", REPORTER),
    FILE: Route(get_file, "ref:str!", REPORTER),
    f"{FILE}/raw": Route(raw_file, "ref:str lfs:bool", REPORTER),
    "GET /projects/:id/repository/blobs/:sha": Route(get_blob, "", REPORTER),
    "GET /projects/:id/repository/blobs/:sha/raw": Route(raw_blob, "", REPORTER),
    "GET /projects/:id/repository/branches/:branch": Route(get_branch, "", REPORTER),
    "GET /projects/:id/repository/commits": Route(list_commits, "ref_name:str", REPORTER),
    "GET /projects/:id/repository/commits/:sha": Route(get_commit, "stats:bool", REPORTER),
    "GET /projects/:id/repository/merge_base": Route(merge_base, "refs:list!", REPORTER),
    "GET /projects/:id/repository/compare": Route(
        compare, "from:str! to:str! straight:bool unidiff:bool from_project_id:int", REPORTER
    ),
}
