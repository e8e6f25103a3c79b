"""See run_tool_missing.md."""

from collections.abc import Iterator
from itertools import islice

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
    runs_apart,
    shell_around,
)
from rules.build.absent_shells import absent_shell
from rules.build.git_of_installs import install_without_git
from rules.build.gone_scripts import gone_script
from rules.build.missing_programs import (
    OF_APACHE,
    OF_JDK,
    OF_NODE,
    OF_SHADOW,
    OF_TOOLCHAINS,
    SYSTEM_TOOLS,
    is_absent_but_for_packages,
    is_given_up_by_node,
    is_missing_at,
    is_newest_node,
    is_ubi_minimal,
    lacks,
    lacks_dotnet_sdk,
    said_without_sdk,
)
from rules.build.windows.nano_server import without_powershell
from rules.dockerfile.shell.nested import reads_profiles
from rules.facts.command_packages import package_of_command
from rules.facts.distributions import DEBIAN_FAMILY, title_of
from rules.facts.tools import FIRST_WITHOUT_ADDUSER
from rules.model.accounts import is_membership
from rules.model.foreign_options import foreign_option, is_of_usermod
from rules.packages.account_tools import JOIN, account_calls, instead_of
from rules.packages.recommended.xauth import STARTER, cause_of, name_xauth, said_without_xauth, xvfb_without_xauth
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
    **{
        name: f"build this in a stage upon `{image}`, and copy the result"
        for name, image in zip(OF_TOOLCHAINS, ("golang", "rust", "maven", "gradle"), strict=True)
    },
    **dict.fromkeys(OF_JDK, "start this stage from an image of the JDK"),
    **dict.fromkeys(OF_APACHE, "start from the `apache` variant of the image, or leave it out where no Apache serves"),
    "composer": "copy it (`COPY --from=composer:<version> /usr/bin/composer /usr/local/bin/`)",
    "bundle": "start from an image of `ruby`, or install Ruby",
}
"""Programs that install a project's dependencies, and how an image comes by them."""
_BY_TAGS = "the tools are those of the tags that are known of the base image"


_OF_YARN = "which Node.js's images have not held since 26: {base} comes without, and no instruction installs it"
_UNNAMED = " names no release, so that it is the newest by now, and"
_YARN_AGAIN = "Run `npm install -g yarn@1.22.22`, or `npm install -g corepack@<version>` and `corepack enable` first"

_PACKAGES = {
    **{(name, "alpine"): "py3-pip" for name in ("pip", "pip3")},
    **{(name, distro): "python3-pip" for name in ("pip", "pip3") for distro in DEBIAN_FAMILY},
    **{("python", distro): "python-is-python3" for distro in DEBIAN_FAMILY},
    ("python", "alpine"): "python3",
    **{("lsb_release", distro): "lsb-release" for distro in ("debian", "ubuntu")},
}
"""The packages of programs that are called otherwise (packages.debian.org, pkgs.alpinelinux.org)."""


