"""Which commands of a build may write to any folder without naming it: whatever runs a text of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.commands import BUSYBOX, DEBIAN, POSIX
from rules.lazily import once
from rules.model.run_writes import OPAQUE_HARMLESS

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage

_RUN_OTHERS = frozenset(
    "sh bash ash dash perl run-parts script init invoke-rc.d service su chroot runuser awk mawk ed vi watch".split()
)
"""Those of the system's commands that run a text which is handed to them."""

SYSTEM = OPAQUE_HARMLESS | ((POSIX | DEBIAN | BUSYBOX) - _RUN_OTHERS)
"""Commands of the system that run nothing but themselves."""
_TOOLS = frozenset(
    "gcc g++ cc c++ clang clang++ ar ld strip patchelf upx rustc javac git zip zstd 7z jq yq file openssl rustup "
    "corepack protoc keytool sqlite3 apt-add-repository add-apt-repository dpkg-architecture dpkg-reconfigure cpanm "
    "pecl pear docker-php-ext-install docker-php-ext-configure docker-php-ext-enable install-php-extensions".split()
)
"""Tools that write where their command line says, or to folders of their own."""

_VERBS = {
    "go": frozenset("build install get mod list env version vet clean fmt work".split()),
    "cargo": frozenset("build b install fetch check c update new init vendor clean rustc add chef".split()),
    "npm": frozenset("install i ci add config set cache prune update uninstall".split()),
    "pnpm": frozenset("install i add fetch config prune import".split()),
    "yarn": frozenset("install add config set cache global".split()),
    "bun": frozenset("install i add".split()),
    "pip": frozenset("install download wheel config cache uninstall list freeze".split()),
    "uv": frozenset("sync pip venv python lock export tool".split()),
    "poetry": frozenset("install config export lock update".split()),
    "pipenv": frozenset("install sync lock requirements".split()),
    "gem": frozenset("install update".split()),
    "bundle": frozenset("install config lock".split()),
    "composer": frozenset("require install update config".split()),
    "dotnet": frozenset("restore tool add new nuget".split()),
    "conda": frozenset("install create clean update config env".split()),
}
_VERBS |= {"pip3": _VERBS["pip"], "mamba": _VERBS["conda"], "micromamba": _VERBS["conda"]}
"""What fetches or compiles, and writes to the folder that it works in, to one of its own, or where an option says."""


_FETCHING = frozenset({"dependency:resolve", "dependency:go-offline", "dependency:resolve-plugins"})
_IN_PLACE = frozenset(
    "npm npx pnpm yarn bun next vite ng tsc mvn mvnw gradle gradlew dotnet cargo mix swift cabal stack hugo "
    "composer".split()
)
"""Tools that run what a project says, and write below the folder that they work in unless it says otherwise."""
_WRAPPERS = frozenset({"./mvnw", "./gradlew"})
_UNPACKS = "-Djarmode="
"""Spring Boot's jar unpacks itself into the folder that it works in (its reference, "Efficient Container Images")."""


@once
def runs_recipes(stage: Stage) -> bool:
    """Tell whether a script or a build file of the project runs in a chain, or a program that is not known.

    Those may make a folder that no instruction names: `outDir` of Vite, `dspace.dir` of an Ant file, `PREFIX` of a
    Makefile.
    """
    return any(not _writes_where_said(run, command) for run in stage.done_runs for command in run.commands)


@once
def runs_open_recipes(stage: Stage) -> bool:
    """Tell whether one of them is no tool of a language that keeps to its folder: a Makefile, a script, a program."""
    return any(
        not _writes_where_said(run, command) and not _writes_in_place(command)
        for run in stage.done_runs
        for command in run.commands
    )


def _writes_in_place(command: Command) -> bool:
    program = command.called
    if command.name == "java":
        return any(word.value.startswith(_UNPACKS) for word in command.args)
    return command.name in _IN_PLACE and ("/" not in program or program in _WRAPPERS)


def _only_fetches(command: Command) -> bool:
    """Whether Maven is told to fill its own repository and no more (maven-dependency-plugin, "Goals")."""
    goals = [word.value for word in command.operands(("-f", "--file", "-s", "--settings", "-pl", "-P", "-t"))]
    return bool(goals) and all(goal in _FETCHING for goal in goals)


def _writes_where_said(run: Run, command: Command) -> bool:
    program = command.called
    by_path = "/" in program and not program.startswith(("/bin/", "/sbin/", "/usr/"))
    if by_path or "$" in program or program.endswith((".sh", ".py", ".js")):
        return False
    name = command.name
    if not name or name in SYSTEM or name in _TOOLS or (name in ("mvn", "mvnw") and _only_fetches(command)):
        return True
    if name == "dotnet" and command.option("-o", "--output"):
        return True
    if name in _VERBS:
        return command.subcommand in _VERBS[name]
    calls = (call for call in run.package_calls if call.action not in ("run", "build"))
    if any(call.command.start == command.start for call in calls):
        return True
    return name.startswith("python") and command.option("-m") in ("venv", "pip", "ensurepip")
