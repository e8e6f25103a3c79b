"""See deprecated_package_flag.md."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Model,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    once,
    quote,
    replace,
    rule,
)
from rules.packages.options import spelled
from rules.packages.versions.tools import (
    has_new_bundler,
    has_newest_poetry,
    has_old_bundler,
    has_old_npm,
    has_old_poetry,
    has_unknown_bundler,
    has_unknown_npm,
)
from rules.quoting import listed


class Replacement(NamedTuple):
    """What stands in the place of an option.

    Attributes:
        instead: What to write or do.
        spelling: The words that take the option's place; empty where it is not that simple.
        setting: The variable that does the same, for what runs in this image.
    """

    instead: str
    spelling: str = ""
    setting: str = ""


_OMIT_DEV = Replacement("`--omit=dev`", "--omit=dev")
_OPTIONS: dict[str, dict[str, Replacement]] = {
    "npm": {
        "--only=production": _OMIT_DEV,
        "--only=prod": _OMIT_DEV,
        "--production": _OMIT_DEV,
        "--also=dev": Replacement("`--include=dev`", "--include=dev"),
        "--also=development": Replacement("`--include=dev`", "--include=dev"),
        "--only=dev": Replacement("`--include=dev`", "--include=dev"),
    },
    "bundle": {
        "--without": Replacement("`bundle config set --local without …`", setting="BUNDLE_WITHOUT"),
        "--with": Replacement("`bundle config set --local with …`", setting="BUNDLE_WITH"),
        "--deployment": Replacement("`bundle config set --local deployment true`", setting="BUNDLE_DEPLOYMENT=1"),
        "--path": Replacement("`bundle config set --local path …`", setting="BUNDLE_PATH"),
        "--frozen": Replacement("`bundle config set --local frozen true`", setting="BUNDLE_FROZEN=1"),
        "--binstubs": Replacement("`bundle binstubs`"),
        "--system": Replacement("`bundle config set --local path.system true`", setting="BUNDLE_PATH__SYSTEM=true"),
        "--clean": Replacement("`bundle config set --local clean true`", setting="BUNDLE_CLEAN=true"),
        "--no-prune": Replacement("`bundle config set --local no_prune true`"),
        "--shebang": Replacement("`bundle config set --local shebang …`"),
    },
    "poetry": {"--no-dev": Replacement("`--only main`", "--only main")},
    "composer": {"--no-suggest": Replacement("needless, since Composer 2 suggests nothing")},
}

_REMOVED = frozenset("--without --with --deployment --path --frozen --clean --no-prune --shebang".split())
"""Those that Bundler 4 stops at (bundler.io/doc/upgrading)."""


@rule(
    "deprecated-package-flag",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    keywords=("RUN",),
    mentions=("npm", "bundle", "poetry", "composer"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package manager is called with an option that it has given up."""
    for stage, run, call in change.after.layers.all_calls:
        options = _OPTIONS.get(call.manager)
        if options is None or not (call.action in ("install", "sync") or call.verb == "prune"):
            continue
        if _is_old(stage, run, call) or _is_doubly_open(stage, call):
            continue
        found = [(name, new) for name, new in options.items() if _is_given(call, name)]
        if not found:
            continue
        unknown = call.manager == "npm" and has_unknown_npm(stage)
        unsaid = call.manager == "bundle" and has_unknown_bundler(stage)
        stops = _stops(stage, call, dict(found))
        if _is_silenced(call) and not stops:
            continue
        named = listed(f"{quote(name)} (now {_instead(stage, new)})" for name, new in found)
        yield Problem(
            call.command.span,
            f"{stage.label} calls {quote(spelled(call))} with {named}: "
            f"{_OF_UNKNOWN_NPM if unknown else _outlook(call, dict(found), stops=stops)}.",
            Confidence.POSSIBLE if unknown else Confidence.LIKELY if stops or unsaid else Confidence.CERTAIN,
            doubt=_DOUBTS.get(call.manager, ""),
            stage=stage.key,
            severity=Severity.ERROR if stops else None,
            key=" ".join([*(name for name, _ in found), *(["stops"] if stops else [])]),
            minor=call.manager in ("npm", "composer"),  # whose newest versions still take the option
            shared_advice=" ".join([stage.key, call.manager, *(name for name, _ in found)]),
            fix=None if unknown else _fix(run, call, found),
        )


