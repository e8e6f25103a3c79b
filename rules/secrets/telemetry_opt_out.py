"""See telemetry_opt_out.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_before,
    once,
    quote,
    rule,
)
from rules.model.work_folders import folder_of
from rules.packages.projects.package_json import called, commands_run, scripts_of
from rules.packages.projects.texts import text_read
from rules.quoting import listed


class _Tool(NamedTuple):
    """A program that reports how it is used unless it is told not to.

    Attributes:
        setting: What tells it, as its documentation writes it.
        verbs: The subcommands that report; empty for all.
        others: Further variables that tell it the same.
    """

    setting: str
    verbs: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @property
    def variables(self) -> frozenset[str]:
        """Each variable that tells it."""
        return self.others | {self.setting.partition("=")[0]}


_TOOLS = {
    "astro": _Tool("ASTRO_TELEMETRY_DISABLED=1", frozenset({"build", "check", "dev", "preview"})),
    "az": _Tool("AZURE_CORE_COLLECT_TELEMETRY=0"),
    "brew": _Tool("HOMEBREW_NO_ANALYTICS=1", frozenset({"install", "upgrade", "update", "bundle", "tap"})),
    "dotnet": _Tool(
        "DOTNET_CLI_TELEMETRY_OPTOUT=1",
        frozenset({"add", "build", "new", "pack", "publish", "restore", "run", "test", "tool", "workload"}),
    ),
    "gatsby": _Tool("GATSBY_TELEMETRY_DISABLED=1", frozenset({"build", "develop"})),
    "next": _Tool("NEXT_TELEMETRY_DISABLED=1", frozenset({"build", "dev", "export"})),
    "sam": _Tool("SAM_CLI_TELEMETRY=0"),
    "storybook": _Tool("STORYBOOK_DISABLE_TELEMETRY=1", frozenset({"build", "dev"})),
    "turbo": _Tool("TURBO_TELEMETRY_DISABLED=1", others=frozenset({"DO_NOT_TRACK"})),
    "vcpkg": _Tool("VCPKG_DISABLE_METRICS=1", frozenset({"install"})),
}
"""By the program's name, from each one's own documentation: astro.build/telemetry, learn.microsoft.com (Azure CLI
configuration, ".NET SDK and .NET CLI telemetry", vcpkg's telemetry), docs.brew.sh/Analytics,
gatsbyjs.com/docs/telemetry, nextjs.org/telemetry, "Telemetry in the AWS SAM CLI", storybook.js.org/telemetry,
turborepo.com/docs/telemetry. Not Bun's: on Linux it reports nothing by itself."""
_RUNNERS = frozenset({"npx", "bunx", "pnpx", "yarn", "pnpm"})
_SCRIPTS = frozenset({"npm", "yarn", "pnpm", "bun", "run-s", "run-p", "npm-run-all"})
_BETWEEN = frozenset({"exec", "dlx", "run"})
_OF_SETTINGS = re.compile(r"(?:^|/)\.env(?:\.(?!example|sample|template|dist)\w+)*$")
_TOLD_OTHERWISE = re.compile(r"telemetry|analytics (?:off|disable)|no_analytics|disable[_-]metrics", re.IGNORECASE)
"""How a script or a file of settings says it: `next telemetry disable`, `--disable-telemetry`."""


@rule(
    "telemetry-opt-out",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="off",
    keywords=("RUN",),
    mentions=(*_TOOLS, *sorted(_SCRIPTS)),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A build runs tools that report its use to their makers."""
    if _is_told_by_file(change):
        return
    told: dict[int, set[str]] = {}
    for stage in change.stages:
        known = set().union(*(told.get(link.index, ()) for link in stage.chain))
        found = {name: use for name, use in _reporting(change, stage).items() if name not in known}
        told[stage.index] = set(found)
        if found:
            yield _problem(change, stage, found)


def _is_told_by_file(change: DockerfileChange) -> bool:
    """Whether a `.env` of the project speaks of it, or may: a review on a forge reads none, for it may hold secrets."""
    paths = [path for path in change.repository.listing or change.repository.files if _OF_SETTINGS.search(path)]
    texts = (change.repository.text(path) for path in paths)
    return any(text is None or _TOLD_OTHERWISE.search(text) for text in texts)


def _reporting(change: DockerfileChange, stage: Stage) -> dict[str, tuple[Run, Command]]:
    """Return the tools that a stage runs and lets report, each with its first use."""
    found: dict[str, tuple[Run, Command]] = {}
    if any(_TOLD_OTHERWISE.search(text) for text in _commands_without_settings(stage)):
        return found
    for run in stage.runs:
        for command in run.commands if not run.deferred else ():
            for name in _tools(change, run, command):
                if name not in found and not _is_set(run, command, _TOOLS[name]):
                    found[name] = (run, command)
    return found


@once
def _commands_without_settings(stage: Stage) -> tuple[str, ...]:
    return tuple(" ".join(word.value for word in command.args) for run in stage.all_runs for command in run.commands)


def _tools(change: DockerfileChange, run: Run, command: Command) -> Iterator[str]:
    """Yield the tools that a command runs, by itself or by a script of the project."""
    yield from _by_itself(run, command)
    if command.name in _SCRIPTS:
        folder = folder_of(run, command)
        scripts = scripts_of(text_read(change, run, posixpath.join(folder or "", "package.json")))
        for name in called(command) if scripts else ():
            for inner in commands_run(scripts, name):
                if not _TOOLS_VARIABLES.isdisjoint(variable for variable, _ in inner.assignments):
                    return
                yield from _by_itself(run, inner)


def _by_itself(run: Run, command: Command) -> Iterator[str]:
    words = [word.value for word in command.args if not word.value.startswith("-")]
    name = command.name
    if name in _RUNNERS and words:
        words = words[1:] if words[0] in _BETWEEN else words
        name, words = (words[0], words[1:]) if words else ("", [])
    tool = _TOOLS.get(name.partition("@")[0])
    if tool is None or (tool.verbs and not (words and words[0] in tool.verbs)) or command.has("--version", "--help"):
        return
    if name != "dotnet" or _is_from_microsoft(run.stage):
        yield name.partition("@")[0]


def _is_from_microsoft(stage: Stage) -> bool:
    """Whether the SDK of .NET is Microsoft's own: that of a distribution does not report."""
    reference = stage.root.reference
    return reference is not None and reference.registry == "mcr.microsoft.com"


_TOOLS_VARIABLES = frozenset(variable for tool in _TOOLS.values() for variable in tool.variables)


def _is_set(run: Run, command: Command, tool: _Tool) -> bool:
    """Whether a variable says it, in the file or in the script up to the command."""
    if any(run.scope.get(variable) is not None for variable in tool.variables):
        return True
    earlier = (one for one in run.commands if one.start <= command.start)
    return any(variable in tool.variables for one in earlier for variable, _ in one.assignments)


def _problem(change: DockerfileChange, stage: Stage, found: dict[str, tuple[Run, Command]]) -> Problem:
    names = change.fresh("telemetry-opt-out", stage, found)
    run, command = found[names[0]]
    first = min((found[name][0] for name in names), key=lambda one: one.index)
    line = f"ENV {' '.join(_TOOLS[name].setting for name in names)}"
    one = len(names) == 1
    return Problem(
        command.span,
        f"{stage.label} runs {listed(map(quote, names))}, which {'reports' if one else 'report'} to "
        f"{'its makers' if one else 'their makers'} how {'it is' if one else 'they are'} used, from each build. "
        f"{quote(line)} above turns that off.",
        instruction=run.instruction,
        stage=stage.key,
        items=tuple(found),
        fix=fix("Turn it off", insert_line_before(first.instruction, line)),
    )
