"""See prefer_add_git.md."""

from collections.abc import Iterator
from itertools import islice

from rules.api import Category, DockerfileChange, Problem, Run, Severity, quote, rule
from rules.copying.fetching.clones import Clone, clones
from rules.copying.fetching.fetched_by_add import above_run, is_plain_place, knows_add, leaves_no_layer
from rules.quoting import listed

_FULL_HASH = 40
_LOOKED_AT = 50
"""Clones of one RUN, each of which is held against all that the RUN does behind it."""


@rule(
    "prefer-add-git",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="off",
    keywords=("RUN",),
    mentions=("clone",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN clones a repository that ADD fetches by itself."""
    if not knows_add(change):
        return
    for stage in change.stages:
        for run in stage.runs if not stage.runtime.is_windows else ():
            found = [
                clone
                for clone in islice(clones(run), _LOOKED_AT)
                if not leaves_no_layer(run, clone.command, clone.path)
            ]
            if found:
                yield _problem(change, run, found)


def _problem(change: DockerfileChange, run: Run, found: list[Clone]) -> Problem:
    stage = run.stage
    every = tuple(dict.fromkeys(clone.place for clone in found))
    names = change.fresh("prefer-add-git", stage, every)
    told = [clone for clone in found if clone.place in names]
    first, one = told[0], len(names) == 1
    unseen, again = _seen(first) if one else ("", "")
    return Problem(
        first.command.span,
        f"{stage.label} clones {listed(map(quote, names), 3)} in a `RUN`, which needs `git`{unseen}. "
        f"{quote(_add(first))} fetches {'it' if one else 'the first'} with its submodules and without `git`{again}; "
        "`--keep-git-dir=true` keeps `.git`.",
        instruction=run.instruction,
        stage=stage.key,
        items=every,
        fix=above_run(run, "Fetch it with ADD", _add(first, keeps=True), first.command)
        if _is_safe(run, found)
        else None,
    )


def _seen(clone: Clone) -> tuple[str, str]:
    """Say what the cache of a RUN does not see, and what ADD does instead: it asks which commit a name stands for."""
    if clone.is_commit:
        short = clone.state is not None and len(clone.state) < _FULL_HASH
        return "", ", and takes a commit by all its 40 digits" if short else ""
    if clone.state is None:
        return "", ""
    name = quote(clone.ref) if clone.ref else "its branch"
    return f" and whose cache does not see where {name} stands by now", ", and again when that is another commit"


def _add(clone: Clone, *, keeps: bool = False) -> str:
    """Return the instruction in its place: ADD knows a repository by the `.git` behind its name (reference, "ADD")."""
    flag = "--keep-git-dir=true " if keeps else ""
    ref = f"#{clone.ref}" if clone.ref else ""
    return f"ADD {flag}{clone.url.removesuffix('/').removesuffix('.git')}.git{ref} {clone.folder}"


def _is_safe(run: Run, found: list[Clone]) -> bool:
    """Whether ADD brings the very same: one shallow clone of a name that is written out, by root."""
    clone = found[0]
    shallow = clone.command.option("--depth") == "1" and clone.ref and not clone.is_chosen_later
    plain = all(word.literal for word in clone.command.args) and clone.has_git_suffix
    placed = clone.folder.startswith("/") or run.workdir.set_in_file
    ends = run.commands[-1] is clone.command or not run.stage.layers_ship  # else its layer keeps what a build read
    return bool(len(found) == 1 and shallow and plain and placed and ends and is_plain_place(run, clone.command))
