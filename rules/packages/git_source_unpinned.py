"""See git_source_unpinned.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    comments_on,
    names_read,
    once,
    quote,
    rule,
)
from rules.comments import is_meant_to_move
from rules.model.work_folders import folder_of
from rules.packages.pins.unpinned import BRANCHES, is_given
from rules.quoting import listed
from rules.secrets.downloads.fetched import stages_that_count

_REMOTE = re.compile(r"(?:(?:https?|git|ssh)://(?:[^/@\s]*@)?|git@)(?P<place>[\w.-]+[:/][^\s#$]+)")
_CHOOSES = frozenset("checkout reset switch fetch pull merge am worktree".split())
"""Subcommands that may bring a clone to another commit than its branch has."""
_MOVES = frozenset({"clone", "checkout", "switch"})
_PLAIN = ("-q", "--quiet", "-f", "--force")
_NUMBERED = re.compile(r"\d")
"""What tells a release from a branch in most names."""
_LIKE_A_BRANCH = re.compile(r"(?!-)[A-Za-z_/-]+")
"""Neither a commit nor a release, which have digits, nor a file with an ending."""
_VALUED = frozenset(
    "-b --branch --depth -c --config -o --origin -u --upload-pack --reference --reference-if-able --separate-git-dir "
    "-j --jobs --filter --shallow-since --shallow-exclude --template --server-option --bundle-uri --revision -C".split()
)
"""Options of `git` and of `git clone` that take the next word (git-clone(1))."""

_VCPKG = "github.com/microsoft/vcpkg"
"""The versions of its ports are those of the `builtin-baseline` of `vcpkg.json` (vcpkg, "Versioning")."""


class _Clone(NamedTuple):
    """A clone of a branch that moves.

    Attributes:
        command: The `git clone`.
        place: The repository's host and path.
        branch: The branch where it is named, else empty.
        by_default: Whether that is the default of an argument.
        sure: Whether it is a branch for certain, and no tag.
    """

    command: Command
    place: str
    branch: str
    by_default: bool = False
    sure: bool = True


class _Branch(NamedTuple):
    """What a clone is brought to, and moves; the last two are those of a `_Clone`."""

    name: str
    by_default: bool = False
    sure: bool = True


@rule(
    "git-source-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("clone",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Sources are cloned in whatever state a branch has today."""
    for stage in stages_that_count(change):
        for run in stage.runs:
            found = [clone for command in _left_as_cloned(run) if (clone := _moving(run, command)) is not None]
            found = [
                clone
                for clone in found
                if not (clone.by_default and is_given(change, run, run.instruction.whole_value))
            ]
            if found and run.index >= _last_choice(stage):
                yield _problem(change, stage, run, found)


def _moving(run: Run, command: Command) -> _Clone | None:
    """Read a `git clone` that takes a branch as it is; `None` where it says which state, or may."""
    words = [word.value for word in command.operands(_VALUED)]
    if words[:1] != ["clone"] or len(words) == 1 or command.conditional or command.has("--revision"):
        return None
    found = _REMOTE.fullmatch(words[1])
    written = command.option("-b", "--branch") or ""
    by_default = "$" in written
    branch = _default(run, written) if by_default else written
    if found is None or branch is None or (_NUMBERED.search(branch) and branch not in BRANCHES):
        return None
    branch_behind = _branch_behind(run, command)
    chosen = branch_behind or _Branch(branch, by_default, not branch or branch in BRANCHES)
    return _Clone(command, found["place"].removesuffix(".git"), *chosen)


def _branch_behind(run: Run, command: Command) -> _Branch | None:
    """Return the branch to which a RUN switches a clone behind it; `None` where it does not."""
    following = _next_moves(run).get(command.start)
    return _switched_to(run, following) if following is not None else None


@once
def _next_moves(run: Run) -> dict[int, Command]:
    """Return the next call of git behind each that clones or goes to another state, by where that one starts."""
    found: dict[int, Command] = {}
    behind: Command | None = None
    for call in reversed(run.calls("git")):
        if behind is not None:
            found[call.start] = behind
        if any(word.value in _MOVES for word in call.args):
            behind = call
    return found


def _default(run: Run, written: str) -> str | None:
    """Return the branch that the arguments of a file stand for by default; `None` for what may be a release."""
    names = names_read(written)
    own = {name for command in run.commands for name, _ in command.assignments}
    branch = run.scope.expand(written) if own.isdisjoint(names) else None
    if branch is None or branch in BRANCHES:
        return branch
    called = all("branch" in name.lower() for name in names)
    return branch if called and _LIKE_A_BRANCH.fullmatch(branch) else None


