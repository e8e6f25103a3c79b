"""Tell which problems a change is responsible for, and which it has repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.matching.delegated import moved_into_scripts
from rules.matching.fingerprint import unchanged
from rules.matching.renames import in_new_names, in_stages_above
from rules.matching.same_images import in_same_images
from rules.matching.wording import normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rules.change import DockerfileChange
    from rules.judging import Judged
    from rules.matching.fingerprint import Raised
    from rules.matching.recalled import Recalled

OF_WHAT_IS_LOST: Final[Mapping[str, tuple[str, ...]]] = {
    "entrypoint-lost": (
        *("arg-read-at-run-time", "cmd-ignored", "command-misspelt", "console-scripts-not-copied"),
        *("debug-mode-shipped", "entrypoint-not-executable", "entrypoint-script-no-exec", "exec-form-one-word"),
        *("exec-form-variable", "expose-port-mismatch", "from-platform-constant", "healthcheck-localhost-ipv6"),
        *(
            "healthcheck-port-mismatch",
            "healthcheck-starts-program",
            "java-options-unread",
            "jvm-options-after-jar",
            "malformed-exec-form",
        ),
        *("next-build-left-behind", "next-static-misplaced", "npm-script-missing", "npm-start-as-pid1"),
        *("prefer-multi-stage", "python-env-defaults", "scratch-without-ca-or-tzdata", "sdk-image-shipped"),
        *("server-on-loopback", "shell-form-start", "shell-in-scratch", "start-command-doubled"),
        *("start-in-background", "start-manifest-missing", "start-needs-dev-dependency", "start-option-gone"),
        *("start-path-missing", "start-script-syntax-error", "start-tool-missing", "stopsignal-for-server"),
        *("stopsignal-ungraceful", "venv-not-on-path", "venv-relocated"),
    ),
    "healthcheck-dropped": (
        *("healthcheck-localhost-ipv6", "healthcheck-port-mismatch"),
        *("healthcheck-starts-program", "healthcheck-tool-missing"),
    ),
    "https-without-certificates": ("apt-recommends-installed",),
    "user-escalated": (
        *("copy-root-owned-after-user", "mount-owned-by-root", "named-user-without-passwd", "privileged-port-nonroot"),
        *("package-manager-as-non-root", "root-home-needed", "uid-implicit", "user-group-drops-supplementary"),
        *("user-name-not-numeric", "volume-not-owned"),
    ),
}
"""Rules about what is gone with the start command, the health check, the user or a recommended package that is needed:
none of it is repaired by that."""


def baselines(
    change: DockerfileChange, before: Judged, after: Judged, open_images: Recalled | None = None
) -> tuple[set[int], set[int]]:
    """Match what the rules say of a Dockerfile now with what they said of it before the change.

    Args:
        change: The change.
        before: What they said.
        after: What they say.
        open_images: What they would say where the change leaves an image open that was known.

    Returns:
        Indexes into `after.raised` of what was there before, and into `before.raised` of what still is there.
    """
    old, new = before.raised, after.raised
    renamed = in_new_names(old, change)
    known, still = unchanged(renamed, new, [stage.key for stage in before.model.stages])
    _match_across_stages(change, renamed, new, known, still)
    hidden, hidden_now = in_new_names(before.hidden, change), in_stages_above(after.hidden, change)
    known |= _again(new, known, _shown(hidden, hidden_now))
    still |= _again(renamed, still, _shown(hidden_now, hidden))
    held = {index for index, item in enumerate(new) if item.problem.held_before} - known
    still |= _under_another_name(old, still, [new[index] for index in sorted(held)])
    still |= moved_into_scripts(change, old, [i for i in range(len(old)) if i not in still])
    told = [item for index, item in enumerate(new) if index not in known | held]
    still |= _gone_with_the_rest(old, told)
    if any(item.rule.id == "default-target-changed" for item in told):
        still |= _in_what_ships_no_more(change, before, old)
    known |= held
    if open_images is not None:
        known |= open_images.not_new({i: one for i, one in _but(new, known).items() if not one.rule.compares})
        still |= open_images.not_repaired(_but(old, still))
    known_by_image, still_by_image = in_same_images(change, _but(old, still), _but(new, known))
    return known | known_by_image, still | still_by_image


def _but(items: Sequence[Raised], matched: Collection[int]) -> dict[int, Raised]:
    return {index: item for index, item in enumerate(items) if index not in matched}


def _match_across_stages(
    change: DockerfileChange, old: Sequence[Raised], new: Sequence[Raised], known: set[int], still: set[int]
) -> None:
    """Match what is left where a stage was split, and the part below has another name."""
    left_old, left_new = list(_but(old, still)), list(_but(new, known))
    if left_old and left_new:
        ours = in_stages_above([new[index] for index in left_new], change)
        found, kept = unchanged([old[index] for index in left_old], ours)
        known.update(left_new[index] for index in found)
        still.update(left_old[index] for index in kept)


def _shown(hidden: Sequence[Raised], others: Sequence[Raised]) -> list[Raised]:
    """Return what was not told in one version, and is no matter in the other: another rule spoke, or was silent."""
    if not hidden:
        return []
    _, still = unchanged(hidden, others)
    return [one for index, one in enumerate(hidden) if index not in still]


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


def _in_what_ships_no_more(change: DockerfileChange, before: Judged, old: Sequence[Raised]) -> set[int]:
    """Return what was wrong with the last image, where a build makes another one now that nobody asked for.

    What still stands there is as it was.
    """
    last = before.model.stages[-1].key if before.model.stages else ""
    stands = {normalised(instruction) for instruction in change.after.dockerfile.instructions}
    return {index for index, item in enumerate(old) if item.problem.stage == last and item.normal in stands}
