"""See env_set_after_use.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    Word,
    quote,
    rule,
)
from rules.model.lineage import built_upon
from rules.packages.developers.project_scripts import script_that_needs_developers
from rules.packages.developers.starts import starts_for_developers
from rules.packages.developers.uses import is_used_or_removed
from rules.packages.options import spelled
from rules.packages.projects.texts import manifest_text
from rules.packages.settings_above import set_above
from rules.packages.versions.tools import reads_node_env

_PIP_OPTIONS = (
    "NO_CACHE_DIR INDEX_URL EXTRA_INDEX_URL DEFAULT_TIMEOUT TIMEOUT RETRIES ROOT_USER_ACTION BREAK_SYSTEM_PACKAGES "
    "PREFER_BINARY ONLY_BINARY NO_BINARY CONSTRAINT TRUSTED_HOST REQUIRE_HASHES NO_COMPILE FIND_LINKS NO_INDEX "
    "NO_DEPS NO_BUILD_ISOLATION DISABLE_PIP_VERSION_CHECK"
).split()
_READERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("NODE_ENV", frozenset({"npm", "yarn", "pnpm"})),
    ("NPM_CONFIG_", frozenset({"npm", "pnpm"})),
    ("YARN_", frozenset({"yarn"})),
    *((f"PIP_{option}", frozenset({"pip"})) for option in _PIP_OPTIONS),
    ("UV_", frozenset({"uv"})),
    ("POETRY_", frozenset({"poetry"})),
    ("PIPENV_", frozenset({"pipenv"})),
    ("BUNDLE_", frozenset({"bundle"})),
    ("COMPOSER_NO_", frozenset({"composer"})),
    ("DEBIAN_FRONTEND", frozenset({"apt"})),
)
"""Beginnings of variables, and the package managers that read them during an install."""

_AT_RUN_TIME = frozenset({"UV_NO_SYNC", "BUNDLE_PATH", "BUNDLE_GEMFILE", "BUNDLE_APP_CONFIG"})
_ALSO_AT_RUN_TIME = re.compile(
    r"CACHE|INDEX|OFFLINE|ENVIRONMENT|HOME|TARGET|PYTHON\Z|TOOL_|CONFIG_FILE|PREFIX|USERCONFIG|GLOBALCONFIG|_VERSION\Z"
)
"""What a program that calls the manager again may be meant to find: where it keeps and gets things; and which version
of itself an image has, as the official images write it."""
_LIKE_OPTIONS = frozenset({"COMPOSER_NO_DEV", "UV_NO_DEV", "BUNDLE_WITHOUT"})
"""What an option of the install, where it has one, says as well: that developers' packages are left out."""
_OF_THE_LOCK = frozenset({"UV_FROZEN", "UV_LOCKED"})
"""What `uv run` reads as well, and what an install that says the one or the other passes over."""
_TALKS = re.compile(r"TELEMETRY|NOTIFIER|FUND|AUDIT|COLOR|PROGRESS|LOGLEVEL|VERSION_CHECK|ROOT_USER_ACTION|INTERACTION")
"""What a manager says or asks, and nothing of what it installs."""
_BUILDS = frozenset({"run", "build", "exec", "test"})


