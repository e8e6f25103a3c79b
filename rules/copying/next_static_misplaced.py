"""See next_static_misplaced.md.

Next.js's documentation of `output: "standalone"` says where things lie: below the folder of the lock
file, which is what `outputFileTracingRoot` is unless set.
"""

import posixpath
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
    quote,
    replace,
    rule,
    within,
)

_STANDALONE = "/.next/standalone"
_ASSETS = {".next/static": "without styles and scripts", "public": "without the files of `public`"}
_LOCKS = frozenset({"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"})


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
        if found is None or any(".next" in run.instruction.value for run in stage.runs):
            continue
        copy, app = found
        server = _server_folder(stage, copy, app)
        for asset, effect in _ASSETS.items() if server is not None else ():
            misplaced = _misplaced(stage, copy, posixpath.join(app, asset), posixpath.join(server or "/", asset))
            if misplaced is not None:
                yield _problem(stage, misplaced, posixpath.join(server or "/", asset), effect)


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
        return server if clear and within(server, target) else None
    builder = copy.from_stage
    root = builder.image.workdir.value if builder is not None else None
    if builder is None or not root or app == root or not within(app, root):
        return None
    locks = {posixpath.join(root, name) for name in _LOCKS}
    if not any(put.path in locks for put in builder.files.puts):
        return None
    return posixpath.normpath(posixpath.join(target, posixpath.relpath(app, root)))


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
    if any(copy.destination is None or copy.destination.rstrip("/") == wanted for copy in found):
        return None
    others = (put for put in stage.files.puts if put.step not in (*found, standalone) and put.tree)
    if any(within(wanted, put.path) for put in others):
        return None
    return found[-1] if found else None


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
