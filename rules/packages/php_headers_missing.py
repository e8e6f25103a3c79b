"""See php_headers_missing.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Installed,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.facts.languages import release_line
from rules.facts.packages import depends_on
from rules.packages.libraries.pecl_headers import without_headers
from rules.packages.libraries.removed import LINKED
from rules.packages.php_extension_gone import lacks_c_client, left_php
from rules.packages.scripts import runs_script_before

_NEEDS = {
    **{name: LINKED[name] for name in ("bz2", "gd", "gmp", "intl", "ldap", "pdo_pgsql", "pgsql", "xsl", "zip")},
    "imap": ("imap-dev", "libc-client-dev"),
    "soap": ("libxml2-dev",),
    "tidy": ("tidyhtml-dev", "libtidy-dev"),
}
"""Extensions in PHP's sources with the headers that each cannot be built without (PHP manual, "Installation")."""
_HARMLESS = frozenset("zlib-dev curl-dev openssl-dev linux-headers oniguruma-dev".split())
"""Packages of Alpine that bring none of those headers."""
_FIRST = (7, 4)
_MAY_BRING = ("install-php-extensions", "pickle", "pie")


@rule(
    "php-headers-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("docker-php-ext-install", "pecl"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An extension of PHP is built without the headers of its library, or without a compiler."""
    for stage in change.stages:
        facts = stage.facts
        if facts is None or facts.name != "php" or not _is_known(stage):
            continue
        for run in stage.runs:
            for command in run.calls("docker-php-ext-install", "pecl"):
                if command.conditional or command.after == "||" or run.calls(*_MAY_BRING):
                    continue
                if runs_script_before(run, command.start):
                    continue
                words = [word.value for word in command.args if not word.value.startswith("-")]
                if command.name == "pecl":
                    yield from _by_pecl(stage, run, command, words)
                    continue
                php = stage.runtime.languages.get("php")
                built = (name for name in words if name in _NEEDS and not left_php(name, php))
                found = next((name for name in built if _lacks(stage, run, command, name)), None)
                if found is not None:
                    needs = _NEEDS[found]
                    package = needs[0] if stage.runtime.distribution == "alpine" else needs[-1]
                    yield _without_headers(stage, run, command, found, package)


def _by_pecl(stage: Stage, run: Run, command: Command, words: list[str]) -> Iterator[Problem]:
    if words[:1] == ["install"] and words[1:] and _lacks_compiler(stage, run, command):
        yield _without_compiler(stage, run, command, words[1])
        return
    found = without_headers(stage, run, command)
    if found is not None:
        yield _without_headers(stage, run, command, *found)


def _is_known(stage: Stage) -> bool:
    """Whether all that is installed is seen, and PHP is one without libraries of its own: 7.3 and older had libzip."""
    version = release_line(stage.runtime.languages.get("php"))
    new = version is not None and version >= _FIRST
    return new and stage.facts is not None and stage.facts.is_plain and not stage.files.has_unreadable_run


def _before(stage: Stage, run: Run, command: Command) -> list[Installed]:
    """Return what is installed in front of a command, also what is taken away again."""
    return [
        item
        for item in stage.packages.installed
        if (item.run.at, item.call.command.start) < (run.at, command.start) and item.manager in ("apt", "apk")
    ]


def _lacks(stage: Stage, run: Run, command: Command, name: str) -> bool:
    before = _before(stage, run, command)
    if any(item.name in _NEEDS[name] or "$" in item.name for item in before):
        return False
    calls = (call for one in stage.done_runs for call in one.package_calls if call.manager in ("apt", "apk"))
    if any(not call.packages and call.action == "install" for call in calls):
        return False
    headers = [item.name for item in before if item.name.endswith("-dev")]
    others = {package for packages in _NEEDS.values() for package in packages} - {"libxml2-dev"}
    if stage.runtime.distribution == "alpine":
        return all(item in _HARMLESS or item in others for item in headers)
    release = stage.runtime.release
    known = [(item, depends_on(item, _NEEDS[name][-1], release)) for item in headers]
    return all(brings is False or (brings is None and item in others) for item, brings in known)


def _lacks_compiler(stage: Stage, run: Run, command: Command) -> bool:
    """Whether it is Alpine's image, which leaves the tools out that `pecl` compiles with."""
    if stage.runtime.distribution != "alpine":
        return False
    names = {item.name for item in _before(stage, run, command)}
    return names.isdisjoint({"autoconf", "gcc", "build-base", "alpine-sdk"}) and not any("$" in name for name in names)


def _without_headers(stage: Stage, run: Run, command: Command, name: str, package: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} builds PHP's {quote(name)}, and nothing above installs the headers of its library: "
        f"{quote(stage.root.base_text or '')} comes without. `configure` does not find them, and the build stops here. "
        f"{_way_out(stage, name, package)}.",
        Confidence.LIKELY,
        doubt="another package may bring them along",
        instruction=run.instruction,
        stage=stage.key,
        key=name,
    )


def _way_out(stage: Stage, name: str, package: str) -> str:
    if name == "imap" and lacks_c_client(stage):
        return (
            f"Debian 13 has no {quote(package)} any more: start from a `-bookworm` image and install it, or do without"
        )
    return f"Install {quote(package)} before"


def _without_compiler(stage: Stage, run: Run, command: Command, name: str) -> Problem:
    return Problem(
        command.span,
        f"{stage.label} compiles {quote(name)} with `pecl`, and {quote(stage.root.base_text or '')} holds no compiler: "
        "`docker-php-ext-install` brings its own for as long as it runs, and `pecl` does not. The build stops here "
        "with “Cannot find autoconf”. Install them around it: `apk add --no-cache --virtual .phpize $PHPIZE_DEPS`, "
        "and `apk del .phpize` behind it.",
        Confidence.LIKELY,
        doubt="another package may bring them along",
        instruction=run.instruction,
        stage=stage.key,
        key=f"pecl {name}",
    )
