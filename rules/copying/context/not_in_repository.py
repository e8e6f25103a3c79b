"""Commands of a build that read a file which a folder of the build context would bring, and does not hold."""

from __future__ import annotations

import posixpath
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.copying.context.absent import absent
from rules.copying.context.possibly_there import may_be_made, runs_script_above
from rules.copying.installs.looked_up import LOOKED_UP, above, stands_above
from rules.model.outcome import outcome_of_failure
from rules.model.puts import within
from rules.model.work_folders import path_of
from rules.problem import Confidence, Problem
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.copying.context.absent import Absent
    from rules.dockerfile.shell.script import Command
    from rules.model.steps import Run

_GO = frozenset({"build", "install", "run", "test", "vet"})
_ALONE = frozenset(
    "a n race msan asan cover v work x linkshared modcacherw trimpath json i c benchmem failfast short".split()
)
"""Flags of `go build` and `go test` that take no value (`go help build`, `go help testflag`)."""


def not_in_repository(change: DockerfileChange, run: Run, command: Command, path: str) -> Problem | None:
    """Return what to say of a file that a command reads, where the repository is known not to have it.

    Args:
        change: The change under review.
        run: The RUN.
        command: Its command.
        path: The file, absolute, in the image.
    """
    gone = absent(change, run.stage, path, run) if "{" not in path else None  # `find -exec` fills in `{}`
    if gone is None or may_be_made(run.stage, command, path) or runs_script_above(run.stage, command):
        return None
    if _lies_above(change, run, command, path, gone):
        return None
    copy = gone.copy.instruction
    stops = "It fails there, and the script goes on."
    if outcome_of_failure(run, command) == "stops":
        stops = "The build stops here."
    return Problem(
        command.span,
        f"{run.stage.label} runs {quote(str(command))}, which reads {quote(path)}. Only {quote(str(copy))} (line "
        f"{copy.line}) can bring that, and {gone.lack}. {stops} {gone.way_out}",
        Confidence.LIKELY,
        doubt="something may write it into the build context first",
        instruction=run.instruction,
        stage=run.stage.key,
        key=gone.path,
        decision=gone.path,
    )


def _lies_above(change: DockerfileChange, run: Run, command: Command, path: str, gone: Absent) -> bool:
    """Whether a program finds its manifest in a folder above, put there by its name or by the same COPY."""
    if LOOKED_UP.get(command.name) != posixpath.basename(gone.path):
        return False
    if stands_above(run, path):
        return True
    files = frozenset(change.repository.context_files(change.path) or ())
    sources = (gone.copy.source_path(source) for source in gone.copy.sources)
    roots = [posixpath.normpath(f"/{source}") for source in sources if source is not None]
    return any(one in files and any(within(f"/{one}", root) for root in roots) for one in above(gone.path))


def packages_built(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the folders of the project that `go build` names: `./cmd/shop`; it takes no pattern for one.

    A flag of `go build` may take the next word (`-o ./shop`, `-overlay ./files.json`), `go run` hands all behind the
    first package to the program, and what stands behind a flag of `go test` may be the test's own ("go help packages").
    """
    for command in run.calls("go"):
        if command.subcommand not in _GO or command.conditional or command.has("-C"):
            continue
        for text in _packages(command):
            plain = text.startswith("./") and text != "./" and not text.endswith(".go") and "..." not in text
            path = path_of(run, command, text) if plain and not any(mark in text for mark in "$*?{") else None
            if path is not None:
                yield command, path


def _packages(command: Command) -> Iterator[str]:
    words = [word.value for word in command.args[1:]]
    for before, word in pairwise(["", *words]):
        if word.startswith("-"):
            if command.subcommand == "test" and before and not before.startswith("-"):
                return
            continue
        takes = before.startswith("-") and "=" not in before and before.lstrip("-") not in _ALONE
        if not takes:
            yield word
            if command.subcommand == "run":
                return
