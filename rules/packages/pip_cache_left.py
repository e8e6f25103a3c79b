"""See pip_cache_left.md."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    is_development_name,
    once,
    quote,
    rule,
)
from rules.packages.options import add_option


class _Kept(NamedTuple):
    """A RUN that leaves pip's cache.

    Attributes:
        stage: The stage that ships.
        run: The RUN.
        calls: The installs that leave it.
    """

    stage: Stage
    run: Run
    calls: list[PackageCall]


_SILENCES = re.compile(r"\b(?:ignore|skip|nosec)\b")
_CACHE_FOLDERS = ("/root/.cache/pip", "/root/.cache")

_HALF = 0.5
_MOST, _MANY_WORDS = 20, 500
"""RUNs, and words of each, that are compared with those before the change."""


@rule(
    "pip-cache-left",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("pip",),
    aliases=("DL3042",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A layer that ships keeps pip's download cache."""
    by_stage: dict[int, list[_Kept]] = {}
    for stage, run in change.after.layers.shipped_runs:
        calls = _left(run) if run.package_calls and not is_development_name(run.stage.name) else []
        if calls:
            by_stage.setdefault(stage.index, []).append(_Kept(stage, run, calls))
    for kept in by_stage.values():
        was = change.was(kept[0].stage)
        old = _old_names(kept, [run for run in was.all_runs if _left(run)] if was is not None else [])
        for neighbours in _neighbours(kept, old):
            yield _problem(neighbours, tuple(old.get(id(one.run)) or _text(one.run) for one in neighbours))


def _left(run: Run) -> list[PackageCall]:
    """Return the installs of a RUN that leave a cache in its layer."""
    calls = [call for call in run.package_calls if call.manager == "pip" and call.action == "install"]
    left = [call for call in calls if _downloads(call) and not call.no_cache and not _cleaned_after(run, call)]
    return [] if _is_kept_elsewhere(run) else left


def _text(run: Run) -> str:
    return " ".join(run.instruction.text.split())


def _old_names(kept: list[_Kept], before: list[Run]) -> dict[int, str]:
    """Return what each RUN said before the change, by its identity: the same, or something that is half alike."""
    now = {_text(one.run) for one in kept}
    texts = {_text(run) for run in before}
    found = {id(one.run): _text(one.run) for one in kept if _text(one.run) in texts}
    gone = [text for text in dict.fromkeys(map(_text, before)) if text not in now][:_MOST]
    for one in [one for one in kept if id(one.run) not in found][:_MOST]:
        likeness, alike = max(((_likeness(text, _text(one.run)), text) for text in gone), default=(0.0, ""))
        if likeness >= _HALF:
            gone.remove(alike)
            found[id(one.run)] = alike
    return found


def _likeness(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one.split()[:_MANY_WORDS], other.split()[:_MANY_WORDS], autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _HALF else 0.0


def _neighbours(kept: list[_Kept], old: dict[int, str]) -> Iterator[list[_Kept]]:
    """Yield the RUNs that stand one below the other as one group: a comment for each would say the same thing again.

    What is new is told apart from what was there, and a RUN with a comment that silences something stands alone.
    """
    group: list[_Kept] = []
    for one in kept:
        if group and not _belongs(group[-1], one, old):
            yield group
            group = []
        group.append(one)
    yield group


def _belongs(above: _Kept, below: _Kept, old: dict[int, str]) -> bool:
    one, other = above.run.instruction, below.run.instruction
    if above.run.stage is not below.run.stage or (id(above.run) in old) != (id(below.run) in old):
        return False
    if any(_SILENCES.search(comment.text) for comment in (*one.comments, *other.comments)):
        return False
    return _places(above.run.stage)[id(other)] == _places(above.run.stage)[id(one)] + 1


@once
def _places(stage: Stage) -> dict[int, int]:
    return {id(instruction): place for place, instruction in enumerate(stage.instructions)}


def _problem(group: list[_Kept], items: tuple[str, ...]) -> Problem:
    stage, run, left = group[0]
    count = sum(len(one.calls) for one in group)
    lines = [str(one.calls[0].command.line) for one in group]
    where = f", at lines {', '.join(lines[:-1])} and {lines[-1]}" if len(lines) > 1 else ""
    return Problem(
        left[0].command.span,
        f"{stage.label} ships pip's download cache: {quote(left[0].program)} installs without `--no-cache-dir`"
        f"{f' in {count} commands{where}' if count > 1 else ''}. Nothing in the container reads it again. "
        "Add the flag, or mount a cache for the build alone: `RUN --mount=type=cache,target=/root/.cache/pip`.",
        Confidence.CERTAIN if stage.base_known else Confidence.LIKELY,
        doubt="the base image is not known, and may switch the cache off",
        instruction=run.instruction,
        stage=stage.key,
        items=items,
        fix=_fix(group),
    )


def _downloads(call: PackageCall) -> bool:
    """Whether a call can fetch anything; wheels that lie ready and `--no-index` leave nothing in the cache."""
    if call.has("--no-index") or call.has("--dry-run"):
        return False
    local = [package.kind == "path" and ("*" in package.name or ".whl" in package.name) for package in call.packages]
    return bool(call.manifests) or not local or not all(local)


def _cleaned_after(run: Run, call: PackageCall) -> bool:
    return any(c.manager == "pip" and c.command.start > call.command.start for c in run.cleanings)


def _is_kept_elsewhere(run: Run) -> bool:
    """Whether pip's cache lies in a mount: at its usual place, or wherever `PIP_CACHE_DIR` says."""
    chosen = run.scope.get("PIP_CACHE_DIR")
    folders = (*_CACHE_FOLDERS, *([chosen.value] if chosen is not None and isinstance(chosen.value, str) else []))
    return any(run.is_mounted(folder) for folder in folders) or any(
        mount.type in ("cache", "tmpfs") and ("pip" in mount.target or mount.target.endswith("/.cache"))
        for mount in run.mounts
    )


def _fix(group: list[_Kept]) -> Fix | None:
    edits = [add_option(one.run, call, "--no-cache-dir") for one in group for call in one.calls]
    return fix("Add `--no-cache-dir`", *edits)
