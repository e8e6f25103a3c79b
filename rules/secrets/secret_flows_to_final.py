"""See secret_flows_to_final.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Files,
    Note,
    Problem,
    Put,
    Run,
    Severity,
    ShellWord,
    Stage,
    names_read,
    quote,
    rule,
    within,
)
from rules.model.run_writes import CARRIERS, carried_by
from rules.model.work_folders import path_of
from rules.secrets.named.files import secret_file
from rules.secrets.named.folders import is_excluded, key_in_folder
from rules.secrets.named.held import held_by
from rules.secrets.named.moved import moved_secret
from rules.secrets.named.names import names_a_secret
from rules.secrets.secret_mount_persisted import rewrites_origin

_CLIENT_FILES = (".npmrc", ".netrc", ".pypirc", ".git-credentials", ".yarnrc.yml", "id_rsa", "id_ed25519")
_SAYS_SECRET = re.compile(r"auth|token|passw|secret|credential", re.IGNORECASE)
_MIXED_FILES = (".npmrc", ".pypirc", ".yarnrc.yml")
"""Those of the client's files that hold plain settings as well, such as the registry's address."""
_CREDENTIAL_URL = re.compile(r"https?://(?P<user>(?:\$\([^()]*\)|\$(?!\()|[^/\s@$])+)@")
_PASSWORD = re.compile(r":.|\$")
"""In front of the host: an account's name alone, such as `git@`, opens nothing."""


class Flow(NamedTuple):
    """A secret of another stage that a COPY brings along.

    Attributes:
        path: Where it lies there.
        why: What it is, behind "which".
        sure: Whether it is known to be one.
        origin: The COPY that brought it out of the build context, and its place there; `None` where a step made it.
    """

    path: str
    why: str
    sure: bool
    origin: tuple[Copy, str] | None = None


