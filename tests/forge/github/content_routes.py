"""Files, trees and blobs."""

from __future__ import annotations

import posixpath
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.forge.git import GitError
from tests.forge.github.answer import Answer, Call, Refused, Route
from tests.forge.github.pull_routes import resolve
from tests.forge.github.render_basics import node_id
from tests.forge.repository import LINK

if TYPE_CHECKING:
    from tests.forge.github.project import Project
    from tests.forge.repository import Entry

RAW = ("application/vnd.github.raw", "application/vnd.github.v3.raw")


def get_content(call: Call) -> Answer:
    """Show a file, a folder, a link or a submodule.

    A link to a file of the repository is answered with that file's text, under the link's path and with type `file`.
    """
    project, path = call.project, call.path["path"].strip("/")
    commit = resolve(project, call.query.get("ref") or project.default_branch)
    entry = project.git.entry(commit, path)
    if entry is None:
        raise Refused(404, "Not Found")
    if entry.kind == "commit":
        body = common(project, entry, commit, "submodule") | {"submodule_git_url": "https://example.com/lib.git"}
        return Answer(200, body)
    if entry.kind == "tree":
        return folder(project, commit, path)
    if entry.mode == LINK:
        target = project.git.blob(entry.oid).decode(errors="replace")
        aimed = project.git.entry(commit, posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        if aimed is None or aimed.kind != "blob":
            return Answer(200, common(project, entry, commit, "symlink") | {"target": target})
        entry = aimed._replace(path=path)
    return file(call, project, entry, commit)


def file(call: Call, project: Project, entry: Entry, commit: str) -> Answer:
    """Show a file: whole up to 1 MB, empty in JSON but whole in raw form above."""
    data = project.git.blob(entry.oid)
    if len(data) > call.forge.limits.raw:
        raise Refused(403, "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch.")
    if any(media in call.headers.get("Accept", "") for media in RAW):
        return Answer(200, raw=data, media="application/vnd.github.raw; charset=utf-8")
    small = len(data) <= call.forge.limits.contents
    content = {"encoding": "base64", "content": lines(data)} if small else {"encoding": "none", "content": ""}
    return Answer(200, common(project, entry, commit, "file") | content)


def folder(project: Project, commit: str, path: str) -> Answer:
    """List a folder; a link counts as one, a submodule as a file."""
    kinds = {"tree": "dir", "blob": "file", "commit": "file"}
    entries = project.git.listing(commit, path, recursive=False)
    listed = [
        common(project, each._replace(path=f"{path}/{each.path}"), commit, kinds[each.kind])
        | ({"type": "symlink"} if each.mode == LINK else {})
        for each in entries
    ]
    return Answer(200, listed)


def common(project: Project, entry: Entry, commit: str, kind: str) -> dict[str, Any]:
    """Write what files, folders, links and submodules have in common."""
    url = f"{project.url}/contents/{quote(entry.path)}?ref={commit}"
    git = f"{project.url}/git/{'trees' if entry.kind == 'tree' else 'blobs'}/{entry.oid}"
    web = f"{project.web_url}/blob/{commit}/{quote(entry.path)}"
    return {
        "type": kind,
        "name": posixpath.basename(entry.path),
        "path": entry.path,
        "sha": entry.oid,
        "size": entry.size,
        "url": url,
        "git_url": git,
        "html_url": web,
        "download_url": None if kind in {"dir", "submodule"} else f"{project.web_url}/raw/{commit}/{quote(entry.path)}",
        "_links": {"self": url, "git": git, "html": web},
    }


def lines(data: bytes) -> str:
    """Write Base64 as GitHub does, sixty characters to a line."""
    text = b64encode(data).decode()
    return "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))


def get_tree(call: Call) -> Answer:
    """List a tree; `recursive`, whatever its value, lists what is below too, and too much of it is cut short."""
    project, name = call.project, call.path["tree_sha"]
    try:
        tree = name if project.git.kind(name) == "tree" else project.git.show(resolve(project, name)).tree
    except GitError as error:
        raise Refused(404, "Not Found") from error
    entries = project.git.listing(tree, recursive="recursive" in call.query)
    limit = call.forge.limits.tree
    cut = len(entries) > limit or project.truncated
    if project.truncated:
        limit = min(limit, max(1, len(entries) // 2))
    written = [written_entry(project, each) for each in entries[:limit]]
    body = {"sha": tree, "url": f"{project.url}/git/trees/{tree}", "tree": written, "truncated": cut}
    return Answer(200, body)


def written_entry(project: Project, entry: Entry) -> dict[str, Any]:
    """Write one entry of a tree; submodules have neither size nor address."""
    done: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.oid}
    if entry.kind == "blob":
        done["size"] = entry.size
    if entry.kind != "commit":
        done["url"] = f"{project.url}/git/{entry.kind}s/{entry.oid}"
    return done


def get_blob(call: Call) -> Answer:
    """Show a blob by its id."""
    project, oid = call.project, call.path["file_sha"]
    if len(oid) != 40:
        raise Refused(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    try:
        data = project.git.blob(oid)
    except GitError as error:
        raise Refused(404, "Not Found") from error
    if any(media in call.headers.get("Accept", "") for media in RAW):
        return Answer(200, raw=data, media="application/vnd.github.raw; charset=utf-8")
    body = {
        "sha": oid,
        "node_id": node_id("B", project.id),
        "size": len(data),
        "url": f"{project.url}/git/blobs/{oid}",
        "encoding": "base64",
        "content": lines(data),
    }
    return Answer(200, body)


def get_ref(call: Call) -> Answer:
    """Show a ref, such as `heads/main`."""
    name = f"refs/{call.path['ref']}"
    commit = call.project.git.tip(name)
    if commit is None:
        raise Refused(404, "Not Found")
    body = {
        "ref": name,
        "node_id": node_id("REF", call.project.id),
        "url": f"{call.project.url}/git/{name}",
        "object": {"type": "commit", "sha": commit, "url": f"{call.project.url}/git/commits/{commit}"},
    }
    return Answer(200, body)


READ = "contents:read"
ROUTES = {
    "repos/get-content": Route(get_content, READ),
    "git/get-tree": Route(get_tree, READ),
    "git/get-blob": Route(get_blob, READ),
    "git/get-ref": Route(get_ref, READ),
}
