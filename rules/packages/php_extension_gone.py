"""See php_extension_gone.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    delete_word,
    fix,
    quote,
    rule,
)
from rules.facts.languages import release_line
from rules.packages.versions.php import Version, stages_of_php
from rules.quoting import listed


class Gone(NamedTuple):
    """Since when PHP's sources do not have an extension to build.

    Attributes:
        since: The first version without.
        built_in: Whether it is part of PHP itself from then on, and otherwise one of PECL's, or nobody's.
    """

    since: Version
    built_in: bool = False


_GONE = {
    "imap": Gone((8, 4)),
    "interbase": Gone((7, 4)),
    "json": Gone((8, 0), built_in=True),
    "mcrypt": Gone((7, 2)),
    "mssql": Gone((7, 0)),
    "mysql": Gone((7, 0)),
    "oci8": Gone((8, 4)),
    "opcache": Gone((8, 5), built_in=True),
    "pdo_oci": Gone((8, 4)),
    "pspell": Gone((8, 4)),
    "recode": Gone((7, 4)),
    "wddx": Gone((7, 4)),
    "xmlrpc": Gone((8, 0)),
}
"""Extensions that left PHP's sources, or became a part of it (php-src, `UPGRADING` of each version)."""

_ON_PECL = {
    **{name: name for name in ("imap", "mcrypt", "oci8", "pdo_oci", "pspell")},
    "xmlrpc": "xmlrpc-beta",
}
"""Extensions that PECL has, with what `pecl install` is asked for: a release that is no stable one has to be named."""
_OPTIONS_SINCE = (7, 4)
_RENAMED = {
    "--with-freetype-dir": "--with-freetype",
    "--with-jpeg-dir": "--with-jpeg",
    "--with-webp-dir": "--with-webp",
    "--with-xpm-dir": "--with-xpm",
}
"""Options of gd that PHP 7.4 gave other names (php-src, `UPGRADING` of 7.4, "GD")."""


@rule(
    "php-extension-gone",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("docker-php-ext-",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An extension or an option of one is asked for that this version of PHP no longer has."""
    for stage, version in stages_of_php(change):
        for run in stage.runs:
            for command in run.calls("docker-php-ext-install"):
                words = [word for word in command.args if _is_gone(word.value, version)]
                if words and not command.conditional and not _unpacks_sources(stage):
                    yield _extension(stage, run, command, words)
            for command in run.calls("docker-php-ext-configure"):
                old = [word for word in command.args if word.value.partition("=")[0] in _RENAMED]
                if old and version >= _OPTIONS_SINCE and not command.conditional:
                    yield _option(stage, run, command, old)


def left_php(name: str, version: str | None) -> bool:
    """Tell whether an extension is not among the sources of a version of PHP any more, nor a part of it."""
    found, gone = release_line(version), _GONE.get(name)
    return found is not None and gone is not None and not gone.built_in and found >= gone.since


def _is_gone(name: str, version: Version) -> bool:
    gone = _GONE.get(name)
    return gone is not None and version >= gone.since


def _unpacks_sources(stage: Stage) -> bool:
    """Whether sources of extensions are put where PHP's are: `/usr/src/php/ext`."""
    return any("/usr/src/php" in run.instruction.whole_value for run in stage.done_runs) or any(
        put.path.startswith("/usr/src/php") for put in stage.files.puts
    )


def _extension(stage: Stage, run: Run, command: Command, words: list[ShellWord]) -> Problem:
    names = list(dict.fromkeys(word.value for word in words))
    facts = listed([f"{quote(name)}, which {_fact(_GONE[name])}" for name in names])
    return Problem(
        command.span,
        f"{quote('docker-php-ext-install')} is to build {facts}{',' if len(names) == 1 else ';'} and {stage.label} has "
        f"{quote(stage.root.base_text or '')}. The build stops here. {_ways_out(stage, names)}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=names[0],
        fix=_without(run, command, words[0])
        if _GONE[names[0]].built_in and len(words) == 1 and not _is_configured(run, names[0])
        else None,
    )


def _is_configured(run: Run, name: str) -> bool:
    """Whether the RUN sets options of the extension, which would be left behind."""
    return any(word.value == name for one in run.calls("docker-php-ext-configure") for word in one.args)


def _fact(gone: Gone) -> str:
    version = ".".join(map(str, gone.since))
    return f"is a part of PHP itself since {version}" if gone.built_in else f"has left PHP with {version}"


def _ways_out(stage: Stage, names: list[str]) -> str:
    """Say what to do with each; `pecl` builds an extension and, unlike the image's own script, does not load it."""
    built_in = [name for name in names if _GONE[name].built_in]
    unbuilt = [name for name in names if name == "imap" and lacks_c_client(stage)]
    pecl = [name for name in names if name in _ON_PECL and name not in unbuilt]
    nobody = [name for name in names if name not in built_in and name not in (*pecl, *unbuilt)]
    ways = [f"Leave {'it' if len(names) == 1 else listed(map(quote, built_in))} out"] if built_in else []
    if unbuilt:
        ways.append("Do without `imap`: PECL has it, but Debian 13 has no `libc-client-dev` any more to build it with")
    if pecl:
        what = "it" if len(names) == 1 else listed(map(quote, pecl))
        install = f"pecl install {' '.join(_ON_PECL[name] for name in pecl)}"
        tools = ", with `$PHPIZE_DEPS` installed" if stage.runtime.distribution == "alpine" else ""
        enable = f"docker-php-ext-enable {' '.join(pecl)}"
        ways.append(f"Install {what} with {quote(install)} and {quote(enable)}{tools}, or do without")
    if nobody:
        ways.append("Do without" if len(names) == 1 else f"Do without {listed(map(quote, nobody))}")
    return ". ".join(ways)


def lacks_c_client(stage: Stage) -> bool:
    """Tell whether the distribution has left out the library of `imap` (docker-library/php 1610: Debian 13)."""
    release = stage.runtime.release
    return stage.runtime.distribution == "debian" and release is not None and release.numbers >= (13,)


def _without(run: Run, command: Command, word: ShellWord) -> Fix | None:
    named = [one for one in command.args if not one.value.startswith("-")]
    if len(named) < 2 or run.instruction.exec_form is not None:  # noqa: PLR2004 - it and another one
        return None
    return fix(f"Leave {word.value} out", delete_word(run.instruction.source, word.span))


def _option(stage: Stage, run: Run, command: Command, old: list[ShellWord]) -> Problem:
    names = [word.value.partition("=")[0] for word in old]
    shown = listed(map(quote, dict.fromkeys(names)))
    instead = listed(quote(_RENAMED[name]) for name in dict.fromkeys(names))
    verb = "are options" if len(set(names)) > 1 else "is an option"
    return Problem(
        command.span,
        f"{shown} {verb} of gd that PHP 7.4 gave another name, and {stage.label} has "
        f"{quote(stage.root.base_text or '')}. `configure` only warns of what it does not know: gd is built without "
        f"these formats, and their functions are missing when the program calls them. Write {instead}.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=names[0],
        severity=Severity.WARNING,
    )
