"""JavaScript's package managers: npm, pnpm, yarn (classic and modern), bun.

From the command references of npm 10, pnpm 10, yarn 1 and 4, and bun 1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.managers.calls import Manager, Package
from rules.dockerfile.managers.options import OptionTable
from rules.dockerfile.managers.specs import special
from rules.dockerfile.managers.traits import trait

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.dockerfile.managers.calls import Action
    from rules.dockerfile.managers.options import Options
    from rules.dockerfile.shell.words import ShellWord

_PACKAGE = re.compile(r"(?P<name>(?:@[^/@\s]+/)?[^/@\s]+)(?P<version>@.*)?$")
_SHORTHAND = re.compile(r"(?:(?:github|gitlab|bitbucket|gist):)?[\w.-]+/[\w.-]+(?:#.*)?$")


def node_package(word: ShellWord) -> Package | None:
    """`name@version`, `@scope/name@tag`, `owner/repository`, `./folder`, a tarball's path or URL."""
    value = word.value
    found = special(word, (".tgz", ".tar.gz", ".tar"))
    if found is not None:
        return found
    if value.startswith("file:"):
        return Package(value, None, word, "path")
    match = _PACKAGE.match(value)
    if match is not None:
        return Package(match["name"], match["version"], word)
    return Package(value, None, word, "vcs") if _SHORTHAND.match(value) else Package(value, None, word)


def _files(lock: str, *always: str) -> Callable[[str, Options], tuple[str, ...]]:
    """Return what a project's install reads: `package.json`, and the lock file where the subcommand needs it."""

    def manifests(verb: str, options: Options) -> tuple[str, ...]:
        named = options.operands[len(verb.split()) :]
        if verb in _PROJECT_VERBS and not named and "--global" not in options.uses:
            return ("package.json", lock) if verb in {"ci", *always} else ("package.json",)
        return (lock,) if verb == "fetch" else ()

    return manifests


