"""Which version of Node.js, Yarn, Poetry or Go a stage works with, as far as the file says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.numbers import number_of, numbers_of

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run

_NODESOURCE = re.compile(r"\b(?:setup|node)_(?:(\d+)\.x|(0)\.1[02])\b|\bnvm install v?(\d+)")
"""NodeSource's scripts and repositories, also of the lines that had a zero in front: `setup_0.12`."""
_ARCHIVE = re.compile(r"\bnode-v(\d+)\.\d+\.\d+\b")
"""The archives of Node.js by their names (nodejs.org/dist), each with the npm of its day."""
_MODERN_YARN = re.compile(
    r"\.yarnrc\.yml|\.yarn(?:/|[\s\"',]|$)|\.pnp\.|\byarn set version\b|\byarn@(?:[2-9]|berry|stable)"
)
"""Files of Yarn 2 and later that are copied, and commands that bring it."""
_OLD_PNPM = re.compile(r"\bpnpm@(?:latest-)?v?[1-9](?!\d)")
"""What a RUN says that brings a pnpm before 10."""
_FIRST_NODE_OF_PNPM_12 = 15
"""Older ones, which come with npm 6, install no pnpm that is a program of its own, and run no later one than 7."""
_FIRST_NODE_WITH_OMIT = 15
"""Node 15 came with npm 7, the first that knows `--omit`; npm 6 ignores it without a word."""
_FIRST_POETRY_WITH_ONLY = (1, 2)
"""Poetry 1.2 brought `--only`; before, `--no-dev` is the only way (its change log)."""
_FIRST_PYTHON_OF_POETRY_2 = (3, 9)
_LAST_WITH_OLD_PIP = {"debian": (8,), "ubuntu": (14, 10)}
"""The last releases whose own pip is 1.5 or older: it keeps no cache, and `--no-cache-dir` came with pip 6."""
_FIRST_WITH_PIP_19 = {
    "debian": (11,),
    "ubuntu": (20, 4),
    "alpine": (3, 12),
    "fedora": (30,),
    **dict.fromkeys(("rhel", "centos", "rockylinux", "almalinux", "oraclelinux"), (9,)),
}
"""The first releases whose own pip is 19 or later; Debian 10 has 18.1, Ubuntu 18.04 and RHEL 8 have 9.0."""
_OTHER_PIP = re.compile(r"get-pip|easy_install|ensurepip|conda|pip[\d.]* install\b[^&;|]*[\s'\"]pip\b")
"""What a RUN says that brings a newer one."""
_PYTHON_2 = re.compile(r"(?:pip|python)-?2")
_FIRST_NODE_8_WITH_CI = (8, 12)
"""It brought npm 6; `npm ci` came with npm 5.7, and Node.js 9 ends with npm 5.6 (nodejs.org/dist/index.json)."""
_FIRST_NODE_WITH_NPM_6 = 10
_FIRST_RUBY_WITH_BUNDLER_2 = (2, 7)
_FIRST_RUBY_WITH_BUNDLER_4 = (4,)
_FIRST_GO_WITH_MODULES = (1, 11)
"""Before modules, `go get` took whatever a repository's default branch held, and no version."""


@once
def node_major(stage: Stage) -> int | None:
    """Return the major version of Node.js: the base image's, or that of NodeSource, nvm or a downloaded archive."""
    numbers = _numbers(stage.runtime.languages.get("node"))
    if numbers:
        return numbers[0]
    for run in stage.done_runs:
        found = _NODESOURCE.search(run.instruction.whole_value)
        if found is not None:
            return number_of(found[1] or found[2] or found[3])
    words = (word.value for run in stage.done_runs for command in run.commands for word in command.args)
    archive = next((found for word in words if (found := _ARCHIVE.search(word)) is not None), None)
    return number_of(archive[1]) if archive is not None else None


def has_old_npm(stage: Stage) -> bool:
    """Tell whether npm is known to be older than 7 and so to know no `--omit`."""
    major = node_major(stage)
    return major is not None and major < _FIRST_NODE_WITH_OMIT