@rule(
    "secret-flows-to-final",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A folder that is copied out of another stage holds a secret that the stage worked with."""
    seen: set[int] = set()
    for shipped in change.after.shipped:
        for copy in shipped.all_copies:
            if copy.from_stage is None or id(copy.instruction) in seen:
                continue
            seen.add(id(copy.instruction))
            found = next(
                (flow for source in copy.sources for flow in _flows(change, copy, copy.source_path(source))), None
            )
            if found is not None:
                yield _problem(copy, copy.from_stage, found)


def _flows(change: DockerfileChange, copy: Copy, path: str | None) -> Iterator[Flow]:
    if path is None or copy.from_stage is None:
        return
    files = copy.from_stage.files
    for put in files.below(path):
        if put.path == path and put.kind == "workdir":
            continue
        flow = _secret(change, put)
        if flow is not None and within(flow.path, path) and not _is_left_out(copy, files, flow.path):
            yield flow
    if secret_file(path) is not None and not files.is_deleted(path):
        yield from _named(change, files, path)


def _is_left_out(copy: Copy, files: Files, path: str) -> bool:
    """Whether a file is deleted before the COPY, or one of its `--exclude` may mean it."""
    return is_excluded(copy, path) or files.is_deleted(path)


def _named(change: DockerfileChange, files: Files, path: str) -> Iterator[Flow]:
    """Yield a secret that is copied by its own name, out of what a COPY of the context brought: `/app/.env`."""
    if any(put.kind == "run" for put in files.at(path)):
        return  # a step of the build made it
    ignore = change.repository.dockerignore(change.path)
    for put in files.covering(path):
        alone = posixpath.basename(put.source) == posixpath.basename(path)
        source = (
            put.source if alone else posixpath.normpath(posixpath.join(put.source, posixpath.relpath(path, put.path)))
        )
        copy = put.step
        if not isinstance(copy, Copy) or put.kind != "context":
            continue
        if within(path, put.path) and not (ignore is not None and ignore.excludes(source)):
            flow = _of_context(change, copy, source, path)
            if flow is not None:
                yield flow


def _secret(change: DockerfileChange, put: Put) -> Flow | None:
    """Return the secret that a put brings: a file named like one, or a checkout that keeps its credentials."""
    if put.kind == "context" and put.source and isinstance(put.step, Copy):
        return _copied(change, put, put.step)
    if put.kind != "run" or put.command is None:
        return None
    return _carried(change, put, put.command) if put.command.name in CARRIERS else _made(put, put.command)


def _carried(change: DockerfileChange, put: Put, command: Command) -> Flow | None:
    """Return the secret of the build context that `cp` or `mv` puts where the COPY takes it, under whatever name."""
    if not isinstance(put.step, Run):
        return None
    for written in carried_by(command):
        path = path_of(put.step, command, written)
        moved = moved_secret(put.step, command, path, put.path) if path is not None else None
        if moved is not None:
            return _of_context(change, moved.copy, moved.source, put.path)
    return None


def _copied(change: DockerfileChange, put: Put, copy: Copy) -> Flow | None:
    name = posixpath.basename(put.source)
    path = put.path if posixpath.basename(put.path) == name else posixpath.join(put.path, name)
    key = key_in_folder(change, copy, put.source) if put.tree and secret_file(put.source) is None else None
    if key is not None:
        inner = posixpath.join(put.path, posixpath.relpath(key.path, put.source))
        return Flow(inner, "holds a private key", sure=key.read, origin=(copy, key.path))
    return _of_context(change, copy, put.source, path)


def _of_context(change: DockerfileChange, copy: Copy, source: str, path: str) -> Flow | None:
    """Return the secret that a file of the build context is, which a COPY brought."""
    flow = _read(change, copy.stage, source, path)
    return flow._replace(origin=(copy, source)) if flow is not None else None


def _read(change: DockerfileChange, stage: Stage, source: str, path: str) -> Flow | None:
    """Return it by its name and by what was read of it."""
    kind = secret_file(source)
    held = held_by(change, stage, kind, source) if kind is not None else None
    if held is None or (kind == "environment" and not held.likely):
        return None
    sure = kind in ("private key", "credentials") or (kind == "client configuration" and held.read)
    return Flow(path, held.clause, sure)


def _made(put: Put, command: Command) -> Flow | None:
    if put.whole and any(map(_has_password, command.args)) and not _is_rewritten(put):
        return Flow(f"{put.path}/.git/config", "keeps the credentials of the clone's URL", sure=True)
    text = _filled_in(command)
    if "$" not in text or command.name not in ("echo", "printf", "cat"):
        return None
    name = posixpath.basename(put.path)
    if name in _CLIENT_FILES and (name not in _MIXED_FILES or _SAYS_SECRET.search(text)):
        return Flow(put.path, "holds the credentials that the build was given", sure=True)
    known = (name for name in names_read(text) if put.step.scope.get(name) is not None)
    secret = next((name for name in known if names_a_secret(name)), None)
    return Flow(put.path, f"holds the value of {quote(secret)}", sure=True) if secret is not None else None


def _has_password(word: ShellWord) -> bool:
    match = _CREDENTIAL_URL.match(word.value)
    return match is not None and _PASSWORD.search(match["user"]) is not None


def _is_rewritten(put: Put) -> bool:
    """Whether git is told another address afterwards."""
    later = (step for step in put.step.stage.done_runs if step.at >= put.step.at)
    return any(rewrites_origin(command) for run in later for command in run.commands)


def _filled_in(command: Command) -> str:
    """Return the words and the here-document in which the shell puts values; in single quotes `$TOKEN` stays a name."""
    words = [word.value for word in command.words if not word.literal]
    here = [one.target for one in command.redirects if one.operator in ("<<", "<<-") and one.target is not None]
    filled = command.heredoc if command.heredoc and here and not here[-1].quoted else ""
    return " ".join([*words, filled])


def _problem(copy: Copy, stage: Stage, flow: Flow) -> Problem:
    mount = quote("RUN --mount=type=secret,id=…,target=…")
    way_out = (
        "Give the values when the container starts: `--env-file`, a secret, a config map"
        if secret_file(flow.path) == "environment"
        else f"Mount the file where the build needs it ({mount}), or copy only what the program needs"
    )
    origin, source = flow.origin if flow.origin is not None else (None, "")
    return Problem(
        copy.instruction.span,
        f"{copy.stage.label} copies {quote(flow.path)} along out of {stage.label}, which {flow.why}. "
        f"It is then in the image that ships, for everyone who can pull it. {way_out}.",
        Confidence.CERTAIN if flow.sure else Confidence.LIKELY,
        doubt="what the commands of that stage do with the file is not known",
        instruction=copy.instruction,
        stage=copy.stage.key,
        key=flow.path,
        decision=f"{stage.key} {flow.path}",
        cause=f"{origin.stage.key} {source}" if origin is not None else "",
        notes=(Note(origin.instruction.span, "comes in here"),) if origin is not None else (),
        severity=None if flow.sure else Severity.WARNING,
    )
