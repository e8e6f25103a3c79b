"""See library_lost.md."""

from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Installed,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
    runtime_of,
)
from rules.copying.binaries import is_static, program_of
from rules.packages.scripts import INSTALL

_MANAGERS = frozenset({"apt", "apk"})
"""Those whose packages the table of libraries knows."""
_COMMON = frozenset({"zlib1g-dev", "zlib-dev", "libc6-dev", "libc-dev", "musl-dev", "linux-headers", "libcrypt-dev"})
"""What every image of the distribution has the library of, or that has none."""

_INTERPRETERS_OWN = {
    "python": frozenset(
        "libssl-dev libffi-dev libsqlite3-dev libbz2-dev liblzma-dev libreadline-dev libncurses-dev libncursesw5-dev "
        "uuid-dev libgdbm-dev openssl-dev sqlite-dev bzip2-dev xz-dev readline-dev ncurses-dev util-linux-dev "
        "gdbm-dev".split()
    ),
    "ruby": frozenset("libssl-dev libffi-dev libyaml-dev libgmp-dev openssl-dev yaml-dev gmp-dev".split()),
    "php": frozenset(
        "libssl-dev libcurl4-openssl-dev libonig-dev libsodium-dev libsqlite3-dev libxml2-dev libreadline-dev "
        "libargon2-dev openssl-dev curl-dev oniguruma-dev sqlite-dev readline-dev argon2-dev".split()
    ),
}
"""Headers whose library the interpreter of an official image is linked with itself, in its small images too: their
Dockerfiles keep what `ldd` or `scanelf` finds (docker-library/python, ruby and php, `Dockerfile-linux.template`)."""


class Lost(NamedTuple):
    """A library that an image had by way of its headers.

    Attributes:
        headers: The package of headers, as it was installed.
        libraries: What is needed of it when the program runs.
        builder: The stage that is built with the headers now.
    """

    headers: Installed
    libraries: tuple[str, ...]
    builder: Stage


@rule(
    "library-lost",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    compares=True,
    keywords=("COPY",),
    mentions=("-dev",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change moves headers into a builder, and the library that came with them out of the image that ships."""
    for stage, was in change.shipped():
        facts = stage.facts
        if was is None or facts is None or facts.full or stage.runtime.distribution != was.runtime.distribution:
            continue
        if stage.files.has_unreadable_run or any("$" in item.name for item in stage.packages.present):
            continue
        if _copies_libraries(stage):
            continue
        lost = [found for item in was.packages.present if (found := _lost(stage, item)) is not None]
        if lost:
            yield _problem(stage, lost)


def _lost(stage: Stage, item: Installed) -> Lost | None:
    """Return the library of a package of headers that the image had and a builder has now, where nothing brings it."""
    distro = stage.runtime.distribution or ""
    if item.name in _COMMON or item.name in _INTERPRETERS_OWN.get(stage.facts.name if stage.facts else "", ()):
        return None
    if not item.name.endswith("-dev") or item.manager not in _MANAGERS:
        return None
    libraries = runtime_of(item.name, distro, stage.runtime.release)
    if not libraries or stage.packages.has(item.name, *libraries) or _is_related(stage, item.name, libraries):
        return None
    builder = next((one for one in _copied_from(stage) if one.packages.has(item.name)), None)
    return Lost(item, libraries, builder) if builder is not None else None


def _copies_libraries(stage: Stage) -> bool:
    """Whether the system's libraries are copied as files, one by one or with the folders they are in."""
    sources = (
        source.path or ""
        for copy in stage.all_copies
        if copy.from_stage is not None or copy.from_image is not None
        for source in copy.sources
    )
    return any(
        path in ("/", "/usr", "/usr/") or path.startswith(("/usr/lib", "/lib")) or ".so" in path for path in sources
    )


def _is_related(stage: Stage, headers: str, libraries: tuple[str, ...]) -> bool:
    """Whether a package that is installed has a part of the name: `postgresql-client` depends on `libpq5`."""
    stems = {name.removeprefix("lib").removesuffix("-dev").rstrip("0123456789.-")[:4] for name in (headers, *libraries)}
    stems |= {"post"} if headers in ("libpq-dev", "postgresql-dev") else set()
    present = [item.name.removeprefix("lib") for item in stage.packages.present]
    return any(name.startswith(stem) for name in present for stem in stems if stem)


def _copied_from(stage: Stage) -> Iterator[Stage]:
    """Yield the stages whose products the image takes, other than programs that stand alone."""
    for copy in stage.all_copies:
        if copy.from_stage is None or copy.deferred:
            continue
        program = program_of(copy)
        if program is None or not is_static(copy.from_stage, program[1]):
            yield copy.from_stage


def _problem(stage: Stage, lost: list[Lost]) -> Problem:
    libraries = list(dict.fromkeys(name for one in lost for name in one.libraries))
    headers = " and ".join(quote(one.headers.name) for one in lost)
    shown = " and ".join(map(quote, libraries))
    manager = stage.runtime.package_manager or ""
    install = quote(f"{INSTALL.get(manager, '')} {' '.join(libraries)}".strip())
    what = "libraries" if len(libraries) > 1 else "library"
    return Problem(
        stage.from_.span,
        f"{stage.label} no longer has {shown}, which came with {headers} before this change. "
        f"{lost[0].builder.label} builds with the headers now, and what it builds is linked with the {what}: it stops "
        f"with “cannot open shared object file” when it is loaded. Install what is needed at run time: {install}.",
        Confidence.LIKELY,
        doubt="what is built may bring its own copy, as some wheels do",
        stage=stage.key,
        key=" ".join(libraries),
        notes=tuple(Note(one.headers.call.command.span, "installed here before", before=True) for one in lost[:1]),
    )
