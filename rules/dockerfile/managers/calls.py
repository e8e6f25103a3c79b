"""A package manager's call, and how a manager is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.dockerfile.managers.options import opposite
from rules.dockerfile.managers.traits import ALWAYS, NEVER, Trait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rules.dockerfile.managers.options import Options, OptionTable, OptionUse
    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import ShellWord

Kind = Literal["name", "path", "url", "vcs", "variable", "group"]
Action = Literal["install", "remove", "update", "upgrade", "clean", "download", "build", "sync", "lock", "run", "other"]

_OFF = frozenset({"false", "0", "no", "off"})
_SWITCHES = _OFF | {"true", "1", "yes", "on"}
NO = frozenset({"", "0", "false", "no", "off", "n", "f"})
"""What switches a variable off, as Python's and npm's configuration readers take it."""


def _listed(value: str) -> list[str]:
    """Return a value and, if it is a list, what it lists: `development:test`, `dev,test`."""
    lower = value.lower()
    return [lower, *lower.replace(":", " ").replace(",", " ").split()]


class Package(NamedTuple):
    """One thing that a package manager is asked for.

    Attributes:
        name: Without version, extras, architecture or release; for a path, URL or repository as written.
        version: The constraint as written, operator included: `=1.2`, `==1.2`, `~=1.0`, `@1.2.3`, `:1.2`,
            `/bookworm`, or where it comes from (`name @ url`, PEP 508): `@git+https://…`; `None` when any will do.
        word: The word that names it.
        kind: `name` for a package of an index; `path`, `url`, `vcs` (a repository); `group` for what stands for
            other packages (`@development`, a virtual package of apk); `variable` when a variable names it.
    """

    name: str
    version: str | None
    word: ShellWord
    kind: Kind = "name"


@dataclass(frozen=True, slots=True, eq=False)
class Manager:
    """How to read one package manager's command line.

    Attributes:
        name: The manager.
        options: Its options.
        actions: What each subcommand does; one of two words is written with a blank between them.
        package: Reads one operand of a subcommand that takes packages.
        nothing: What it does without a subcommand.
        groups: First words of subcommands that consist of two.
        manifests: The files it reads when it is not told which packages.
        no_packages: Subcommands whose operands are no packages.
        otherwise: What it does for a subcommand that is not listed.
        verb_options: The options of a subcommand that gives letters another meaning.
        flag_action: Tells the action from the options, for a manager without subcommands.
        manifest_options: Options whose values are files it reads.
        package_options: Options whose values are packages.
        assume_yes: It asks nothing.
        no_recommends: It leaves out recommended packages.
        no_cache: It keeps no downloads.
        production: It leaves out what only developers need.
        frozen: It installs exactly what a lock file says, or fails.
        global_: It installs for the whole system or user, not for a project.
    """

    name: str
    options: OptionTable
    actions: Mapping[str, Action]
    package: Callable[[ShellWord], Package | None]
    nothing: Action = "other"
    groups: frozenset[str] = frozenset()
    manifests: Callable[[str, Options], tuple[str, ...]] | None = None
    no_packages: frozenset[str] = frozenset()
    verb_options: Mapping[str, OptionTable] | None = None
    flag_action: Callable[[Options], Action] | None = None
    otherwise: Action = "other"
    manifest_options: tuple[str, ...] = ()
    package_options: tuple[str, ...] = ()
    assume_yes: Trait = ALWAYS
    no_recommends: Trait = NEVER
    no_cache: Trait = NEVER
    production: Trait = NEVER
    frozen: Trait = NEVER
    global_: Trait = NEVER


@dataclass(frozen=True, slots=True, eq=False)
class PackageCall:
    """One call of a package manager.

    Attributes:
        manager: `apt` (also for `apt-get`, `aptitude` and `add-apt-repository`), `apk`, `dnf`, `yum`, `microdnf`,
            `tdnf`, `zypper`, `pacman`, `brew`, `pip`, `uv`, `pipx`, `poetry`, `pipenv`, `pdm`, `conda` (also for
            `mamba` and `micromamba`), `npm`, `pnpm`, `yarn`, `bun`, `gem`, `bundle`, `composer`, `go`, `cargo`,
            `dotnet`, `mix`, `mvn` (also for `mvnw`), `swift`.
        program: As called, without its folder: `apt-get`, `pip3`, `python -m pip`, `uv pip`.
        action: What it does. `install` also when a project's files say what (`npm ci`); `sync` makes an environment
            match a lock file (`uv sync`); `update` refreshes an index, `upgrade` renews what is installed.
        verb: The subcommand, in full: `install`, `dist-upgrade`, `pip install`, `cache clean`; empty for none.
        subcommand: The word of its last part.
        command: The command.
        packages: What it is asked for, in order.
        manifests: Files that say what to install, as given or implied: `requirements.txt`, `package.json`, `.`.
        options: The command line, options and operands apart.
        env: Variables in force: those known before, those set earlier in the script and by the command.
        spec: How its command line is read.
        answered: Its questions are answered by a pipe (`yes | …`).
    """

    manager: str
    program: str
    action: Action
    verb: str
    subcommand: ShellWord | None
    command: Command
    packages: tuple[Package, ...]
    manifests: tuple[str, ...]
    options: Options
    env: Mapping[str, str]
    spec: Manager
    answered: bool = False

    def __repr__(self) -> str:
        """Name manager, action and packages."""
        named = " ".join(package.name + (package.version or "") for package in self.packages)
        return f"<{self.manager} {self.verb or self.action} {named}>"

    @property
    def flags(self) -> frozenset[str]:
        """The options given, by their canonical long names."""
        return frozenset(self.options.uses)

    def uses(self, *names: str) -> list[OptionUse]:
        """Return every use of these options, in any spelling."""
        given = self.options.uses
        return [use for name in dict.fromkeys(map(self.spec.options.canonical, names)) for use in given.get(name, ())]

    def has(self, *names: str) -> bool:
        """Tell whether one of these options is in force, in any spelling: of `--x`, `--no-x`, `--x=false` the last."""
        return any(map(self.turned, names))

    def turned(self, name: str) -> bool | None:
        """Tell whether an option is switched on or off, by the last word about it; `None` where there is none."""
        said = self.last_use(name)
        if said is None:
            return None
        off = said.value is not None and said.value.lower() in _OFF
        return off if said in self.uses(opposite(name)) else not off

    def last_use(self, name: str) -> OptionUse | None:
        """Return the last use of an option or of its opposite: `--no-x` of `--x`; one that takes a value is none."""
        given, canonical = self.options.uses, self.spec.options.canonical
        if canonical(name) not in given and canonical(opposite(name)) not in given:
            return None  # asked of every call for many an option that it does not have
        against = [use for use in self.uses(opposite(name)) if use.value is None or use.value.lower() in _SWITCHES]
        return max([*self.uses(name), *against], key=lambda use: use.word.start, default=None)

    def option(self, *names: str) -> str | None:
        """Return the last value given to one of these options, in any spelling."""
        values = [use.value for use in self.uses(*names) if use.value is not None]
        return values[-1] if values else None

    def flag_word(self, *names: str) -> ShellWord | None:
        """Return the word that holds one of these options."""
        uses = self.uses(*names)
        return uses[0].word if uses else None

    def satisfies(self, wanted: Trait) -> bool:
        """Tell whether the call has a property."""
        if wanted.always or self.verb in wanted.subcommands:
            return True
        if any(map(self._says, wanted.unless)):
            return False
        if any(len(self.options.uses.get(flag, ())) > 1 for flag in wanted.repeated):
            return True
        refused = False
        for flag in wanted.flags:
            says = self._says(flag)
            if says:
                return True
            refused |= says is False
        if refused:
            return False  # the command line has the last word
        return any(self.env.get(name) for name in wanted.present) or any(map(self._asked, wanted.variables))

    def _says(self, flag: str) -> bool | None:
        """Tell whether the command line switches an option on or off, or names a value; `None` where it does not."""
        name, equals, value = flag.partition("=")
        if not equals:
            return self.turned(name)
        values = self.options.values(self.spec.options.canonical(name))
        return any(value in _listed(text) for text in values) or None

    def _asked(self, variable: str) -> bool:
        name, equals, value = variable.partition("=")
        return value in _listed(self.env.get(name) or "") if equals else self.is_set(name)

    def is_set(self, variable: str) -> bool:
        """Tell whether an environment variable is in force with a value that is no "no"."""
        return (self.env.get(variable) or "").lower() not in NO

    @property
    def project(self) -> bool:
        """It installs what the project's files ask for, not packages named on the command line."""
        named = any(package.kind != "path" for package in self.packages)
        return self.action in {"install", "sync"} and bool(self.manifests) and not named

    @property
    def compiles_dependencies(self) -> bool:
        """It compiles what the project needs, and not the project: `mix deps.compile`, `cargo chef cook`."""
        return (self.manager, self.verb) in {("mix", "deps.compile"), ("cargo", "chef cook")}

    @property
    def assume_yes(self) -> bool:
        """It asks nothing, or is answered: by a flag, a variable or `yes |`, or because this manager never asks."""
        return self.answered or self.satisfies(self.spec.assume_yes)

    @property
    def no_recommends(self) -> bool:
        """It leaves out packages that are only recommended."""
        return self.satisfies(self.spec.no_recommends)

    @property
    def no_cache(self) -> bool:
        """It keeps no downloads or index (`pip --no-cache-dir`, `apk --no-cache`)."""
        return self.satisfies(self.spec.no_cache)

    @property
    def production(self) -> bool:
        """It leaves out what only developers need (`npm ci --omit=dev`, `uv sync --no-dev`)."""
        return self.satisfies(self.spec.production)

    @property
    def frozen(self) -> bool:
        """It installs exactly what a lock file says, or fails (`npm ci`, `--frozen-lockfile`, `--locked`)."""
        return self.satisfies(self.spec.frozen)

    @property
    def global_(self) -> bool:
        """It installs for the whole system or user and not for a project (`npm install -g`)."""
        return self.satisfies(self.spec.global_)

    @property
    def virtual(self) -> str | None:
        """The name under which apk groups the packages (`--virtual .build-deps`)."""
        return self.option("--virtual") if self.manager == "apk" else None

    @property
    def user(self) -> bool:
        """It installs into the home folder (`pip install --user`, `gem install --user-install`)."""
        return self.has("--user", "--user-install")

    @property
    def target(self) -> str | None:
        """The folder it installs into, when told (`pip --target`, `npm --prefix`, `dnf --installroot`)."""
        return self.option("--target", "--prefix", "--root", "--install-dir", "--installroot")

    @property
    def editable(self) -> bool:
        """It installs a project in place (`pip install -e .`)."""
        return self.has("--editable")
