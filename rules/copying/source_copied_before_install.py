"""See source_copied_before_install.md."""

import posixpath
from bisect import bisect_right
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    Step,
    move_below,
    once,
    quote,
    replace,
    rule,
)
from rules.copying.context.modules_let_in import LetIn, brought_over, fills_modules, last_maker, let_in
from rules.copying.installs.calls import Install, installs_in, installs_of
from rules.copying.installs.early_sources import is_as_before, source_before
from rules.copying.installs.manifests import (
    NPM_LOCKS,
    WRAPPER,
    copied_above,
    included,
    manifests_named,
    missing,
    to_copy,
)
from rules.copying.installs.removed import is_removed
from rules.copying.installs.tidy_without_sources import tidy_without_sources
from rules.copying.installs.unfetched_modules import build_that_fetches
from rules.copying.installs.unfetched_modules import problem as of_modules
from rules.copying.python.unsplit_syncs import unsplit_syncs
from rules.copying.source_trees.trees import is_read
from rules.matching.gathering import named_lines
from rules.packages.projects.given_version import given_above
from rules.packages.scripts import does_only
from rules.quoting import listed

_FREE_STEPS = frozenset({"ENV", "ARG", "LABEL", "EXPOSE", "SHELL", "STOPSIGNAL"})
_RUNNING = ("run", "build", "other")
"""What package managers do that may run the project's own code."""
_OF_OTHERS = frozenset("git [[ source . pip pip3 rustup".split())
"""Commands that run nothing of the project's own."""
_READ_TOO = (
    *NPM_LOCKS,
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    "bunfig.toml",
)
"""What JavaScript's managers read besides `package.json`; which lock file there is depends on the project."""

_OF_RUBY = (".ruby-version", ".tool-versions")
"""What a Gemfile may read besides: which Ruby the project is for."""


@rule(
    "source-copied-before-install",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The whole source is copied before the dependencies are installed, so any edit installs them again."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped:
            continue
        found: dict[int, tuple[Copy, list[Install]]] = {}
        for install in installs_of(stage):
            copy = source_before(change, stage, install)
            if copy is not None and to_copy(change, copy, install):
                found.setdefault(copy.index, (copy, []))[1].append(install)
        for copy, (first, *later) in found.values():
            read = set(to_copy(change, copy, first))
            others = [one for one in later if not read.issuperset(to_copy(change, copy, one))]
            yield _problem(change, stage, copy, [first, *others])
        fetching = build_that_fetches(change, stage)
        if fetching is not None and fetching[0].index not in found:
            yield of_modules(change, stage, *fetching)
        yield from tidy_without_sources(change, stage)
        yield from unsplit_syncs(change, stage) if not found else ()


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, installs: list[Install]) -> Problem:
    """Speak of the installs behind a COPY that read other manifests, each of which has to come first."""
    install = installs[0]
    every = [copied_above(stage, copy, one.manifests[0]) for one in installs]
    above = every[0] if None not in every else None
    lacking = [] if above is None else [name for one in installs for name in missing(change, stage, copy, one)]
    kept = _would_stay(change, stage, installs)
    way_out = _apart(change, copy, installs) if kept else _way_out(change, copy, installs, above, lacking)
    modules = _modules_behind(change, stage, copy, installs) if not kept else None
    if modules is not None:
        gate = quote(modules.ignore.path) if modules.ignore is not None else "a `.dockerignore`"
        way_out += f" Add {quote(modules.pattern)} to {gate}: else the rest brings that of whoever builds over it."
    given = given_above(stage, installs[-1].run)
    if given is not None:
        way_out += f" Set {quote(given)} below the install as well: a new value of it installs everything anew, too."
    what = "the whole context" if copy.brings_context_root else "the sources"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {what} (`{copy.instruction.keyword}`) before {_shown(installs)}. "
        f"An edit of any file then makes every build install all dependencies again. {way_out}",
        _confidence(change, stage, copy, install, sure=above is not None and not lacking),
        doubt="the install may need more of the sources than its manifests",
        instruction=copy.instruction,
        stage=stage.key,
        fix=_kept_out(modules, _fix(change, stage, copy, installs, copied=above is not None))
        if not (lacking or kept or given)
        else None,
        held_before=is_as_before(change, stage, copy),
    )


def _way_out(
    change: DockerfileChange, copy: Copy, installs: list[Install], above: Copy | None, lacking: list[str]
) -> str:
    if above is None:
        return f"Copy {manifests_named(change, copy, *installs)} first, install, and copy the rest below."
    there = f"The manifest is already there (line {above.instruction.line}): copy"
    if lacking:
        return f"{there} {listed(lacking, len(lacking))} beside it, install, and copy the rest below."
    return f"{there} the rest below the install."


def _would_stay(change: DockerfileChange, stage: Stage, installs: list[Install]) -> bool:
    """Whether a RUN removes what it installs out of an image that ships, so that only one RUN may do both."""
    return stage.index in change.after.in_shipped_images and any(is_removed(stage, one) for one in installs)