def _is_doubly_open(stage: Stage, call: PackageCall) -> bool:
    """Whether neither is known: whether the call is made at all, and which npm would take the option."""
    return call.manager == "npm" and call.command.conditional and has_unknown_npm(stage)


def _is_silenced(call: PackageCall) -> bool:
    """Whether Bundler is told to keep its warnings of what it deprecates to itself: whoever does so knows of them.

    `BUNDLE_SILENCE_DEPRECATIONS` (bundler.io, `bundle config`).
    """
    silenced = call.env.get("BUNDLE_SILENCE_DEPRECATIONS")
    return call.manager == "bundle" and silenced not in (None, "", "0", "false")


def _stops(stage: Stage, call: PackageCall, found: Mapping[str, Replacement]) -> bool:
    """Whether the manager at hand is one that has removed an option."""
    if call.manager == "poetry":
        return has_newest_poetry(stage)
    return call.manager == "bundle" and has_new_bundler(stage) and not _REMOVED.isdisjoint(found)


_DOUBTS = {
    "bundle": "a lock file that names an older Bundler may have that one called",
    "npm": "nothing in the file says which npm there is",
    "poetry": "an older Poetry may be asked for in a way that cannot be seen here",
}


_OF_UNKNOWN_NPM = "npm 7 and later take the option as deprecated, and older ones do not know the new one"
"""What holds of any npm: 7 brought `--omit` (its changelog)."""


_OF_NPM = "npm warns that the option is deprecated, and still does what it says"
"""Tried with npm 11 and 12."""
_OF_ONLY_DEV = "npm 7 and later call this value invalid, and install everything"


def _outlook(call: PackageCall, found: Mapping[str, Replacement], *, stops: bool) -> str:
    """Return what becomes of the options: what Bundler does depends on a version that the file seldom names."""
    if call.manager == "poetry":
        here = ". Poetry 2 is installed here, and the build stops" if stops else ""
        return f"the option is deprecated since Poetry 1.2, and Poetry 2 has removed it{here}"
    removed = [name for name in found if name in _REMOVED]
    if call.manager == "npm":
        return _OF_ONLY_DEV if "--only=dev" in found else _OF_NPM
    if call.manager == "composer":
        return "Composer 2 takes no notice of the option but for a warning, and Composer 3 is to refuse it"
    if not removed:
        return "the option is deprecated, and Bundler 2 warns of it"
    if stops:
        return f"Bundler 4, which Ruby 4.0 brings, has removed {listed(map(quote, removed))}, and the build stops here"
    return "the option is deprecated: Bundler 2 warns of it, and Bundler 4, which Ruby 4.0 brings, has removed it"


def _instead(stage: Stage, new: Replacement) -> str:
    """Return what to write; a variable does not go along with gems that another stage copies."""
    if not new.setting or stage.index in _copied_from(stage.model):
        return new.instead
    return f"{new.instead}, or {quote(f'ENV {new.setting}')}"


@once
def _copied_from(model: Model) -> frozenset[int]:
    """Return the stages that others copy from, and those they are built upon."""
    sources = {copy.from_stage for stage in model.stages for copy in stage.all_copies if copy.from_stage is not None}
    return frozenset(one.index for source in sources for one in source.chain)


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
        if word is None or not new.spelling or source.cut(word.span) not in (name, name[1:]):
            return None  # npm takes one dash as well
        edits.append(replace(source, word.span, new.spelling))
    return fix("Use the option of today", *edits)
