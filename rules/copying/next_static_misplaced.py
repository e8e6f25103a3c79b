"""See next_static_misplaced.md.

Next.js's documentation of `output: "standalone"` says where things lie: below the folder of the lock
file, which is what `outputFileTracingRoot` is unless set.
"""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    fix,
    insert_line_after,
    once,
    quote,
    replace,
    rule,
    within,
)
from rules.copying.needs import package_of

_STANDALONE = "/.next/standalone"
_STATIC = ".next/static"
_ASSETS = {_STATIC: "without styles and scripts", "public": "without the files of `public`"}
_LOCKS = frozenset({"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"})
_SETTINGS = re.compile(r"next\.config\.(?:js|mjs|cjs|ts|mts)")
_COMMENTS = re.compile(r"(?m)^[ \t]*//.*$|/\*[^*]*+\*/")
_OTHER_HOST = re.compile(r"\bassetPrefix\b(?!\s*[:=]\s*(?:[\"'`](?:\.?/(?!/)|[\"'`])|undefined\b|null\b))")

_BUILT = frozenset({"dist", "build", "out"})


@rule(
    "next-static-misplaced",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=(".next/standalone",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Next.js's static files are copied to another folder than the one in which its server looks for them."""
    for stage in change.stages:
        found = _standalone(stage)
        if found is None or any(".next" in run.instruction.whole_value for run in stage.runs):
            continue
        copy, app = found
        inner = _workspace_folder(change, copy, app)
        if inner is not None and _is_misnamed(stage, copy, inner):
            yield _started_elsewhere(stage, copy, app, inner)
            continue
        server = _server_folder(stage, copy, app)
        elsewhere = _serves_elsewhere(change)
        for asset, effect in _ASSETS.items() if server is not None else ():
            if asset == _STATIC and elsewhere:
                continue
            misplaced = _misplaced(stage, copy, posixpath.join(app, asset), posixpath.join(server or "/", asset))
            if misplaced is not None:
                yield _problem(stage, misplaced, posixpath.join(server or "/", asset), effect)
        if (
            server is not None
            and not elsewhere
            and _leaves_out(stage, copy, server)
            and not _is_completed(change, copy, app)
        ):
            yield _left_out(stage, copy, app, server, had=_had(change.was(stage)))


@once
def _serves_elsewhere(change: DockerfileChange) -> bool:
    """Whether the settings name another host for the static files, as a CDN's (`assetPrefix`, Next.js's documentation).

    A path alone is one of the same server. What lies in `public` it does not concern.
    """
    names = (path for path in change.repository.files if _SETTINGS.fullmatch(posixpath.basename(path)))
    texts = (_COMMENTS.sub("", change.repository.text(path) or "") for path in names)
    return any(map(_OTHER_HOST.search, texts))


def _standalone(stage: Stage) -> tuple[Copy, str] | None:
    """Return the COPY of the standalone output, with the application's folder in the builder."""
    for copy in stage.copies:
        for source in copy.sources:
            path = (copy.source_path(source) or "").rstrip("/")
            if copy.from_stage is not None and path.endswith(_STANDALONE) and copy.destination is not None:
                return copy, path.removesuffix(_STANDALONE)
    return None


def _server_folder(stage: Stage, copy: Copy, app: str) -> str | None:
    """Return the folder of `server.js`: as the start command says, else as the workspace's lock file does."""
    target = copy.destination or "/"
    folder = stage.image.workdir.value
    words = list(_start_words(stage))
    named = next((word for word in words if "server.js" in word), None)
    if named is not None:
        server = posixpath.dirname(posixpath.normpath(posixpath.join(folder or "/", named)))
        clear = folder is not None and "cd" not in words and " " not in named and named.endswith("server.js")
        if not clear or not within(server, target):
            return None
        return server if _is_built_there(app, posixpath.relpath(server, target)) else None
    builder = copy.from_stage
    root = builder.image.workdir.value if builder is not None else None
    if builder is None or not root or app == root or not within(app, root):
        return None
    locks = {posixpath.join(root, name) for name in _LOCKS}
    if not any(put.path in locks for put in builder.files.puts):
        return None
    return posixpath.normpath(posixpath.join(target, posixpath.relpath(app, root)))


def _workspace_folder(change: DockerfileChange, copy: Copy, app: str) -> str | None:
    """Return where `server.js` lies if the standalone output keeps the folders of a workspace, below its lock file."""
    builder, target = copy.from_stage, copy.destination or "/"
    root = builder.image.workdir.value if builder is not None else None
    if builder is None or not root or app == root or not within(app, root):
        return None
    names = [posixpath.basename(put.path) for put in builder.files.puts if posixpath.dirname(put.path) == root]
    whole = any(put.whole and put.kind == "context" and put.path == root for put in builder.files.puts)
    listed = change.repository.context_files(change.path) or () if whole else ()
    if _LOCKS.isdisjoint((*names, *listed)) or any(posixpath.basename(one) in _LOCKS for one in listed if "/" in one):
        return None
    return posixpath.normpath(posixpath.join(target, posixpath.relpath(app, root)))


def _is_misnamed(stage: Stage, copy: Copy, inner: str) -> bool:
    """Whether the container starts the server out of the output's root, and the static files go to the other folder."""
    words, folder = list(_start_words(stage)), stage.image.workdir.value
    named = next((word for word in words if word.endswith("server.js") and " " not in word), None)
    if named is None or folder is None or "cd" in words:
        return False
    server = posixpath.dirname(posixpath.normpath(posixpath.join(folder, named)))
    static = posixpath.join(inner, _STATIC)
    beside = any((one.destination or "").rstrip("/") == static for one in stage.copies)
    return server == (copy.destination or "/").rstrip("/") and server != inner and beside


def _is_built_there(app: str, inside: str) -> bool:
    """Whether the output lies in the application's own folder: `distDir` may name another one, as Nx does."""
    if inside == ".":
        return True
    return f"{app}/".endswith(f"/{inside}/") and not _BUILT.intersection(app.split("/"))


def _start_words(stage: Stage) -> Iterator[str]:
    for setting in stage.image.start_command:
        if setting.value is not None and setting.value.form == "exec":
            yield from setting.value.words
        elif setting.value is not None:
            yield from (word.value for command in setting.value.commands for word in command.words)


def _misplaced(stage: Stage, standalone: Copy, source: str, wanted: str) -> Copy | None:
    """Return the COPY of static files when none of them goes where the server looks."""
    found = [
        copy
        for copy in stage.copies
        if copy.from_stage is standalone.from_stage
        and [(copy.source_path(one) or "").rstrip("/") for one in copy.sources] == [source]
    ]
    served = wanted.removesuffix(_STATIC) + "public/_next/static"  # the server gives out all of `public` by its path
    if any(copy.destination is None or copy.destination.rstrip("/") in (wanted, served) for copy in found):
        return None
    others = (put for put in stage.files.puts if put.step not in (*found, standalone) and put.tree)
    if any(within(wanted, put.path) for put in others):
        return None
    return found[-1] if found else None


def _leaves_out(stage: Stage, standalone: Copy, server: str) -> bool:
    """Whether nothing brings `.next/static`: no COPY, no folder above it, no command of the builder."""
    builder = standalone.from_stage
    if builder is None or any("static" in run.instruction.whole_value for run in builder.done_runs):
        return False
    named = any("static" in str(copy.instruction) for copy in stage.all_copies)
    wanted = posixpath.join(server, _STATIC)
    above = any(within(wanted, put.path) and put.step is not standalone and put.tree for put in stage.files.puts)
    return not named and not above


def _is_completed(change: DockerfileChange, standalone: Copy, app: str) -> bool:
    """Whether a script of the application's package.json puts something into the standalone output (`postbuild`)."""
    scripts = package_of(change, standalone.from_stage, app)[1] if standalone.from_stage is not None else {}
    return any("standalone" in script for script in scripts.values())


def _had(was: Stage | None) -> bool:
    """Whether the static files came along before the change, with all of `.next` or by themselves."""
    copies = was.all_copies if was is not None else ()
    paths = [(copy.source_path(one) or "").rstrip("/") for copy in copies for one in copy.sources if copy.from_stage]
    return any(path.endswith(("/.next", f"/{_STATIC}")) for path in paths)


def _left_out(stage: Stage, copy: Copy, app: str, server: str, *, had: bool) -> Problem:
    owner = copy.option("chown")
    flags = f"--from={copy.from_text}" + (f" --chown={owner}" if owner else "")
    line = f"COPY {flags} {posixpath.join(app, _STATIC)} {posixpath.join(server, _STATIC)}"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies Next.js's standalone output, which leaves {quote(_STATIC)} out, and nothing else brings "
        "that. Unless a CDN has the files, every page comes without styles and scripts. Copy them beside `server.js`: "
        f"{quote(line)}.",
        Confidence.LIKELY if had else Confidence.POSSIBLE,
        doubt="a CDN may have the files" if had else "",
        stage=stage.key,
        key="left out",
        fix=fix("Copy the static files too", insert_line_after(copy.instruction, line)),
    )


def _started_elsewhere(stage: Stage, copy: Copy, app: str, inner: str) -> Problem:
    start = next(setting.instruction for setting in stage.image.start_command if setting.instruction is not None)
    target = copy.destination or "/"
    right = posixpath.join(inner, "server.js")
    return Problem(
        start.span,
        f"{stage.label} starts `server.js` in {quote(target)}. Next.js's standalone output keeps the folders of a "
        f"workspace: that of {quote(app)} has its server at {quote(right)}, and its static files go there as well. The "
        f"container exits with “Cannot find module”. Start {quote(posixpath.relpath(right, target))}.",
        Confidence.LIKELY,
        doubt="`outputFileTracingRoot` may be the application's own folder",
        instruction=start,
        stage=stage.key,
        key="start",
    )


def _problem(stage: Stage, copy: Copy, wanted: str, effect: str) -> Problem:
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(copy.sources[0].word.text)} to {quote(copy.destination or '')}, and Next.js's "
        f"server looks for it in {quote(wanted)}, beside its `server.js`. The site comes up {effect}.",
        Confidence.LIKELY,
        doubt="the server may be told to look elsewhere",
        stage=stage.key,
        key=posixpath.basename(wanted),
        fix=_fix(copy, wanted),
    )


def _fix(copy: Copy, wanted: str) -> Fix | None:
    word, folder = copy.destination_word, copy.workdir.value
    if word is None or "$" in word.text or copy.instruction.exec_form is not None:
        return None
    path = wanted if word.text.startswith("/") or folder is None else f"./{posixpath.relpath(wanted, folder)}"
    return Fix("Copy it beside the server", (replace(copy.instruction.source, word.span, path),))