@rule(
    "env-set-after-use",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("ENV",),
    mentions=dict.fromkeys(f"{name.partition('_')[0]}_".lower() for name, _ in _READERS),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A variable is set after the install that it should steer."""
    for stage in change.stages:
        calls = [(run, call) for other in built_upon(stage) for run in other.runs for call in run.package_calls]
        calls = [(run, call) for run, call in calls if call.action in ("install", "sync")]
        if not calls:
            continue
        for instruction in stage.instructions:
            if instruction.keyword == "ENV":
                yield from _check_env(change, stage, instruction, calls)


def _check_env(
    change: DockerfileChange, stage: Stage, env: Instruction, calls: list[tuple[Run, PackageCall]]
) -> Iterator[Problem]:
    for name_word, value in env.pairs:
        name = name_word.text
        readers = next((managers for start, managers in _READERS if name.upper().startswith(start)), frozenset[str]())
        users = [(run, call) for run, call in calls if call.manager in readers and call.verb != "python install"]
        if name == "NODE_ENV":
            users = [(run, call) for run, call in users if reads_node_env(run, call)]
        if not users or name in _AT_RUN_TIME or _ALSO_AT_RUN_TIME.search(name.upper()) or _resets(name, value):
            continue
        if _TALKS.search(name.upper()) or (name in _LIKE_OPTIONS and all(call.production for _, call in users)):
            continue
        if name in _OF_THE_LOCK and (_starts_uv(stage) or all(call.frozen for _, call in users)):
            continue
        earlier = [(run, call) for run, call in users if run.instruction.line < env.line]
        if len(earlier) != len(users) or any(name in call.env or call.global_ for _, call in earlier):
            continue
        if _is_set_elsewhere(stage, env, name) or (name == "NODE_ENV" and _needs_developers(change, stage, earlier)):
            continue
        yield _problem(stage, env, name, *earlier[0])
        return


def _starts_uv(stage: Stage) -> bool:
    """Whether a container of the stage starts `uv run`, which looks at the lock again."""
    starts = (start.value for one in built_upon(stage) for start in one.image.start_command)
    return any(start is not None and "uv" in start.text.split() for start in starts)


def _resets(name: str, value: Word | None) -> bool:
    """Whether it sets what suits the time after the install: `NODE_ENV=development`, `DEBIAN_FRONTEND=dialog`."""
    steering = {"NODE_ENV": "prod", "DEBIAN_FRONTEND": "noninteractive"}.get(name)
    return steering is not None and (value is None or steering not in value.text)


def _is_set_elsewhere(stage: Stage, env: Instruction, name: str) -> bool:
    return any(
        word.text == name
        for instruction in stage.instructions
        if instruction.keyword in ("ENV", "ARG") and instruction is not env and instruction.line < env.line
        for word, _ in instruction.pairs
    )


def _builds(stage: Stage) -> bool:
    """Whether the stage builds after the install, for which it needs what developers need."""
    return any(call.action in _BUILDS for run in stage.runs for call in run.package_calls)


def _needs_developers(change: DockerfileChange, stage: Stage, calls: list[tuple[Run, PackageCall]]) -> bool:
    """Whether what NODE_ENV would leave out is needed: by or behind the install, or by what the container starts."""
    if _builds(stage):
        return True
    return any(
        not call.production
        and (
            is_used_or_removed(stage, run, call)
            or script_that_needs_developers(change, run, call) is not None
            or starts_for_developers(change, stage, call.manager, manifest_text(change, run, call))
        )
        for run, call in calls
    )


def _problem(stage: Stage, env: Instruction, name: str, run: Run, call: PackageCall) -> Problem:
    ships = any(stage in shipped.chain for shipped in stage.model.shipped)
    reaches = ", and the variable only reaches the running container" if ships else ""
    said = name == "NODE_ENV" and call.production  # npm and Yarn then set it for the packages' scripts themselves
    effect = (
        "an option of the install says the same, so nothing is missed so far. Above the install it holds without one"
        if said
        else f"the install ran without it{reaches}. Set it above the install"
    )
    return Problem(
        env.span,
        f"{stage.label} sets {quote(name)} after {quote(spelled(call))} (line {call.command.line}), which reads it: "
        f"{effect}.",
        Confidence.CERTAIN if said else Confidence.LIKELY,
        doubt="the install may do without it",
        minor=said,
        stage=stage.key,
        key=name,
        decision=f"{stage.key} {call.command.start}",  # all go up in one move
        mends_alike=True,
        fix=set_above(stage, env, run, "Set it before the install"),
    )