def _apart(change: DockerfileChange, copy: Copy, installs: list[Install]) -> str:
    named = manifests_named(change, copy, *installs)
    return (
        f"A stage of its own can copy {named} first, install, copy the rest, build, and hand over what it made: here "
        "the install has to stay in the `RUN` that removes it again, or a layer keeps it."
    )


def _modules_behind(change: DockerfileChange, stage: Stage, copy: Copy, installs: list[Install]) -> LetIn | None:
    """Return the `node_modules` of the context that the sources would bring over the installed one, once below it."""
    for install in installs if installs[-1].run.at >= last_maker(stage) else ():
        path = brought_over(copy, install) if fills_modules(install) else None
        modules = let_in(change, path) if path is not None else None
        if modules is not None:
            return modules
    return None


def _kept_out(modules: LetIn | None, fix: Fix | None) -> Fix | None:
    """Return the fix together with the line that keeps the `node_modules` of whoever builds out."""
    if modules is None or fix is None:
        return fix
    return Fix(fix.title, (*fix.edits, modules.ignore.append(modules.pattern))) if modules.ignore is not None else None


def _shown(installs: list[Install]) -> str:
    """Name the calls, those of a name together: `pip install` (lines 8 and 9)."""
    lines: dict[str, list[str]] = {}
    for one in installs:
        lines.setdefault(one.shown, []).append(str(one.call.command.line))
    return listed([f"{quote(shown)} ({named_lines(list(dict.fromkeys(at)))})" for shown, at in lines.items()])


def _confidence(change: DockerfileChange, stage: Stage, copy: Copy, install: Install, *, sure: bool) -> Confidence:
    """How sure it is that the install does without the sources; what runs above it may make what it reads."""
    own = _own_code(stage)
    first = bisect_right(own, copy.instruction.span.end)
    if first < len(own) and own[first] < install.call.command.start:
        return Confidence.POSSIBLE
    return Confidence.CERTAIN if sure and is_read(change, install) else Confidence.LIKELY


@once
def _own_code(stage: Stage) -> list[int]:
    """Where the commands start that may run the project's own code, in their order."""
    opaque = {command.start for command in stage.files.opaque_commands}
    calls = {call.command.start for run in stage.runs for call in run.package_calls if call.action not in _RUNNING}
    own = opaque - calls
    commands = (command for run in stage.runs for command in run.commands if not command.part)
    return sorted(c.start for c in commands if c.start in own and c.name not in _OF_OTHERS)


def _fix(change: DockerfileChange, stage: Stage, copy: Copy, installs: list[Install], *, copied: bool) -> Fix | None:
    """Move the COPY below the installs; where nothing brings the manifests yet, copy them in its place."""
    last = installs[-1].run
    between = stage.steps[copy.index + 1 : last.index + 1]
    if not all(_is_free(step) for step in between) or "$" in copy.instruction.value or copy.instruction.heredocs:
        return None
    gone, below = move_below(copy.instruction, last.instruction)
    if copied:
        return Fix("Copy the sources below the install", (gone, below))
    manifests = _manifests_copy(change, copy, installs)
    if manifests is None:
        return None
    text = change.source.cut(copy.instruction.span)
    here = replace(change.source, copy.instruction.span, manifests)
    after = replace(change.source, below.span, f"\n{text}")
    return Fix("Copy the manifests first", (here, after))


def _is_free(step: Step) -> bool:
    """Whether a step does the same without the sources."""
    if not isinstance(step, Run):
        return step.instruction.keyword in _FREE_STEPS
    starts = {call.command.start for call in step.package_calls if _is_named(step, call.command.start)}
    return does_only(step, starts | {one.call.command.start for one in installs_in(step)}, "export")


def _is_named(run: Run, start: int) -> bool:
    """Whether a package manager's call reads no file of the project."""
    call = next(call for call in run.package_calls if call.command.start == start)
    return (
        not call.manifests
        and call.action in ("install", "clean", "update", "upgrade", "other")
        and not any(package.kind == "path" for package in call.packages)
    )


def _manifests_copy(change: DockerfileChange, copy: Copy, installs: list[Install]) -> str | None:
    """Write the COPY of the manifests; `None` unless the listing proves that they lie in the context's root."""
    files = change.repository.context_files(change.path)
    word = copy.destination_word
    if files is None or word is None or not copy.brings_context_root:
        return None
    if any(one.call.program == WRAPPER or one.folder != copy.destination for one in installs):
        return None  # `.mvn` is a folder, which takes a COPY of its own
    names = [posixpath.relpath(path, one.folder or "/") for one in installs for path in one.manifests]
    extra = _READ_TOO if "package.json" in names else _OF_RUBY if "Gemfile" in names else ()
    wanted = [name for name in dict.fromkeys((*names, *extra)) if name in files]
    if any(included(change, "", name) for name in names):
        return None
    if not wanted or names[0] not in wanted or any("/" in name for name in wanted):
        return None
    if any(name.startswith(".yarn/") for name in files):
        return None  # a folder, whose parts may be needed or a cache
    flags = "".join(f"{change.source.cut(flag.span)} " for flag in copy.instruction.flags)
    folder = word.text if word.text.endswith("/") else f"{word.text}/"
    return f"COPY {flags}{' '.join(wanted)} {folder}"