def reads_no_root(stage: Stage) -> bool:
    """Tell whether npm is known to look for a project in the folders above but not in `/`, as npm 6 did.

    Since npm 7 it looks there, too (find-npm-prefix 1.0; @npmcli/config).
    """
    return has_old_npm(stage)


def has_unknown_npm(stage: Stage) -> bool:
    """Tell whether nothing says which npm there is; an image of Node.js without a version is today's."""
    return node_major(stage) is None and "node" not in stage.runtime.languages


def has_npm_without_ci(stage: Stage) -> bool:
    """Tell whether the npm that comes with Node.js is known to be older than 5.7 and so to know no `npm ci`."""
    major = node_major(stage)
    if major == _FIRST_NODE_8_WITH_CI[0]:
        numbers = _numbers(stage.runtime.languages.get("node"))
        return len(numbers) > 1 and numbers < _FIRST_NODE_8_WITH_CI
    return major is not None and major < _FIRST_NODE_WITH_NPM_6


def has_old_pip(run: Run) -> bool:
    """Tell whether pip is known to be the distribution's own, older than 6, and no RUN above one brings another."""
    facts = run.stage.facts
    if facts is None or facts.release is None or facts.release.number is None or "python" in facts.languages:
        return False
    last = _LAST_WITH_OLD_PIP.get(facts.distro or "")
    other = _brings_pip(run.stage)
    return last is not None and facts.release.numbers <= last and (other is None or other.at >= run.at)


def takes_one_for_yes(run: Run) -> bool:
    """Tell whether pip is known to be 19 or later: an older one stops at `PIP_NO_CACHE_DIR=1` (pypa/pip#5385)."""
    facts = run.stage.facts
    if facts is None or "python" in facts.languages:
        return facts is not None
    first = _FIRST_WITH_PIP_19.get(facts.distro or "")
    known = facts.release is not None and facts.release.number is not None
    return first is not None and known and facts.release is not None and facts.release.numbers >= first


def is_of_python_2(call: PackageCall) -> bool:
    """Tell whether pip is called by a name of Python 2: `pip2`, `python2 -m pip`."""
    return _PYTHON_2.match(call.program) is not None


@once
def _brings_pip(stage: Stage) -> Run | None:
    return next((run for run in stage.all_runs if _OTHER_PIP.search(run.instruction.whole_value)), None)


def has_modern_yarn(run: Run, call: PackageCall) -> bool:
    """Tell whether a call is one of Yarn 2 or later, as its options or what came before it in the file say.

    Its `yarn install` has no `--production` and does not look at `NODE_ENV`: developers' packages come always, and
    `yarn workspaces focus --production` leaves them out (yarnpkg.com/migration/guide).
    """
    if call.manager != "yarn":
        return False
    return call.has("--immutable", "--immutable-cache") or call.verb == "workspaces focus" or _brings_yarn(run.stage)


def reads_node_env(run: Run, call: PackageCall) -> bool:
    """Tell whether an install is known to leave out developers' packages for `NODE_ENV=production`.

    npm does, and Yarn 1; pnpm before version 10 (pnpm/pnpm 8827); Bun does not (oven-sh/bun 22964).
    """
    if call.manager == "pnpm":
        return has_old_pnpm(run.stage)
    return call.manager == "npm" or (call.manager == "yarn" and not has_modern_yarn(run, call))


def leaves_developers_packages(run: Run, call: PackageCall) -> bool:
    """Tell whether an install of Node.js packages is known to leave out developers' ones, as it is called."""
    if has_modern_yarn(run, call) and call.verb != "workspaces focus":
        return False
    return call.production and (call.manager != "pnpm" or call.has("--prod") or reads_node_env(run, call))


@once
def has_old_pnpm(stage: Stage) -> bool:
    """Tell whether pnpm is known to be older than 10: a RUN says so, or the Node.js that it runs on."""
    major = node_major(stage)
    bound = major is not None and major < _FIRST_NODE_OF_PNPM_12
    return bound or any(_OLD_PNPM.search(run.instruction.whole_value) for run in stage.all_runs)