def _left_as_cloned(run: Run) -> list[Command]:
    """Return the clones of a RUN behind which nothing, up to the next, may bring them to a commit."""
    found: list[Command] = []
    chosen = False
    for command in reversed(run.calls("git")):
        if all(word.value != "clone" for word in command.args):
            chosen = chosen or _may_choose(run, command)
            continue
        if not chosen:
            found.append(command)
        chosen = False
    return found[::-1]


@once
def _last_choice(stage: Stage) -> int:
    """Return the index of the last step that may bring a clone of another RUN to a commit; -1 without one.

    So may one that goes to a variable: it is there for a build that says which.
    """
    calls = ((run, call) for run in stage.runs for call in run.calls("git") if not _is_of_own_clone(run, call))
    return max((run.index for run, call in calls if _may_choose(run, call) or _is_by_default(run, call)), default=-1)


def _is_of_own_clone(run: Run, command: Command) -> bool:
    """Whether it works in the folder that a `git clone` of its own RUN has made."""
    folder = folder_of(run, command) if not command.has("-C") else None
    made = _folders_made(run).get(posixpath.basename(folder)) if folder is not None else None
    return made is not None and made < command.start


@once
def _folders_made(run: Run) -> dict[str, int]:
    """The folders that a RUN clones into, by their last names, with the place of the first such clone."""
    found: dict[str, int] = {}
    for call in run.calls("git"):
        words = [word.value for word in call.operands(_VALUED)]
        if words[:1] == ["clone"]:
            found.setdefault(posixpath.basename(words[-1].rstrip("/")).removesuffix(".git"), call.start)
    return found


def _is_by_default(run: Run, command: Command) -> bool:
    switched = _switched_to(run, command)
    return switched is not None and switched.by_default


def _may_choose(run: Run, command: Command) -> bool:
    """Whether it may bring a clone to a commit: `git checkout develop` goes to whatever that branch has."""
    words = [word.value for word in command.args]
    return _switched_to(run, command) is None and not _CHOOSES.isdisjoint(words)


def _switched_to(run: Run, command: Command) -> _Branch | None:
    """Return the branch that a clone goes to, and that moves: `git switch` takes nothing else without `--detach`."""
    words = [word.value for word in command.args if word.value not in _PLAIN]
    if len(words) != 2 or words[0] not in ("checkout", "switch"):  # noqa: PLR2004 - the subcommand and a name
        return None
    name = words[1]
    if "$" in name:
        default = _default(run, name)
        return _Branch(default, by_default=True) if default else None
    moves = name in BRANCHES or (words[0] == "switch" and not name.startswith("-"))
    return _Branch(name) if moves else None


def _has_baseline(change: DockerfileChange, names: tuple[str, ...]) -> bool:
    """Whether all that is cloned is vcpkg, and a manifest of the project holds its ports to one commit of it."""
    return set(names) == {_VCPKG} and bool(change.repository.by_name.get("vcpkg.json"))


def _problem(change: DockerfileChange, stage: Stage, run: Run, found: list[_Clone]) -> Problem:
    """Speak at once of all that a RUN clones so, and name what is new of it."""
    every = tuple(dict.fromkeys(clone.place for clone in found))
    names = change.fresh("git-source-unpinned", stage, every)
    told = [clone for clone in found if clone.place in names]
    first, one = told[0], len(names) == 1
    shown = listed(map(quote, names), 3)
    state = f"state {quote(first.branch)} has" if one and first.branch else f"state {'its' if one else 'their'} "
    if not (one and first.branch):
        state += "branch has" if one else "branches have"
    deep = ", which wants the whole history" if first.command.has("--depth", "--shallow-since") else ""
    guessed = any(not clone.sure for clone in told)
    by_default = all(clone.by_default for clone in told)
    doubt = f"{quote(first.branch)} may be a tag" if guessed else BY_ARGUMENT if by_default else ""
    return Problem(
        first.command.span,
        f"{stage.label} takes {shown} in whatever {state} on the day of the build. The same commit gives another image "
        f"tomorrow, and a bad change goes straight in. Clone the release that was tested with `--branch <tag>`, or "
        f"check out its commit{deep}.",
        Confidence.LIKELY if guessed or by_default else Confidence.CERTAIN,
        doubt=doubt,
        instruction=run.instruction,
        stage=stage.key,
        items=every,
        decision=f"clone {' '.join(names)}",
        shared_advice=f"clone a release {doubt}",
        heed="where a commit wants the whole history" if deep else "",
        minor=_has_baseline(change, names),
        untold=is_meant_to_move(comments_on(run)),
    )
