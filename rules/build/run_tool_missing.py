"""See run_tool_missing.md."""

from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, quote, rule
from rules.build.missing_programs import OF_NODE, OF_SHADOW, lacks
from rules.facts.distributions import title_of
from rules.facts.tools import FIRST_WITHOUT_ADDUSER
from rules.model.accounts import is_membership
from rules.model.foreign_options import foreign_option
from rules.packages.account_tools import INSTEAD, JOIN, account_calls
from rules.packages.scripts import sure_calls

_MANAGERS = {
    "uv": "copy it (`COPY --from=ghcr.io/astral-sh/uv:<version> /uv /bin/`) or `pip install uv==<version>`",
    "poetry": "`pip install poetry==<version>` first",
    "pipenv": "`pip install pipenv==<version>` first",
    "pdm": "`pip install pdm==<version>` first",
    "pnpm": "`npm install -g pnpm@<version>` first, or `corepack enable` where the image has it",
    **dict.fromkeys(OF_NODE, "build this in a stage upon `node`, and copy the result"),
    "bun": "`npm install -g bun@<version>` first, or start from an image of `oven/bun`",
    "corepack": "`npm install -g corepack@<version>` first, which Node.js no longer brings since 25",
    "composer": "copy it (`COPY --from=composer:<version> /usr/bin/composer /usr/local/bin/`)",
    "bundle": "start from an image of `ruby`, or install Ruby",
}
"""Programs that install a project's dependencies, and how an image comes by them."""
_BY_TAGS = "the tools are those of the tags that are known of the base image"


@rule(
    "run-tool-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=(*_MANAGERS, *OF_SHADOW, "apt-key", *INSTEAD),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls a program that the base image does not have and nothing installs."""
    for stage in change.stages:
        if stage.facts is None or stage.runtime.is_windows:
            continue
        called = (
            (run, command) for run in stage.runs for command in sure_calls(run, *_MANAGERS, *OF_SHADOW, "apt-key")
        )
        found = ((run, c) for run, c in called if c.program is not None and c.program.value == c.name)
        first = next(((run, command) for run, command in found if lacks(stage, command.name)), None)
        if first is not None:
            yield _problem(stage, *first)
        gone = next(((run, c) for run, c in account_calls(stage) if _is_given_up(stage, c.name)), None)
        if gone is not None:
            yield _given_up(stage, *gone)
            continue
        calls = ((run, command) for run in stage.runs for command in sure_calls(run, "adduser", "addgroup"))
        refused = ((run, c, word) for run, c in calls if (word := foreign_option(stage, c)) is not None)
        option = next(refused, None)
        if option is not None:
            yield _refused(stage, *option)


def _is_given_up(stage: Stage, name: str) -> bool:
    return stage.runtime.distribution in ("debian", "ubuntu") and stage.runtime.never_has(name, "adduser")


def _given_up(stage: Stage, run: Run, command: Command) -> Problem:
    """Debian's base images hold the package `adduser` no longer."""
    assert command.program is not None
    name, base = command.name, quote(stage.root.base_text or "")
    distro = stage.runtime.distribution or ""
    system = f"{title_of(distro)}'s images have not held since {FIRST_WITHOUT_ADDUSER[distro]}"
    instead = JOIN if is_membership(command) else INSTEAD[name]
    return Problem(
        command.program.span,
        f"{stage.label} calls {quote(name)}, which {system}: {base} comes without, and nothing "
        f"above installs it. The build stops here with “{name}: not found”. Use {instead}, or install the package "
        "`adduser` first.",
        Confidence.LIKELY,
        doubt=_BY_TAGS,
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )


def _refused(stage: Stage, run: Run, command: Command, option: str) -> Problem:
    """The program is there under the name, and is another one than the line was written for."""
    name, base = command.name, quote(stage.root.base_text or "")
    if stage.runtime.distribution == "alpine":
        theirs, here, instead = "Debian's", "BusyBox's, which does not know it", "`adduser -S -D -u <uid> <name>`"
    else:
        theirs, here = "BusyBox's", "Debian's, which refuses it"
        instead = "`useradd --system --uid <uid> <name>`" if name == "adduser" else "`groupadd --gid <gid> <name>`"
    return Problem(
        command.span,
        f"{stage.label} calls {quote(name)} with {quote(option)}, an option of {theirs}; {base} has {here}. The build "
        f"stops here. Write {instead}.",
        Confidence.LIKELY,
        doubt=_BY_TAGS,
        instruction=run.instruction,
        stage=stage.key,
        key=f"{name} {option}",
    )


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    assert command.program is not None
    name, base = command.name, quote(stage.root.base_text or "")
    if name == "apt-key":
        why = f"which apt has given up: {base} comes without"
        way_out = "Save the key below `/etc/apt/keyrings`, and name it in the source: `deb [signed-by=<file>] …`"
    elif name in OF_SHADOW:
        why = f"which Alpine has in its package `shadow` alone, and {base} comes without"
        way_out = f"Use BusyBox's own, {OF_SHADOW[name]}, or install `shadow`"
    else:
        why = f"which is not in the image: {base} does not have it and no instruction installs it"
        way_out = f"Bring it along: {_MANAGERS[name]}"
    return Problem(
        command.program.span,
        f"{stage.label} calls {quote(name)}, {why}. The build stops here with “{name}: not found”. {way_out}.",
        Confidence.LIKELY,
        doubt=_BY_TAGS,
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )
