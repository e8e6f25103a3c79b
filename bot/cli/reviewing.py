"""`hullcheck check` and `hullcheck review`: folders in, findings out."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TextIO

import rules
from bot.cli import json, manual, sarif, text, trees
from bot.cli.faults import UsageFault
from bot.cli.outcome import Outcome, merged, renamed
from bot.memory import collect_seldom
from bot.repository import ROUNDS, around, further
from rules.policy_file import HADOLINT_PATHS, PATHS, ReadPolicy, find_policy, read_policy
from rules.problem import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from rules.policy import Policy

FORMATS: Final = {"text": text.write, "json": json.write, "sarif": sarif.write}
THRESHOLDS: Final = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "never": None,
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the two commands share.

    Attributes:
        form: A key of `FORMATS`.
        fail_on: A key of `THRESHOLDS`.
        enable: Rules to switch on, by id or another linter's.
        ships: Stages that are built as targets.
        policy: A file to use instead of the tree's own.
        today: What end-of-life rules go by.
    """

    form: str
    fail_on: str
    enable: tuple[str, ...]
    ships: tuple[str, ...]
    policy: Path | None
    today: date


def check(paths: Sequence[Path], options: Options, out: TextIO) -> bool:
    """Review Dockerfiles as they stand; print the findings and say whether one reaches the threshold.

    Args:
        paths: Dockerfiles, and folders with Dockerfiles below them.
        options: How.
        out: Where to.

    Raises:
        UsageFault: A path does not exist or holds no Dockerfile, there is no such rule, the policy is no use.
    """
    by_root: dict[Path, list[Path]] = {}
    for path in paths:
        by_root.setdefault(trees.root_of(path), []).append(path)
    return _print(merged(_check(root, chosen, options) for root, chosen in by_root.items()), options, out)


def review(before: Path, after: Path, options: Options, out: TextIO) -> bool:
    """Review the change from one folder to another; otherwise as `check`.

    Raises:
        UsageFault: As for `check`.
    """
    old, new = trees.listed(before), trees.listed(after)
    read = _policy(before, old, options)
    then = _folder(before, old, _dockerfiles(old, read.policy))
    now = _folder(after, new, _dockerfiles(new, read.policy))
    return _print(_outcome(now, read, options, then), options, out)


def _check(root: Path, paths: Sequence[Path], options: Options) -> Outcome:
    listing = trees.listed(root)
    places = {path: _below(path, root) for path in paths}
    named = [f"/{place}" for path, place in places.items() if path.is_file()]
    read = _policy(root, listing, options)
    read = replace(read, policy=replace(read.policy, paths=(*read.policy.paths, *named)))
    known = _dockerfiles(listing, read.policy)
    chosen: set[str] = set()
    for path, place in places.items():
        there = {each for each in known if not place or each == place or each.startswith(f"{place}/")}
        if not there:
            raise UsageFault(f"{path}: no Dockerfile to be reviewed lies there. Name one, whatever it is called.")
        chosen |= there
    folder = _folder(root, listing, sorted(chosen))
    return renamed(_outcome(folder, read, options), lambda path: _shown(root / path))


def _dockerfiles(listing: Mapping[str, int], policy: Policy) -> list[str]:
    return [path for path in listing if policy.reviews(path)]


def _folder(root: Path, listing: Mapping[str, int], dockerfiles: Sequence[str]) -> trees.Folder:
    """Read Dockerfiles, the files around them, and those that they name."""
    wanted = [*dockerfiles, *around(dockerfiles, listing, len(listing))]
    found = trees.read(root, listing, wanted)
    for _ in range(ROUNDS):
        more = trees.read(root, listing, further(dockerfiles, found.files, listing, len(listing)))
        found = replace(found, files={**found.files, **more.files}, unread={**found.unread, **more.unread})
    return found


def _policy(root: Path, listing: Mapping[str, int], options: Options) -> ReadPolicy:
    """Read the policy that is asked for, or the tree's own; only the first must be without a fault."""
    if options.policy is None:
        return find_policy(trees.read(root, listing, {*PATHS, *HADOLINT_PATHS} & listing.keys()).files)
    try:
        read = read_policy(str(options.policy), options.policy.read_bytes())
    except OSError as error:
        raise UsageFault(f"{options.policy}: {error.strerror}. Name a policy file that can be read.") from None
    if read.faults:
        raise UsageFault("; ".join(map(str, read.faults)) + ". Correct the policy.")
    return read


def _outcome(after: trees.Folder, policy: ReadPolicy, options: Options, before: trees.Folder | None = None) -> Outcome:
    collect_seldom()
    report = rules.review(
        before.files if before is not None else {},
        after.files,
        listing=after.listing,
        listing_before=before.listing if before is not None else None,
        ships=options.ships,
        policy=policy.policy,
        today=options.today,
        enable=tuple(rule.id for name in options.enable for rule in manual.found(name)),
    )
    return Outcome(report, after.files, after.unread, tuple(map(str, policy.faults)))


def _print(outcome: Outcome, options: Options, out: TextIO) -> bool:
    FORMATS[options.form](outcome, out)
    return outcome.reaches(THRESHOLDS[options.fail_on])


def _below(path: Path, root: Path) -> str:
    return "" if path.resolve() == root else path.resolve().relative_to(root).as_posix()


def _shown(path: Path) -> str:
    """Return the path as a reader in the working directory would write it."""
    return min(os.path.relpath(path), str(path), key=len)
