"""Tell which problems a change is responsible for, and which it has repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.delegated import moved_into_scripts
from rules.fingerprint import unchanged
from rules.renames import in_new_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rules.change import DockerfileChange
    from rules.fingerprint import Raised
    from rules.judging import Judged

OF_WHAT_IS_LOST: Final[Mapping[str, tuple[str, ...]]] = {
    "entrypoint-lost": (
        *("cmd-ignored", "debug-mode-shipped", "entrypoint-not-executable", "entrypoint-script-no-exec"),
        *("exec-form-one-word", "exec-form-variable", "npm-script-missing", "npm-start-as-pid1", "python-env-defaults"),
        *("server-on-loopback", "shell-form-start", "start-command-doubled", "start-in-background"),
        *("start-needs-dev-dependency", "start-path-missing", "start-tool-missing", "stopsignal-for-server"),
    ),
    "healthcheck-dropped": ("healthcheck-port-mismatch", "healthcheck-starts-program", "healthcheck-tool-missing"),
    "user-escalated": (
        *("copy-root-owned-after-user", "mount-owned-by-root", "named-user-without-passwd", "privileged-port-nonroot"),
        *("package-manager-as-non-root", "root-home-needed", "uid-implicit", "user-group-drops-supplementary"),
        *("user-name-not-numeric", "volume-not-owned"),
    ),
}
"""Rules about what is gone with the start command, the health check or the user: none of it is repaired by that."""


def baselines(change: DockerfileChange, before: Judged, after: Judged) -> tuple[set[int], set[int]]:
    """Match what the rules say of a Dockerfile now with what they said of it before the change.

    Args:
        change: The change.
        before: What they said.
        after: What they say.

    Returns:
        Indexes into `after.raised` of what was there before, and into `before.raised` of what still is there.
    """
    old, new = before.raised, after.raised
    known, still = unchanged(in_new_names(old, change), new, [stage.key for stage in before.model.stages])
    known |= _again(new, known, _shown(before, after))
    still |= _again(old, still, _shown(after, before))
    held = {index for index, item in enumerate(new) if item.problem.held_before} - known
    still |= _under_another_name(old, still, [new[index] for index in sorted(held)])
    still |= moved_into_scripts(change, old, [i for i in range(len(old)) if i not in still])
    still |= _gone_with_the_rest(old, [item for index, item in enumerate(new) if index not in known | held])
    return known | held, still


def _shown(hiding: Judged, other: Judged) -> list[Raised]:
    """Return what was not told in one version, and is no matter in the other: another rule spoke, or was silent."""
    if not hiding.hidden:
        return []
    _, still = unchanged(hiding.hidden, other.hidden)
    return [one for index, one in enumerate(hiding.hidden) if index not in still]


def _again(items: Sequence[Raised], matched: Collection[int], others: Sequence[Raised]) -> set[int]:
    """Return which of the unmatched problems the other version held as well, where it did not tell them."""
    left = [index for index in range(len(items)) if index not in matched]
    again, _ = unchanged(others, [items[index] for index in left]) if others and left else ((), ())
    return {left[index] for index in again}


def _under_another_name(old: Sequence[Raised], still: Collection[int], held: Iterable[Raised]) -> set[int]:
    """Return what a problem that held before went by then: nothing of the rule in that stage is repaired for it."""
    left = [index for index in range(len(old)) if index not in still]
    found: set[int] = set()
    for item in held:
        place = item.matter, item.problem.stage
        found.update([i for i in left if i not in found and (old[i].matter, old[i].problem.stage) == place][:1])
    return found


def _gone_with_the_rest(old: Sequence[Raised], new: Iterable[Raised]) -> set[int]:
    """Return what was wrong with something that the change takes away as a whole, which is told instead."""
    moot = {(rule, item.problem.stage) for item in new for rule in OF_WHAT_IS_LOST.get(item.rule.id, ())}
    return {index for index, item in enumerate(old) if (item.rule.id, item.problem.stage) in moot}
