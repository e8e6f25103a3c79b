"""Where package managers and compilers keep what they fetch and make, by the variables and the home of a RUN."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.copying.python.user_installs import home_of
from rules.model.run_writes import is_opaque
from rules.user.accounts.running import changes_user, name_of, roots_home, runs_as_root

if TYPE_CHECKING:
    from rules.api import Command, Run


class Cache(NamedTuple):
    """A folder that a program keeps for its next run.

    Attributes:
        name: The program whose cache it is.
        programs: Those that use it by themselves; empty for one that compilers use unseen.
        variables: What moves it, the strongest first, with the path below the variable's folder.
        home: Its path below the home, where no variable says more; empty where it has no such place.
        of_account: Whether the home is that of the account, whatever `HOME` says: Java's `user.home`.
    """

    name: str
    programs: frozenset[str]
    variables: tuple[tuple[str, str], ...]
    home: str
    of_account: bool = False


def _cache(programs: str, variables: str, home: str, *, of_account: bool = False) -> Cache:
    """Read a row: variables as `NAME` or `NAME/below`."""
    named = tuple((name, below) for name, _, below in (one.partition("/") for one in variables.split()))
    name = (programs or named[0][0].removesuffix("_DIR").lower()).split()[0]
    return Cache(name, frozenset(programs.split()), named, home, of_account)


CACHES = (
    _cache("pip pip3 python python3", "PIP_CACHE_DIR XDG_CACHE_HOME/pip", ".cache/pip"),
    _cache("uv", "UV_CACHE_DIR XDG_CACHE_HOME/uv", ".cache/uv"),
    _cache("poetry", "POETRY_CACHE_DIR XDG_CACHE_HOME/pypoetry", ".cache/pypoetry"),
    _cache("npm npx", "npm_config_cache NPM_CONFIG_CACHE", ".npm"),
    _cache(
        "pnpm",
        "npm_config_store_dir NPM_CONFIG_STORE_DIR PNPM_HOME/store XDG_DATA_HOME/pnpm/store",
        ".local/share/pnpm/store",
    ),
    _cache("yarn", "YARN_CACHE_FOLDER XDG_CACHE_HOME/yarn", ".cache/yarn"),
    _cache("yarn", "YARN_CACHE_FOLDER YARN_GLOBAL_FOLDER/cache", ".yarn/berry/cache"),
    _cache("bun bunx", "BUN_INSTALL_CACHE_DIR BUN_INSTALL/install/cache", ".bun/install/cache"),
    _cache("deno", "DENO_DIR XDG_CACHE_HOME/deno", ".cache/deno"),
    _cache("go", "GOCACHE XDG_CACHE_HOME/go-build", ".cache/go-build"),
    _cache("go", "GOMODCACHE GOPATH/pkg/mod", "go/pkg/mod"),
    _cache("cargo", "CARGO_HOME", ".cargo"),
    _cache("mvn mvnw", "", ".m2", of_account=True),
    _cache("gradle gradlew", "GRADLE_USER_HOME", ".gradle", of_account=True),
    _cache("dotnet nuget", "NUGET_PACKAGES", ".nuget/packages"),
    _cache("composer", "COMPOSER_CACHE_DIR COMPOSER_HOME/cache XDG_CACHE_HOME/composer", ".cache/composer"),
    _cache("", "CCACHE_DIR", ""),
    _cache("", "SCCACHE_DIR", ""),
)
"""From the programs' own manuals: pip "Caching", uv "Cache directory", Poetry "cache-dir", npm-config(7) `cache`, pnpm
"Settings" `storeDir`, Yarn `cacheFolder`, Bun "Global cache", Deno "Environment variables", `go help cache` and "Go
Modules Reference", The Cargo Book "Cargo Home", Maven "Settings Reference", Gradle "Directory layout", NuGet "Managing
the global packages folder", Composer "Config" `cache-dir`, ccache(1), sccache "Configuration"."""


def user_of(cache: Cache, run: Run) -> Command | None:
    """Return the command of a RUN that keeps a cache: by itself, or what may call its program, as a script."""
    direct = next((command for command in run.commands if _is_named(cache, command)), None)
    return direct or next((command for command in run.commands if is_opaque(command)), None)


def _is_named(cache: Cache, command: Command) -> bool:
    """Whether a command is one of a cache's programs, as itself or as a module of Python's."""
    if command.name.startswith("python"):
        return "pip" in cache.programs and command.option("-m") == "pip"
    return command.name in cache.programs


def folder(cache: Cache, run: Run) -> str | None:
    """Return where a cache lies in a RUN, absolute; `None` where that is not known."""
    for name, below in cache.variables:
        if run.scope.get(name) is not None:
            value = run.scope.expand(f"${name}")
            return posixpath.normpath(posixpath.join(value, below)) if value and value.startswith("/") else None
    home = _home(cache, run) if cache.home else None
    return posixpath.normpath(posixpath.join(home, cache.home)) if home is not None else None


def _home(cache: Cache, run: Run) -> str | None:
    root = runs_as_root(run)
    if cache.of_account and run.scope.get("HOME") is not None:
        return None
    if root:
        return roots_home(run)
    if root is None or _SETS_HOME.search(run.instruction.whole_value):
        return None
    if run.scope.get("HOME") is not None:
        return run.scope.expand("$HOME")
    return home_of(run.stage, name_of(run.user.value or ""))


_SETS_HOME = re.compile(r"(?<!\w)HOME=")
_OPTION = re.compile(r"--(?:cache(?:-dir|-folder)?|store-dir|gradle-user-home)\b(?!-)|maven\.repo\.local")
_SETTING = re.compile(r"\bgo\s+env\s+-w|\bconfig\s.*(?i:cache|store)")


def is_told(cache: Cache, run: Run) -> bool:
    """Tell whether a command of a RUN says itself where the cache lies, or one above has said so for good."""
    own = run.instruction.whole_value
    if _sets_any(cache, own) or any(changes_user(run, one) for one in run.commands):
        return True
    if any(_OPTION.search(str(one)) for one in run.commands if _is_named(cache, one) or is_opaque(one)):
        return True
    calls = (one for above in run.stage.all_runs if above.at <= run.at for one in above.commands)
    return any(_is_named(cache, one) and _SETTING.search(str(one)) for one in calls)


def _sets_any(cache: Cache, text: str) -> bool:
    """Whether a script sets one of the variables itself."""
    return any(re.search(rf"(?<!\w){re.escape(name)}=", text) for name, _ in cache.variables)
