"""Which packages of a shipped image serve builds only, what uses them there, and what they weigh."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.installers import NODE_MANAGERS, PYTHON_MANAGERS
from rules.facts.packages import installed_size, is_build_only, needed_by, plain_name, runtime_of
from rules.lazily import once
from rules.model.lineage import built_upon
from rules.packages.indexes.sources import adds_source_before
from rules.packages.libraries.plain_names import loaded_by_name
from rules.packages.recommended.halves import wholes_of
from rules.packages.scripts import may_be_script

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import Package, PackageCall
    from rules.dockerfile.shell.script import Command
    from rules.model.packages import Installed
    from rules.model.stage import Stage
    from rules.model.steps import Run

_FAMILY = {"apt": "debian", "apk": "alpine", "dnf": "rhel", "yum": "rhel", "microdnf": "rhel", "tdnf": "rhel"}
COMPILERS = frozenset(
    "gcc g++ cc c++ clang clang++ make cmake ninja meson configure autogen.sh autoreconf autoconf cargo rustc go bazel "
    "docker-php-ext-install docker-php-ext-configure pecl phpize node-gyp perl cpanm cpan cython f2py R Rscript nvcc "
    "rebar3 mix stack cabal ghc swift javac mvn gradle qmake scons waf install-php-extensions luarocks xcaddy "
    "dpkg-buildpackage debuild pdebuild gbp rpmbuild makepkg abuild".split()
)
"""Programs that compile, build or package, or may."""
_MAY_COMPILE = NODE_MANAGERS | PYTHON_MANAGERS | {"pipx", "conda"}
_PLAIN_SCRIPTS = frozenset("npm pnpm yarn corepack typescript ts-node tsx pm2 nodemon serve rimraf".split())
"""npm packages of JavaScript alone that people install for the whole image."""

_MAY_COMPILE_TOO = frozenset({"gem", "bundle", "cargo", "go"})
_NO_TWIN = ("libpython", "libc6", "libgcc", "libstdc++", "libruby", "libperl", "libdpkg", "linux-")
"""Libraries that a language or the base system brings by itself: nobody installs them in place of the headers."""
_LOADED = "gir1.2-"
"""How packages are called that describe libraries to Python, JavaScript and others (GObject Introspection)."""
_LIGHT = frozenset(
    "make patch pkg-config pkgconf pkgconfig m4 gdb strace ltrace perf valgrind dpkg-dev file bats "
    "binutils libncurses-dev diffstat gettext patchelf check "
    "linux-libc-dev linux-headers libc6-dev libc-dev-bin libc-dev libcrypt-dev glibc-headers kernel-headers".split()
)
"""Packages of a few megabytes, that people debug production with, or that come with a compiler, and are named without
one where a base that has it is to be brought up to date: no reason to speak by themselves."""
_TOOLS = re.compile(
    r"nasm|yasm|meson|ninja(?:-build)?|samurai|swig|bison|flex|re2c|ragel|gperf|protobuf(?:-c)?-compiler|capnproto|"
    r"doxygen|help2man|shellcheck|cppcheck|lcov|ccache|distcc|upx|clang-(?:format|tidy|tools)(?:-\d+)?|clangd(?:-\d+)?|"
    r"binutils-.+-linux-.+"
)
"""Tools that a program may call for its own work, as others do a pager: an assembler, a formatter, a checker. They are
there for a build only where one is seen; the installs of pip, gem and npm call a compiler, and none of these."""
_FOR_PROFILERS = "binutils"
_PROFILERS = ("linux-perf", "linux-tools-generic", "linux-tools-common", "perf", "valgrind", "gdb")
"""What people look into a running program with; it calls the `addr2line` and `objdump` of binutils."""
_LANGUAGE_TOOLKITS = ("openjdk", "default-jdk", "java-", "golang", "rust", "cargo", "go", "maven", "ant")


class BuildPackages(NamedTuple):
    """What one RUN leaves in a shipped layer that only builds need.

    Attributes:
        stage: The stage that ships.
        run: The RUN.
        items: The packages, in order.
        distribution: As in `ImageFacts.distro`; from the package manager where the base is not known.
    """

    stage: Stage
    run: Run
    items: tuple[Installed, ...]
    distribution: str

    @property
    def names(self) -> tuple[str, ...]:
        """The packages' names, each once."""
        return tuple(dict.fromkeys(item.name for item in self.items))

    @property
    def heavy(self) -> tuple[str, ...]:
        """The names of those that are a reason to speak."""
        return tuple(name for name in self.names if name not in _LIGHT)

    def only(self, names: Collection[str]) -> BuildPackages:
        """Return what it leaves of some packages."""
        return self._replace(items=tuple(item for item in self.items if item.name in names))

    @property
    def calls(self) -> tuple[PackageCall, ...]:
        """The calls that install them."""
        return tuple({id(item.call): item.call for item in self.items}.values())

    @property
    def weight(self) -> int | None:
        """Bytes that the image would lose without them, dependencies included; `None` where that is not known."""
        return without(self, {})

    def runtime_of(self, item: Installed) -> tuple[str, ...] | None:
        """Return the libraries that run what was built against a package of headers, `None` where not known.

        With headers come the descriptions that programs load when they bind to a library as they run (`gir1.2-…`).
        """
        release = self.stage.runtime.release
        twin = runtime_of(item.name, self.distribution, release)
        if twin is None or any(name.startswith(_NO_TWIN) for name in twin):
            return None
        along = needed_by(item.name, release) if self.distribution == "debian" else ()
        loaded = (name for name in along if name.startswith(_LOADED) and not name.endswith("-dev"))
        return (*twin, *(name for name in loaded if not self.stage.packages.has(name)))


def build_packages(change: DockerfileChange) -> Iterator[BuildPackages]:
    """Yield the RUNs of shipped images that leave build-only packages in a layer, each once."""
    seen: set[int] = set()
    for stage in change.after.shipped:
        if stage.runtime.is_windows or _has_toolchain(stage):
            continue
        by_run: dict[int, list[Installed]] = {}
        loaded = loaded_by_name(change, stage)
        for item in stage.packages.in_layers:
            if item.call.command.conditional:
                continue
            if item.removed_by is None and item.name in loaded:
                continue
            if item.manager in _FAMILY and is_for_builds(stage, item):
                by_run.setdefault(id(item.run.instruction), []).append(item)
        for key, items in by_run.items():
            found = BuildPackages(stage, items[0].run, tuple(items), distribution_of(stage, items[0]))
            if key not in seen and found.heavy:
                seen.add(key)
                yield found


def is_for_builds(stage: Stage, item: Installed) -> bool:
    """Tell whether a package serves builds only; PHP's Alpine images have a variable for a list of such packages."""
    if item.manager == "apk" and item.name.strip("${}") == "PHPIZE_DEPS":
        return True
    if item.name == _FOR_PROFILERS and any(stage.packages.has(name) for name in _PROFILERS):
        return False
    if _TOOLS.fullmatch(plain_name(item.name)) and not builds_sources(stage):
        return False
    users = wholes_of(item.name)
    if users and any(other.name in users and not is_for_builds(stage, other) for other in stage.packages.present):
        return False
    return bool(is_build_only(item.name, distribution_of(stage, item)))


@once
def builds_sources(stage: Stage) -> bool:
    """Tell whether a step of the stage compiles by itself, or is not read: a package manager's install is none."""
    if not all(run.is_read for run in stage.all_runs):
        return True
    return any(
        _is_compiler(command)
        for run in stage.all_runs
        for command in run.commands
        if not (command.name.startswith("python") and command.has("-m") and any(w.value == "pip" for w in command.args))
    )


def distribution_of(stage: Stage, item: Installed) -> str:
    """Return the distribution, or the one that a package manager stands for where the base is not known."""
    return stage.runtime.distribution or _FAMILY.get(item.manager, "")


def _has_toolchain(stage: Stage) -> bool:
    """Whether the base image brings compilers of C already, which no JDK does: then another rule speaks of the base."""
    facts = stage.facts
    if facts is None or set(facts.languages) == {"java"}:
        return facts is not None and bool(facts.full or facts.toolchain)
    return bool(facts.full or facts.toolchain) or facts.kind in ("sdk", "dev")


def is_language_toolkit(name: str) -> bool:
    """Tell whether a package is a language's own kit, which programs of that language may need to run."""
    return plain_name(name).startswith(_LANGUAGE_TOOLKITS)


def compiles_after(stage: Stage, run: Run) -> bool:
    """Tell whether the stage may compile something in a RUN or behind it: if in doubt, it may.

    It says nothing of the stages upon it, of which `compiles_upon` tells.
    """
    return _compiles_in(run) or compiles_behind(stage, run)


def compiles_behind(stage: Stage, run: Run) -> bool:
    """Tell whether the stage may compile something in a RUN below another one."""
    last = _last_compiling(stage)
    return last is not None and last > run.at


@once
def _last_compiling(stage: Stage) -> tuple[int, int] | None:
    """Where the last RUN of a chain stands that may compile something."""
    return max((step.at for step in stage.all_runs if _compiles_in(step)), default=None)


def compiles_upon(found: BuildPackages) -> bool:
    """Tell whether the stage that ships or any other upon the one that installs them may compile with them."""
    installer = found.run.stage
    upon = built_upon(installer)
    return any(compiles_after(stage, found.run) for stage in upon)


def _compiles_in(run: Run) -> bool:
    return not run.is_read or any(map(_may_compile, run.package_calls)) or any(map(_is_compiler, run.commands))


@once
def compiles_itself(stage: Stage) -> bool:
    """Tell whether a stage's own RUNs may compile something, those of the stages below it left aside."""
    return any(run.is_read and _compiles_in(run) for run in stage.runs)


def _may_compile(call: PackageCall) -> bool:
    if call.manager not in _MAY_COMPILE | _MAY_COMPILE_TOO or call.action not in ("install", "sync", "build", "run"):
        return False
    if call.manager in NODE_MANAGERS and call.packages and all(map(_is_plain_script, call.packages)):
        return False
    return not (call.has("--only-binary", "--no-build") or call.has("--ignore-scripts"))


def _is_plain_script(package: Package) -> bool:
    return package.name in _PLAIN_SCRIPTS or package.name.startswith("@types/")


def _is_compiler(command: Command) -> bool:
    """Whether a command compiles, or is a script that may."""
    name = command.name
    if name.startswith("python"):
        return any("setup.py" in word.value or word.value in ("build", "pip") for word in command.args)
    return name in COMPILERS or name == "eval" or may_be_script(command)


def without(found: BuildPackages, replaced: dict[str, tuple[str, ...]]) -> int | None:
    """Return the bytes that go when the packages are dropped or replaced; `None` where that is not known.

    Args:
        found: The packages.
        replaced: What takes the place of a package that is not dropped.
    """
    release = found.stage.runtime.release
    total = 0
    for call in found.calls:
        if adds_source_before(found.stage, found.run, call):
            return None  # its packages of the same names may weigh anything
        mine = {item.name for item in found.items if item.call is call}
        every = [package.name for package in call.packages if package.kind == "name"]
        rest = [name for name in every if name not in mine]
        rest += [twin for name in mine for twin in replaced.get(name, ())]
        recommends = not call.no_recommends
        heavy = installed_size(every, found.distribution, release, recommends=recommends)
        light = installed_size(rest, found.distribution, release, recommends=recommends)
        if heavy is None or light is None:
            return None
        total += max(0, heavy - light)
    return total


def megabytes(size: int | None) -> int | None:
    """Return whole megabytes, `None` for an unknown size and for less than one."""
    return None if size is None or size < 1_000_000 else round(size / 1_000_000)  # noqa: PLR2004 - bytes of a megabyte