# The aliases of `npm install` and `npm ci`, and what tests behind them, from npm's `lib/utils/cmd-list.js`.
_INSTALLS = ("install", "add", "i", "in", "ins", "inst", "insta", "instal", "isnt", "isnta", "isntal", "isntall")
_CLEAN_INSTALLS = ("ci", "clean-install", "ic", "install-clean", "isntall-clean")
_CLEAN_TESTS = ("install-ci-test", "cit", "clean-install-test", "sit")
_PROJECT_VERBS = frozenset(
    {"", *_INSTALLS, *_CLEAN_INSTALLS, *_CLEAN_TESTS, "install-test", "it", "sync", "workspaces focus"}
)
_INSTALL: dict[str, Action] = dict.fromkeys((*_INSTALLS, "a"), "install")
_REMOVE: dict[str, Action] = dict.fromkeys(("uninstall", "remove", "rm", "r", "un", "unlink", "prune"), "remove")
_RUN: dict[str, Action] = dict.fromkeys(
    ("run", "run-script", "start", "test", "exec", "x", "dlx", "node", "rebuild", "create"), "run"
)
_ENV_PRODUCTION = "NODE_ENV=production NPM_CONFIG_PRODUCTION=true npm_config_production=true NPM_CONFIG_OMIT=dev"
_NPM_VALUES = (
    "--omit, --include, --only, --also, --registry, --prefix, --cache, --loglevel, -w --workspace, --userconfig, --tag,"
    " --fetch-timeout, --fetch-retries, --fetch-retry-mintimeout, --fetch-retry-maxtimeout, --maxsockets,"
    " --network-timeout, --install-strategy, --location, --before, --os, --cpu, --libc, --script-shell"
)
NPM = Manager(
    "npm",
    OptionTable(
        "-g --global, -D --save-dev, -S --save, -P --save-prod, -E --save-exact, -f --force, -q --quiet, -s --silent,"
        " -y --yes, --dev, --production, --prod --production, --ignore-scripts, --legacy-peer-deps, --no-audit,"
        " --no-fund",
        _NPM_VALUES + ", -C --prefix",
        one_dash_too=True,
    ),
    {
        **_INSTALL,
        **dict.fromkeys((*_CLEAN_INSTALLS, *_CLEAN_TESTS, "install-test", "it", "link", "ln"), "install"),
        **_REMOVE,
        **dict.fromkeys(("update", "up", "upgrade"), "upgrade"),
        **dict.fromkeys(("cache clean", "cache clear", "cache rm"), "clean"),
        **_RUN,
        "pack": "build",
    },
    node_package,
    groups=frozenset({"cache"}),
    manifests=_files("package-lock.json", *_CLEAN_INSTALLS, *_CLEAN_TESTS),
    no_packages=frozenset({*_CLEAN_INSTALLS, *_CLEAN_TESTS, "prune", "cache clean", "cache clear", "cache rm", "pack"}),
    production=trait(
        "--production --omit=dev --only=production --only=prod",
        _ENV_PRODUCTION + " npm_config_omit=dev",
        unless="--omit= --include=dev --also=dev --dev",
    ),
    frozen=trait(subcommands=", ".join((*_CLEAN_INSTALLS, *_CLEAN_TESTS))),
    global_=trait("--global --location=global", "NPM_CONFIG_GLOBAL npm_config_global"),
)
PNPM = Manager(
    "pnpm",
    OptionTable(
        "-g --global, -D --dev --save-dev, -P --production --prod, -E --save-exact, -r --recursive,"
        " -w --workspace-root,"
        " -s --silent, -f --force, --frozen-lockfile, --offline, --prefer-offline, --ignore-scripts, --no-optional",
        "-F --filter, -C --dir, --store-dir --store-path, --reporter, --registry, --loglevel, --virtual-store-dir,"
        " --config, --child-concurrency, --network-concurrency, --global-dir, --global-bin-dir, --lockfile-dir",
    ),
    {
        **_INSTALL,
        **dict.fromkeys(("config", "setup", "env", "root", "bin", "list", "ls"), "other"),
        "fetch": "download",
        **_REMOVE,
        **dict.fromkeys(("update", "up", "upgrade"), "upgrade"),
        "store prune": "clean",
        "deploy": "build",
        "pack": "build",
        **_RUN,
    },
    node_package,
    otherwise="run",
    groups=frozenset({"store"}),
    manifests=_files("pnpm-lock.yaml", "install", "i"),
    no_packages=frozenset({"fetch", "store prune", "deploy", "prune", "pack"}),
    production=trait("--prod", "NODE_ENV=production", unless="--dev"),
    frozen=trait("--frozen-lockfile", "CI"),
    global_=trait("--global"),
)
YARN = Manager(
    "yarn",
    OptionTable(
        "-D --dev, -s --silent, --prod --production, --frozen-lockfile, --pure-lockfile, --immutable,"
        " --immutable-cache,"
        " --ignore-scripts, --non-interactive, --check-files, --ignore-engines, -A --all, -f --force, -E --exact",
        "--cwd, --network-timeout, --cache-folder, --modules-folder, --registry, --mutex, --global-folder, --prefix,"
        " --network-concurrency, --use-yarnrc, --mode, --link-folder, --preferred-cache-folder",
    ),
    {
        **_INSTALL,
        **dict.fromkeys(("global add", "workspaces focus"), "install"),
        **_REMOVE,
        "global remove": "remove",
        **dict.fromkeys(("upgrade", "up", "upgrade-interactive"), "upgrade"),
        **dict.fromkeys(("cache clean", "cache clear", "autoclean"), "clean"),
        **_RUN,
        "pack": "build",
    },
    node_package,
    otherwise="run",
    nothing="install",
    groups=frozenset({"global", "cache", "workspaces", "config", "plugin", "set", "policies"}),
    manifests=_files("yarn.lock", "", "install"),
    no_packages=frozenset({"install", "workspaces focus", "cache clean", "cache clear", "autoclean", "pack"}),
    production=trait("--production", "NODE_ENV=production YARN_PRODUCTION=true"),
    frozen=trait("--frozen-lockfile --immutable", "YARN_ENABLE_IMMUTABLE_INSTALLS=true CI"),
    global_=trait(subcommands="global add"),
)
BUN = Manager(
    "bun",
    OptionTable(
        "-g --global, -d -D --dev, -p --prod --production, -E --exact, --frozen-lockfile, --ignore-scripts, -f --force,"
        " --no-save, -y --yarn, --silent",
        "--cwd, -c --config, --cache-dir, --registry, --backend, --filter, --omit, --target, --outfile, --outdir",
    ),
    {
        **_INSTALL,
        "ci": "install",
        **_REMOVE,
        **dict.fromkeys(("update", "upgrade"), "upgrade"),
        "pm cache": "clean",
        **_RUN,
        "build": "build",
    },
    node_package,
    otherwise="run",
    groups=frozenset({"pm"}),
    manifests=_files("bun.lock", "install", "i"),
    no_packages=frozenset({"ci", "build", "pm cache", "upgrade"}),
    production=trait("--production --omit=dev"),
    frozen=trait("--frozen-lockfile --production", subcommands="ci"),  # as in Bun's `PackageManagerOptions.zig`
    global_=trait("--global"),
)
