"""Which programs read a variable of their environment by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rules.api import Command

_APT = frozenset("apt apt-get aptitude dpkg dpkg-reconfigure add-apt-repository".split())
_ASKS_NOTHING = frozenset({"update", "clean", "autoclean"})
"""What apt does without debconf, which is what reads its variables."""
_GO = frozenset({"go", "make", "goreleaser", "mage"})
_OF_GO_BUILDS = frozenset("CGO_ENABLED GOOS GOARCH GOARM GOAMD64 GOEXPERIMENT".split())
_BUILDS_NOTHING = frozenset("mod work fmt clean version".split())
"""Subcommands of `go` for which it does not matter what a program is built for."""
_NODE = frozenset("node npm npx yarn pnpm pnpx bun bunx corepack".split())
_PYTHON = frozenset("python python3 pip pip3 pipenv poetry uv gunicorn django-admin".split())
_PIP = frozenset("pip pip3 python python3 pipenv pipx".split())
_CARGO = frozenset({"cargo", "make", "maturin"})
_COMPILERS = frozenset("configure cmake make meson ninja pip pip3 cargo go gcc g++ cc".split())
_RUBY = frozenset("bundle bundler gem rails rake ruby".split())
_JAVA = frozenset("java javac mvn mvnw gradle gradlew sbt".split())

CLIENT_PREFIXES: Final = ("VITE_", "NEXT_PUBLIC_", "REACT_APP_", "VUE_APP_", "GATSBY_", "EXPO_PUBLIC_")
"""How the variables begin that are replaced by their value while a client for the browser is built.

Vite ("Env Variables and Modes"), Next.js ("Bundling environment variables for the browser"), Create React App ("Adding
Custom Environment Variables"), Vue CLI ("Modes and Environment Variables"), Gatsby ("Environment Variables"), Expo
("Environment variables in Expo").
"""
_NAMES: Final = {
    "DEBIAN_FRONTEND DEBCONF_NONINTERACTIVE_SEEN": _APT,
    "CGO_ENABLED GOOS GOARCH GOARM GOAMD64 GO111MODULE GOFLAGS GOPROXY GOPRIVATE GONOPROXY GONOSUMDB GOSUMDB "
    "GOTOOLCHAIN GOEXPERIMENT GOBIN GOPATH GOCACHE GOMODCACHE": _GO,
    "NODE_ENV NODE_OPTIONS PUPPETEER_SKIP_DOWNLOAD PUPPETEER_SKIP_CHROMIUM_DOWNLOAD PLAYWRIGHT_BROWSERS_PATH "
    "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD CYPRESS_INSTALL_BINARY HUSKY NEXT_TELEMETRY_DISABLED GENERATE_SOURCEMAP": _NODE,
    "PYTHONPATH PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED DJANGO_SETTINGS_MODULE": _PYTHON,
    "RUSTFLAGS SQLX_OFFLINE OPENSSL_STATIC OPENSSL_DIR PKG_CONFIG_ALLOW_CROSS": _CARGO,
    "CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG_PATH": _COMPILERS,
    "RAILS_ENV RACK_ENV SECRET_KEY_BASE SECRET_KEY_BASE_DUMMY": _RUBY,
    "MAVEN_OPTS GRADLE_OPTS GRADLE_USER_HOME JAVA_TOOL_OPTIONS": _JAVA,
    "MIX_ENV": frozenset({"mix"}),
    "GIT_SSL_NO_VERIFY GIT_SSH_COMMAND GIT_TERMINAL_PROMPT GIT_LFS_SKIP_SMUDGE": frozenset({"git", "git-lfs"}),
}
"""Variables by their whole names.

debconf(7); `go help environment`; npm's, Puppeteer's, Playwright's, Cypress's, Husky's, Next.js's and Create React
App's manuals; "Python Setup and Usage", 1.2; "The Cargo Book", "Environment Variables"; GNU make, "Implicit
Variables"; the Rails guide "Configuring"; Maven's, Gradle's and Mix's manuals; git(1).
"""
_BY_NAME: Final = {name: programs for names, programs in _NAMES.items() for name in names.split()}
_BY_PREFIX: Final = {
    "PIP_": _PIP,
    "UV_": frozenset({"uv", "uvx"}),
    "POETRY_": frozenset({"poetry"}),
    "CARGO_": _CARGO,
    "BUNDLE_": _RUBY,
    "COMPOSER_": frozenset({"composer", "php"}),
    "DOTNET_": frozenset({"dotnet"}),
    "NUGET_": frozenset({"dotnet", "nuget"}),
    "NPM_CONFIG_": _NODE,
    "npm_config_": _NODE,
    "YARN_": frozenset({"yarn"}),
    **dict.fromkeys(CLIENT_PREFIXES, _NODE),
}
"""How the variables begin that are settings of one program, which reads whatever has its prefix (their manuals)."""
_PREFIX = re.compile("|".join(_BY_PREFIX))
_VERSION = re.compile(r"\w+_VERSION")
"""How authors call what they install: no program reads `POETRY_VERSION`."""


def readers_of(name: str) -> frozenset[str]:
    """Return the programs that read a variable, by the names they are called by; none where no table knows it."""
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    prefix = _PREFIX.match(name)
    return _BY_PREFIX[prefix[0]] if prefix is not None and _VERSION.fullmatch(name) is None else frozenset()


def reads(command: Command, name: str) -> bool:
    """Tell whether a command reads a variable out of its environment that is not set for it alone."""
    programs = readers_of(name)
    if command.name not in programs or (programs is _APT and command.subcommand in _ASKS_NOTHING):
        return False
    if command.name == "go" and name in _OF_GO_BUILDS and command.subcommand in _BUILDS_NOTHING:
        return False
    return all(one != name for one, _ in command.assignments)
