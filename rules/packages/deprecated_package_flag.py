"""See deprecated_package_flag.md."""

from collections.abc import Iterator
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
    quote,
    replace,
    rule,
)
from rules.packages.options import spelled
from rules.packages.tool_versions import has_old_bundler, has_old_npm, has_old_poetry, has_unknown_npm


class Replacement(NamedTuple):
    """What stands in the place of an option.

    Attributes:
        instead: What to write or do.
        spelling: The words that take the option's place; empty where it is not that simple.
    """

    instead: str
    spelling: str = ""


_OMIT_DEV = Replacement("`--omit=dev`", "--omit=dev")
_OPTIONS: dict[str, dict[str, Replacement]] = {
    "npm": {
        "--only=production": _OMIT_DEV,
        "--only=prod": _OMIT_DEV,
        "--production": _OMIT_DEV,
        "--only=dev": Replacement("`--include=dev`", "--include=dev"),
    },
    "bundle": {
        "--without": Replacement("`bundle config set --local without …`, or `ENV BUNDLE_WITHOUT`"),
        "--with": Replacement("`bundle config set --local with …`, or `ENV BUNDLE_WITH`"),
        "--deployment": Replacement("`bundle config set --local deployment true`, or `ENV BUNDLE_DEPLOYMENT=1`"),
        "--path": Replacement("`bundle config set --local path …`, or `ENV BUNDLE_PATH`"),
        "--frozen": Replacement("`bundle config set --local frozen true`, or `ENV BUNDLE_FROZEN=1`"),
        "--binstubs": Replacement("`bundle binstubs`"),
        "--system": Replacement("`bundle config set --local path.system true`, or `ENV BUNDLE_PATH__SYSTEM=true`"),
        "--clean": Replacement("`bundle config set --local clean true`, or `ENV BUNDLE_CLEAN=true`"),
        "--no-prune": Replacement("`bundle config set --local no_prune true`"),
        "--shebang": Replacement("`bundle config set --local shebang …`"),
    },
    "poetry": {"--no-dev": Replacement("`--only main`", "--only main")},
    "composer": {"--no-suggest": Replacement("needless, since Composer 2 suggests nothing")},
}


@rule(
    "deprecated-package-flag",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("npm", "bundle", "poetry", "composer"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An option that its package manager has given up."""
    for stage, run, call in change.after.layers.all_calls:
        options = _OPTIONS.get(call.manager)
        if (
            options is None
            or not (call.action in ("install", "sync") or call.verb == "prune")
            or _is_old(stage, run, call)
        ):
            continue
        found = [(name, new) for name, new in options.items() if _is_given(call, name)]
        if not found:
            continue
        unknown = call.manager == "npm" and has_unknown_npm(stage)
        named = " and ".join(f"{quote(name)} (now {new.instead})" for name, new in found)
        yield Problem(
            call.command.span,
            f"{stage.label} calls {quote(spelled(call))} with {named}: the option is "
            "deprecated, "
            "warns today, and does nothing or fails after an upgrade of the base image.",
            Confidence.LIKELY if unknown else Confidence.CERTAIN,
            doubt="npm 6, which came with Node.js 14, does not know the new one",
            stage=stage.key,
            key=" ".join(name for name, _ in found),
            fix=None if unknown else _fix(run, call, found),
        )


def _is_old(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether the manager is from before the option of today."""
    if call.manager == "bundle":
        return has_old_bundler(stage)
    return (call.manager == "npm" and has_old_npm(stage)) or (call.manager == "poetry" and has_old_poetry(stage, run))


def _is_given(call: PackageCall, option: str) -> bool:
    name, equals, value = option.partition("=")
    return call.option(name) == value if equals else call.has(name)


def _fix(run: Run, call: PackageCall, found: list[tuple[str, Replacement]]) -> Fix | None:
    source = run.instruction.source
    edits = []
    for name, new in found:
        word = call.flag_word(name.partition("=")[0])
        if word is None or not new.spelling or source.cut(word.span) != name:
            return None
        edits.append(replace(source, word.span, new.spelling))
    return fix("Use the option of today", *edits)
