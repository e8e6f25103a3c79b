"""Whether the container starts what only the packages for developers bring, so that it needs them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rules.facts.installers import NODE_MANAGERS
from rules.facts.node_programs import packages_of_node_program
from rules.packages.developers.named import required
from rules.packages.developers.parts import read_toml, table
from rules.packages.developers.programs import (
    calls_unknown_program,
    commands_of_lines,
    commands_of_scripts,
    serves_a_build,
)
from rules.packages.developers.run_elsewhere import lines_run_elsewhere
from rules.packages.developers.uses import needed_in
from rules.packages.developers.workspace_starts import (
    manifest_at_work,
    runs_through_tool,
    started_lines,
    workspace_start,
)
from rules.packages.projects.package_json import read_manifest
from rules.packages.projects.texts import manifest_text
from rules.quoting import quote
from rules.runtime.languages.node_texts import packages_loaded, texts_of_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_VENDOR_BIN = re.compile(r"vendor/bin/([\w.-]+)")
_WORD = re.compile(r"[@\w][\w./@-]*")
_UV_RUN = re.compile(r"\buv\s+run\b(?![^\n;&|]*--(?:no-(?:sync|dev|default-groups)|only-group)\b)")
_NO_SYNC = ("UV_NO_SYNC", "UV_NO_DEV", "UV_NO_DEFAULT_GROUPS")
_NEXT_START = re.compile(r"\bnext\s+start\b")
_RACK = re.compile(r"""["'](?:rails|hanami|sinatra|padrino|roda|rack|grape)["']""")
_RUBY = ("RAILS_ENV", "RACK_ENV", "APP_ENV", "HANAMI_ENV")
_PRODUCTION = re.compile(
    rf"(?:{'|'.join(_RUBY)})[=:\s\"'-]{{1,4}}production|(?:-e|--environment)[\s=]{{1,4}}production"
)
_SYMFONY = re.compile(r'"symfony/(?:framework-bundle|flex|runtime)"')


def starts_for_developers(change: DockerfileChange, stage: Stage, manager: str, text: str | None) -> bool:
    """Tell whether what a container runs names a package that the manifest asks for as a developer's alone.

    Those are its start, and what a workflow, a script or a platform runs in it.

    Args:
        change: The change.
        stage: The stage that ships.
        manager: As in `PackageCall`.
        text: The manifest; nothing is known where it was not read.
    """
    change, stage = change.as_it_ships_now(stage)
    lines = [*started_lines(change, stage), *lines_run_elsewhere(change)]
    if manager == "composer":
        return any(_starts_tool_of_php(line, text) for line in lines)
    if manager in NODE_MANAGERS:
        manifests = list(_manifests(change, stage, text))
        loaded = any(_loads_developers(change, stage, lines, one) for one in manifests)
        loaded = loaded or any(_reads_typescript(change, lines, one) for one in manifests)
        return loaded or any(_needs_developers(lines, text, one) for one in manifests)
    return _names_any(lines, _packages_of_python(text))


def _manifests(change: DockerfileChange, stage: Stage, text: str | None) -> Iterator[str | None]:
    """Yield the manifests that may tell what a script is that is started.

    Beside the install's own that is the one in the folder of the start, as of a workspace. Where neither was read, it
    is each that may lie in the context's root.
    """
    at_work = manifest_at_work(change, stage)
    yield text
    if at_work is not None:
        yield at_work
    elif text is None:
        yield from map(change.repository.text, change.repository.places_of(change.path, "package.json"))


def _needs_developers(lines: list[str], text: str | None, manifest: str | None) -> bool:
    """Whether starts need packages that a manifest, or the one beside the install, asks for as a developer's alone."""
    read = read_manifest(manifest)
    if calls_unknown_program(lines, read) or serves_a_build(lines, read):
        return True
    lines = _with_scripts(lines, manifest)
    if runs_through_tool(lines, manifest):
        return True
    own = read.packages("dependencies", "optionalDependencies") if read is not None else frozenset()
    return _names_any(lines, (_packages_of_node(text) | _packages_of_node(manifest)) - own)


def _with_scripts(lines: list[str], manifest: str | None) -> list[str]:
    """Return lines with what the scripts of a manifest run that they start."""
    return [*lines, *map(str, commands_of_scripts(lines, read_manifest(manifest)))]


def _loads_developers(change: DockerfileChange, stage: Stage, lines: list[str], manifest: str | None) -> bool:
    """Whether the file that Node.js is started with loads one of a manifest's packages for developers by its name."""
    commands = [*commands_of_lines(lines), *commands_of_scripts(lines, read_manifest(manifest))]
    developers = _packages_of_node(manifest)
    return any(developers & packages_loaded(text) for text in texts_of_node(change, stage, commands))


def _reads_typescript(change: DockerfileChange, lines: list[str], manifest: str | None) -> bool:
    """Whether `next start` reads settings in TypeScript, which takes a developers' package.

    Tried with Next.js 15: without it, the start tries to install it, and stops at `next.config.ts`.
    """
    starts = any(map(_NEXT_START.search, _with_scripts(lines, manifest)))
    return starts and "typescript" in _packages_of_node(manifest) and "next.config.ts" in change.repository.by_name


def _names_any(lines: Iterable[str], developers: frozenset[str]) -> bool:
    """Whether lines name one of some packages."""
    return bool(developers) and any(_names(word, developers) for line in lines for word in _WORD.findall(line))


def runs_for_developers(change: DockerfileChange, stage: Stage, call: PackageCall, text: str | None) -> bool:
    """Tell whether a program of Ruby's runs in its environment for developers, as Rails does unless told otherwise.

    It loads their gems when it starts. Where no Gemfile was read, it may be such a program.
    """
    if call.manager != "bundle" or (text is not None and _RACK.search(text) is None):
        return False
    texts = (*(run.instruction.whole_value for run in stage.all_runs), *started_lines(change, stage))
    settings = (stage.image.env.get(name) for name in _RUBY)
    said = any(setting is not None and setting.value == "production" for setting in settings)
    return not (said or any(map(_PRODUCTION.search, texts)))


def needed_at_start(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what else is to be done so that the program starts without these packages: the end of a sentence."""
    if call.manager == "uv" and _syncs_again(change, stage):
        return ", and give the `uv run` that starts the program `--no-dev` too: it would install them again there"
    script = workspace_start(change, stage, run, call)
    if script is not None:
        return f", if what {quote(str(script))} runs needs none of them"
    text = manifest_text(change, run, call) if call.manager == "composer" else None
    if text is None or _SYMFONY.search(text) is None:
        return ""
    setting = stage.image.env.get("APP_ENV")
    if call.env.get("APP_ENV") == "prod" or (setting is not None and setting.value == "prod"):
        return ""
    return ", and set `APP_ENV=prod` above it: otherwise Symfony loads the bundles for developers, which are then gone"


def started_further_on(change: DockerfileChange, stage: Stage, run: Run, call: PackageCall) -> str:
    """Say which other stage starts from the one that installs, and starts with these packages: a clause."""
    text = manifest_text(change, run, call)
    for other in change.stages:
        if other in stage.chain or run.stage not in other.chain or not other.image.start_in_file:
            continue
        if starts_for_developers(change, other, call.manager, text):
            return needed_in(other, run, "what it starts")
    return ""


def _syncs_again(change: DockerfileChange, stage: Stage) -> bool:
    """Whether `uv run` starts the program, and brings the environment in line first, with the group for developers."""
    if any(name in stage.image.env for name in _NO_SYNC):
        return False
    return any(_UV_RUN.search(line) for line in started_lines(change, stage))


def _names(word: str, developers: frozenset[str]) -> bool:
    """Whether a word names a program or a module of one of the packages: `.bin/tsx`, `dotenv/config`."""
    word = word.rpartition("node_modules/")[2]
    parts = word.lower().split("/")
    base = parts[-1].replace("_", "-")
    whole = "/".join(parts[:2]) if word.startswith("@") else parts[0]
    return any(way in developers for way in (whole, *packages_of_node_program(base)))


def _starts_tool_of_php(line: str, text: str | None) -> bool:
    """Whether a line names a program of `vendor/bin` that only a package for developers brings: `phpunit/phpunit`."""
    read = read_manifest(text)
    programs = set(_VENDOR_BIN.findall(line)) if read is not None else set()
    if read is None or not programs:
        return False
    developers = read.packages("require-dev") - read.packages("require")
    return bool(programs & {name.rpartition("/")[2] for name in developers})


def _packages_of_node(text: str | None) -> frozenset[str]:
    read = read_manifest(text)
    if read is None:
        return frozenset()
    return read.packages("devDependencies") - read.packages("dependencies", "optionalDependencies")


@lru_cache(maxsize=32)
def _packages_of_python(text: str | None) -> frozenset[str]:
    """Return what a pyproject.toml has in its groups and not among the program's own; nothing of another file."""
    data = read_toml(text or "")
    poetry = table(data, "tool", "poetry")
    groups: list[Any] = [*table(data, "dependency-groups").values()]
    groups += [table(group, "dependencies") for group in table(poetry, "group").values()]
    groups += [table(poetry, "dev-dependencies"), table(data, "tool", "uv").get("dev-dependencies")]
    groups += table(data, "tool", "pdm", "dev-dependencies").values()
    own = [table(data, "project").get("dependencies"), table(poetry, "dependencies")]
    return frozenset(_required(groups)) - frozenset(_required(own))


def _required(parts: Iterable[object]) -> Iterator[str]:
    """Return the names of packages in lists of requirements and in Poetry's tables, as words of a start have them."""
    return (name.lower().replace("_", "-") for part in parts for name in required(part))
