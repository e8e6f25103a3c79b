"""The builds of a client for the browser, which write the values of variables into its files."""

from __future__ import annotations

import re

from rules.api import Command, Run, Stage, once
from rules.build.variables.environment_readers import CLIENT_PREFIXES
from rules.facts.installers import NODE_MANAGERS
from rules.model.lineage import built_upon

INLINED = re.compile(rf"(?:{'|'.join(CLIENT_PREFIXES)})\w+")
"""Names of variables that such a build replaces by their values."""
_BUNDLERS = frozenset({"vite", "next", "react-scripts", "vue-cli-service", "gatsby", "expo", "npx", "bunx"})
_BUILDS = re.compile(r"\b(?:build|export|generate)\b")


@once
def client_builds(stage: Stage) -> tuple[tuple[Run, Command], ...]:
    """Return the builds of a client in a stage, in those that it copies from, and in those that start from it."""
    lenders = [copy.from_stage for copy in stage.all_copies if copy.from_stage is not None]
    runs = {id(run): run for one in (stage, *lenders) for run in one.all_runs}
    runs |= {id(run): run for heir in built_upon(stage)[1:] for run in heir.runs}
    return tuple((run, command) for run in runs.values() for command in run.commands if _is_build(command))


def _is_build(command: Command) -> bool:
    words = " ".join(word.value for word in command.args)
    return command.name in (*NODE_MANAGERS, *_BUNDLERS) and _BUILDS.search(words) is not None


def has_variable(run: Run, command: Command, name: str) -> bool:
    """Tell whether a build has a variable: declared above it, or given in the RUN itself."""
    return run.scope.get(name) is not None or name in run.instruction.whole_value or command.conditional