@rule(
    "run-tool-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls a program that the base image does not have and nothing installs."""
    yield from _without_xauth(change)
    for stage in change.stages:
        yield from without_powershell(stage)
        if stage.facts is None or stage.runtime.is_windows:
            continue
        yield from _of_managers(stage)
        yield from filter(None, (gone_script(stage), absent_shell(stage)))
        sdk = ((run, c) for run in stage.runs for c in sure_calls(run, "dotnet") if lacks_dotnet_sdk(stage, c))
        yield from (_of_sdk(stage, *found) for found in islice(sdk, 1))
        system = ((run, c) for run in stage.runs for c in _system_calls(run) if _is_looked_for(run, c))
        absent = next(((run, c) for run, c in system if is_missing_at(run, c)), None)
        if absent is not None:
            yield _of_system(stage, *absent)
        unfetched = install_without_git(change, stage) if absent is None or absent[1].name != "git" else None
        if unfetched is not None:
            yield unfetched
        gone = next(((run, c) for run, c in account_calls(stage) if _is_given_up(run, c)), None)
        if gone is not None:
            yield _given_up(stage, *gone)
            continue
        calls = ((run, command) for run in stage.runs for command in sure_calls(run, "adduser", "addgroup"))
        refused = ((run, c, word) for run, c in calls if (word := foreign_option(stage, c)) is not None)
        option = next(refused, None)
        if option is not None:
            yield _refused(stage, *option)


def _of_managers(stage: Stage) -> Iterator[Problem]:
    """Yield the first call of a program that the stage lacks at each of its steps."""
    called = ((run, command) for run in stage.runs for command in sure_calls(run, *_MANAGERS, *OF_SHADOW, "apt-key"))
    found = ((run, c) for run, c in called if _is_looked_for(run, c))
    first = next(((run, command) for run, command in found if lacks(stage, command.name)), None)
    if first is not None:
        yield _problem(stage, *first)


def _without_xauth(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the first call of `xvfb-run` for each install that leaves out `xauth`, whatever becomes of the failure."""
    told: set[str] = set()
    for stage in change.stages:
        calls = [(run, c) for run in stage.runs for c in run.commands if STARTER in (c.name, *c.wrappers)]
        sure = [(run, command) for run, command in calls if not (command.conditional or run.deferred)]
        item = xvfb_without_xauth(stage) if sure else None
        if item is None or cause_of(item) in told:
            continue
        told.add(cause_of(item))
        run, command = sure[0]
        yield Problem(
            command.span,
            said_without_xauth(stage, item, "calls"),
            Confidence.LIKELY,
            doubt="another package may bring it",
            instruction=run.instruction,
            stage=stage.key,
            key=STARTER,
            cause=cause_of(item),
            fix=name_xauth(item),
        )


def _system_calls(run: Run) -> Iterator[Command]:
    """Yield the calls of the system's programs that surely run, also those that a pipe hides the failure of."""
    yield from sure_calls(run, *SYSTEM_TOOLS)
    if not run.deferred and run.is_read and not any(mount.type == "bind" for mount in run.mounts):
        for command in run.calls(*SYSTEM_TOOLS):
            if command.after == "|" and not (command.conditional or command.negated or runs_apart(run, command)):
                yield command


def _is_looked_for(run: Run, command: Command) -> bool:
    """Whether a program is called by its name alone, and `PATH` is the image's: a login shell reads its own first."""
    bare = command.program is not None and command.program.value == command.name
    shell = run.script.shell if command is not run.script.shell else None
    around = shell_around(run, command) or shell
    return bare and (around is None or not reads_profiles(word.value for word in around.args))


def _is_given_up(run: Run, command: Command) -> bool:
    runtime = run.stage.runtime
    absent = runtime.never_has(command.name, "adduser") or is_absent_but_for_packages(run, command)
    return runtime.distribution in DEBIAN_FAMILY and absent


def _given_up(stage: Stage, run: Run, command: Command) -> Problem:
    """Debian's base images hold the package `adduser` no longer."""
    assert command.program is not None
    name, base = command.name, quote(stage.root.base_text or "")
    distro = stage.runtime.distribution or ""
    system = f"{title_of(distro)}'s images have not held since {FIRST_WITHOUT_ADDUSER[distro]}"
    instead = JOIN if is_membership(command) else instead_of(command)
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
    if is_of_usermod(option):
        theirs, instead = "`usermod`", "`adduser <name> <group>`"
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


def _of_sdk(stage: Stage, run: Run, command: Command) -> Problem:
    """A command of .NET's SDK, in an image that only starts programs."""
    short = quote(f"dotnet {command.subcommand}")
    return Problem(
        command.span,
        f"{stage.label} calls {short}, a command of .NET's SDK, and {quote(stage.root.base_text or '')} has the "
        f"runtime alone. The build stops here: {said_without_sdk(stage)}. Do this in a stage upon "
        "`mcr.microsoft.com/dotnet/sdk`, and copy the result.",
        instruction=run.instruction,
        stage=stage.key,
        key="sdk",
    )


def _of_system(stage: Stage, run: Run, command: Command) -> Problem:
    """A program of the distribution, which slim images come without."""
    assert command.program is not None
    name, base = command.name, quote(stage.root.base_text or "")
    distro = stage.runtime.distribution or ""
    package = _PACKAGES.get((name, distro)) or package_of_command(name, distro) or name
    hidden = command.after == "|" and not command.pipefail
    effect = "What reads its output gets nothing" if hidden else "The build stops here"
    return Problem(
        command.program.span,
        f"{stage.label} calls {quote(name)}, which {base} does not have and nothing above installs. "
        f"{effect}: “{name}: not found”. Install {quote(package)} first.",
        Confidence.LIKELY,
        doubt=_BY_TAGS,
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    assert command.program is not None
    name, base = command.name, quote(stage.root.base_text or "")
    if name == "apt-key":
        why = f"which apt has given up: {base} comes without"
        way_out = "Save the key below `/etc/apt/keyrings`, and name it in the source: `deb [signed-by=<file>] …`"
    elif name in OF_SHADOW and is_ubi_minimal(stage):
        why = f"which is in the package `shadow-utils` alone, and {base} comes without"
        way_out = "Run `microdnf install -y shadow-utils` first, or set a number that needs no account: `USER 1001`"
    elif name in OF_SHADOW:
        why = f"which Alpine has in its package `shadow` alone, and {base} comes without"
        way_out = f"Use BusyBox's own, {OF_SHADOW[name]}, or install `shadow`"
    elif name == "yarn" and is_given_up_by_node(stage, name):
        why, way_out = _OF_YARN.format(base=f"{base}{_UNNAMED if is_newest_node(stage) else ''}"), _YARN_AGAIN
    else:
        why = f"which {base} does not have and no instruction installs"
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
