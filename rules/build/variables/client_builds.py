"""The builds of a client for the browser, which write the values of variables into its files."""

from __future__ import annotations

import posixpath
import re

from rules.api import Command, DockerfileChange, Run, Stage, once
from rules.build.variables.environment_readers import CLIENT_PREFIXES
from rules.facts.installers import NODE_MANAGERS
from rules.model.lineage import built_upon
from rules.runtime.languages.node_manifest import manifest_for, script_called

INLINED = re.compile(rf"(?:{'|'.join(CLIENT_PREFIXES)})\w+")
"""Names of variables that such a build replaces by their values."""
_BUNDLERS = frozenset({"vite", "next", "react-scripts", "vue-cli-service", "gatsby", "expo", "npx", "bunx"})
_OWN = re.compile(r"\.env(?!.*\.(?:example|sample|template|dist|development|test)\b)(?:\..+)?")
"""The files that bundlers read for a build (Vite, "Env Variables and Modes"); others only show what they may hold."""
_COMPILES = re.compile(r"\s*(?:tsc|swc|babel|tsup|nest build)\b[^&|;]*")
"""A script that makes code for a server or a library, and no client."""
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


def may_have_own(change: DockerfileChange, name: str) -> bool:
    """Tell whether a file that comes along may give the variable a value of the project's own; so one not read may."""
    context = change.repository.context_of(change.path) or ""
    own = (path for path in change.repository.context_files(change.path) or () if _OWN.fullmatch(path.split("/")[-1]))
    texts = (change.repository.text(posixpath.join(context, path)) for path in own)
    return any(text is None or name in text for text in texts)


def compiles_alone(change: DockerfileChange, run: Run, command: Command) -> bool:
    """Tell whether the script of `package.json` that a build runs is a compiler's call."""
    called, manifest = script_called(command.argv), manifest_for(change, run, command)
    script = manifest.scripts.get(called[0]) if called is not None and manifest is not None else None
    return script is not None and _COMPILES.fullmatch(script) is not None