@once
def _brings_yarn(stage: Stage) -> bool:
    steps = (*stage.all_copies, *stage.all_runs)
    return any(_MODERN_YARN.search(step.instruction.whole_value) for step in steps)


def has_old_poetry(stage: Stage, run: Run) -> bool:
    """Tell whether Poetry is known to be older than 1.2 and so to know no `--only`."""
    asked = run.scope.get("POETRY_VERSION")
    written = asked.value if asked is not None and isinstance(asked.value, str) else None
    return _installs_old_poetry(stage) or _is_before_only(written)


@once
def has_newest_poetry(stage: Stage) -> bool:
    """Tell whether Poetry 2 is installed, by its version or without one: it has removed `--no-dev`.

    For an older Python than it wants, the index has an older one.
    """
    return _numbers(stage.runtime.languages.get("python")) >= _FIRST_PYTHON_OF_POETRY_2 and any(
        item.name.lower() == "poetry" and _is_second(item.package.version) and not item.call.manifests
        for item in stage.packages.installed
        if item.manager in ("pip", "pipx", "uv") and not item.call.has("--constraint")
    )


def _is_second(version: str | None) -> bool:
    """Whether a version of Poetry is 2 or later, or none is asked for."""
    return version is None or _numbers(version) >= (2,)


@once
def _installs_old_poetry(stage: Stage) -> bool:
    if any("get-poetry.py" in run.instruction.whole_value for run in stage.done_runs):
        return True  # the old installer, which stops at 1.1
    return any(
        item.name.lower() == "poetry" and _is_before_only(item.package.version) for item in stage.packages.installed
    )


def _is_before_only(version: str | None) -> bool:
    numbers = _numbers(version)
    return bool(numbers) and numbers < _FIRST_POETRY_WITH_ONLY


def has_old_bundler(stage: Stage) -> bool:
    """Tell whether Bundler is known to be 1.x, which deprecates no option; Ruby 2.7 is the first that brings 2.1."""
    numbers = _numbers(stage.runtime.languages.get("ruby"))
    return len(numbers) > 1 and numbers < _FIRST_RUBY_WITH_BUNDLER_2


def has_unknown_bundler(stage: Stage) -> bool:
    """Tell whether nothing says which Ruby there is, and with it which Bundler."""
    return "ruby" not in stage.runtime.languages and not _names_bundler(stage)


def has_new_bundler(stage: Stage) -> bool:
    """Tell whether Bundler is known to be 4, which Ruby 4.0 brings, unless the file names one that it is to be.

    It has removed the options of `bundle install` that were remembered (bundler.io/doc/upgrading).
    """
    numbers = _numbers(stage.runtime.languages.get("ruby"))
    return numbers >= _FIRST_RUBY_WITH_BUNDLER_4 and not _names_bundler(stage)


@once
def _names_bundler(stage: Stage) -> bool:
    """Whether the file installs a Bundler of its own, or says which one is to be called."""
    named = "BUNDLER_VERSION" in stage.model.code or "BUNDLE_VERSION" in stage.model.code
    return named or any(item.name.lower() == "bundler" for item in stage.packages.installed)


def has_old_go(stage: Stage, run: Run) -> bool:
    """Tell whether Go is known to be older than its modules."""
    numbers = go_version(stage, run)
    return len(numbers) > 1 and numbers < _FIRST_GO_WITH_MODULES


def go_version(stage: Stage, run: Run) -> tuple[int, ...]:
    """Return the version of Go that the base image or a variable names; empty where none does."""
    asked = run.scope.get("GOLANG_VERSION") or run.scope.get("GO_VERSION")
    written = asked.value if asked is not None and isinstance(asked.value, str) else None
    return _numbers(stage.runtime.languages.get("go")) or _numbers(written)


def _numbers(version: str | None) -> tuple[int, ...]:
    """Return the numbers of an exact version, none for a range (`>=1.0`) or what cannot be read."""
    found = re.fullmatch(r"={0,3}\s*v?(\d+(?:\.\d+)*)[\w.+-]*", version or "")
    return numbers_of(found[1]) if found is not None else ()
