"""Whether what a COPY takes out of another stage may be machine code, which runs under one C library only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from rules.copying.outputs.binaries import builds_of, thinks_of_linking
from rules.facts.installers import NODE_MANAGERS, PYTHON_MANAGERS
from rules.lazily import once
from rules.model.puts import within
from rules.model.run_writes import CARRIERS, carried_by

if TYPE_CHECKING:
    from rules.api import Copy, Put, Stage

Kind = Literal["programs", "native modules"]

_DATA = re.compile(
    r"\.(?:[cm]?js|map|json|css|html?|svg|ico|png|txt|md|ya?ml|toml|xml|ini|conf|cfg|env|properties|sql|sh|py|php|rb|"
    r"jar|war|ear|phar|pem|crt|key)$|/bin/composer$"
)
"""Endings of data, and Composer, which is a PHP archive (getcomposer.org, "Installation")."""
_PACKED = re.compile(r"\.t(?:ar\.)?gz$")
_OF_FRONT_ENDS = frozenset("dist build public static assets html www site _site wwwroot storybook-static".split())
"""Where front-ends are built to; other projects put programs there."""
_TEXTS = ("/etc", "/usr/share")
_INSTALLED = ("/bin", "/sbin", "/lib", "/usr", "/opt")

_COMPILED = frozenset({"go", "rust", "swift", "haskell", "erlang", "elixir"})
_WITH_MODULES = {
    "node": NODE_MANAGERS,
    "python": PYTHON_MANAGERS,
    "ruby": frozenset({"gem", "bundle", "bundler"}),
    "php": frozenset({"pecl"}),
}
_MAKERS = frozenset("make cmake ninja meson zig nim crystal native-image jlink jpackage pyinstaller pkg nexe".split())


def machine_code(stage: Stage, copy: Copy) -> Kind | None:
    """Return what of a COPY from another stage may be compiled; `None` where nothing speaks for it.

    Sources, what front-ends are built to, jars and settings are data. Where the builder says that it links statically,
    somebody has thought of it already.
    """
    builder = copy.from_stage
    if builder is None or thinks_of_linking(builder):
        return None
    kinds = {_kind(stage, builder, copy.source_path(source) or "") for source in copy.sources}
    return "programs" if "programs" in kinds else "native modules" if "native modules" in kinds else None


def may_hold_modules(stage: Stage, copy: Copy) -> bool:
    """Tell whether a COPY from another stage may bring installed modules of a language that the image runs."""
    paths = [copy.source_path(source) or "" for source in copy.sources]
    builder = copy.from_stage
    return (
        builder is not None
        and _has_modules(stage, builder)
        and any(not is_data(path) and _OF_FRONT_ENDS.isdisjoint(path.split("/")) for path in paths)
    )


def is_data(path: str) -> bool:
    """Tell whether a path names data by itself: by its ending, or by the system's folder for it."""
    return _DATA.search(path) is not None or any(within(path, folder) for folder in _TEXTS)


def _kind(stage: Stage, builder: Stage, path: str) -> Kind | None:
    if is_data(path) or _is_built_front_end(stage, builder, path) or _is_filled_with_data(builder, path):
        return None
    if not _COMPILED.isdisjoint(builder.runtime.languages) or builds_of(builder):
        return "programs"
    if _has_modules(stage, builder):
        return "native modules"
    if _makes_programs(builder):
        return "programs"
    of_base = not builder.files.covering(path) and any(within(path, folder) for folder in _INSTALLED)
    return "programs" if of_base else None


def _is_built_front_end(stage: Stage, builder: Stage, path: str) -> bool:
    folders = path.split("/")
    if "node" not in builder.runtime.languages or "node_modules" in folders or {"pkg", "nexe"} & _programs(builder):
        return False
    return not _OF_FRONT_ENDS.isdisjoint(folders) or ("out" in folders and "node" not in stage.runtime.languages)


def _is_filled_with_data(builder: Stage, path: str) -> bool:
    """Whether all that is known to lie at a path was carried there and is data: what `npm pack` packed, jars."""
    puts = [put for put in builder.files.covering(path) if not put.makes_folder] if path else []
    return bool(puts) and all(_carries_data(builder, put) for put in puts)


def _carries_data(builder: Stage, put: Put) -> bool:
    if put.command is None or put.command.name not in CARRIERS:
        return False
    sources = carried_by(put.command)
    return bool(sources) and all(is_data(name) or (_packs(builder) and _PACKED.search(name)) for name in sources)


@once
def _packs(builder: Stage) -> bool:
    """Whether the project's package is packed: its sources, without what they need."""
    calls = (command for run in builder.done_runs for command in run.calls("npm", "yarn", "pnpm", "bun"))
    return any("pack" in (word.value for word in command.args) for command in calls)


def _has_modules(stage: Stage, builder: Stage) -> bool:
    """Whether modules are installed in the builder for a language that the image runs."""
    managers = {call.manager for run in builder.all_runs for call in run.package_calls}
    return any(not managers.isdisjoint(_WITH_MODULES.get(language, ())) for language in stage.runtime.languages)


@once
def _programs(builder: Stage) -> frozenset[str]:
    return frozenset(command.name for run in builder.done_runs for command in run.commands)


def _makes_programs(builder: Stage) -> bool:
    return not _MAKERS.isdisjoint(_programs(builder))
