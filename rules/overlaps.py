"""One finding per cause: when two rules see the same one, the stronger speaks. This is the only table of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.fingerprint import Raised

Scope = Literal["instruction", "stage", "file"]


class Silence(NamedTuple):
    """What a rule's finding silences.

    Attributes:
        rules: The weaker rules.
        scope: Where: on the same instruction, in the same stage, or in the whole file.
    """

    rules: frozenset[str]
    scope: Scope


def _silence(scope: Scope, *rules: str) -> Silence:
    return Silence(frozenset(rules), scope)


SPEAKS_FOR: Mapping[str, tuple[Silence, ...]] = {
    "onbuild-forbidden": (_silence("instruction", "invalid-syntax"),),
    "base-image-loosened": (_silence("instruction", "base-image-no-digest", "base-image-unpinned"),),
    "build-tools-shipped": (_silence("file", "prefer-multi-stage"),),
    "sdk-image-shipped": (_silence("file", "prefer-multi-stage"),),
    "secret-value-literal": (_silence("instruction", "secret-in-arg-or-env"),),
    "cache-order-regressed": (_silence("instruction", "source-copied-before-install"),),
    "named-user-without-passwd": (
        _silence("stage", "user-group-drops-supplementary", "user-name-not-numeric", "user-only-in-builder"),
    ),
    "uid-implicit": (_silence("stage", "user-name-not-numeric"),),
    "user-created-unused": (_silence("stage", "final-user-missing", "final-user-root"),),
    "user-escalated": (_silence("stage", "final-user-missing", "final-user-root", "user-created-unused"),),
    "debug-mode-shipped": (_silence("instruction", "npm-start-as-pid1"),),
    "default-target-changed": (_silence("stage", "final-stage-no-command"),),
    "entrypoint-lost": (_silence("stage", "final-stage-no-command"),),
    "exec-form-one-word": (
        _silence("instruction", "healthcheck-tool-missing", "start-path-missing", "start-tool-missing"),
    ),
    "exec-form-regressed": (_silence("instruction", "shell-form-start"),),
    "exec-form-variable": (_silence("instruction", "start-path-missing", "start-tool-missing"),),
    "malformed-exec-form": (_silence("instruction", "invalid-syntax", "shell-form-start", "shell-in-scratch"),),
    "shell-in-scratch": (
        _silence(
            "instruction",
            "exec-form-regressed",
            "healthcheck-tool-missing",
            "shell-form-start",
            "start-tool-missing",
        ),
    ),
    "start-path-missing": (_silence("instruction", "entrypoint-not-executable", "start-tool-missing"),),
    "target-renamed-reference-stale": (
        _silence("instruction", "copy-from-undefined-stage", "unpinned-copy-from-image"),
    ),
    "apk-build-deps-left": (_silence("instruction", "build-tools-shipped", "dev-package-shipped"),),
    "dev-dependencies-shipped": (_silence("stage", "env-set-after-use"),),
    "package-update-alone": (_silence("instruction", "package-cache-left"),),
    "pip-cache-left": (_silence("stage", "env-set-after-use"),),
    "copy-whole-context": (_silence("instruction", "dockerignore-gap", "dockerignore-missing"),),
    "next-static-misplaced": (_silence("instruction", "copy-destination-changed"),),
    "copy-from-whole-tree": (_silence("instruction", "copy-from-root-filesystem"),),
}
"""Rule to what it silences. The reason is always the same: both name one cause, and the first says more of it."""


def resolved(raised: Iterable[Raised]) -> tuple[Raised, ...]:
    """Drop the problems that a stronger rule speaks for."""
    items = tuple(raised)
    silenced: set[tuple[str, Scope, object]] = set()
    for item in items:
        for silence in SPEAKS_FOR.get(item.rule.id, ()):
            silenced |= {(rule, silence.scope, _place(item, silence.scope)) for rule in silence.rules}
    if not silenced:
        return items
    return tuple(item for item in items if not any((item.rule.id, s, _place(item, s)) in silenced for s in _SCOPES))


_SCOPES: tuple[Scope, ...] = ("instruction", "stage", "file")


def _place(item: Raised, scope: Scope) -> object:
    match scope:
        case "instruction":
            return item.path, id(item.instruction) if item.instruction is not None else item.problem.span.line
        case "stage":
            return item.path, item.problem.stage
        case "file":
            return item.path
