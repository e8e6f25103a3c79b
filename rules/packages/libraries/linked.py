"""Which libraries of the system are missing in an image that takes what was compiled with their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.copying.outputs.binaries import is_static, program_of, thinks_of_linking
from rules.copying.outputs.machine_code import is_data, may_hold_modules
from rules.facts.packages import is_in_base, runtime_of
from rules.packages.libraries.loaded import names_requirements
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import Copy, DockerfileChange, Installed, Stage

_COMPILERS = ("c++", "cc", "clang", "clang++", "cmake", "g++", "gcc", "make", "meson", "ninja")
_MANAGERS = frozenset({"apt", "apk"})
"""Those whose packages the table of libraries knows."""
_COMMON = frozenset({"zlib1g-dev", "zlib-dev", "libc6-dev", "libc-dev", "musl-dev", "linux-headers", "libcrypt-dev"})
"""What every image of the distribution has the library of, or that has none."""

_INTERPRETERS_OWN = {
    "python": frozenset(
        "libssl-dev libffi-dev libsqlite3-dev libbz2-dev liblzma-dev libreadline-dev libncurses-dev libncursesw5-dev "
        "uuid-dev libgdbm-dev openssl-dev sqlite-dev bzip2-dev xz-dev readline-dev ncurses-dev util-linux-dev "
        "gdbm-dev python3-dev libpython3-dev python3-all-dev".split()
    ),
    "ruby": frozenset("libssl-dev libffi-dev libyaml-dev libgmp-dev ruby-dev openssl-dev yaml-dev gmp-dev".split()),
    "php": frozenset(
        "libssl-dev libcurl4-openssl-dev libonig-dev libsodium-dev libsqlite3-dev libxml2-dev libreadline-dev "
        "libargon2-dev openssl-dev curl-dev oniguruma-dev sqlite-dev readline-dev argon2-dev".split()
    ),
}
"""Headers whose library the interpreter of an official image is linked with itself, in its small images too: their
Dockerfiles keep what `ldd` or `scanelf` finds (docker-library/python, ruby and php, `Dockerfile-linux.template`).
Headers of the system's own interpreter are for that one, which is not the image's."""


def libraries_of(stage: Stage, item: Installed) -> tuple[str, ...]:
    """Return the libraries of a package of headers, where nothing in the image brings them."""
    return libraries_behind(stage, item.name) if item.manager in _MANAGERS else ()


def libraries_behind(stage: Stage, headers: str) -> tuple[str, ...]:
    """Return the same for a package of headers by its name on the image's distribution."""
    if headers in _COMMON or headers in _INTERPRETERS_OWN.get(stage.facts.name if stage.facts else "", ()):
        return ()
    if not headers.endswith("-dev"):
        return ()
    system = (stage.runtime.distribution or "", stage.runtime.release)
    libraries = tuple(name for name in runtime_of(headers, *system) or () if not is_in_base(name, *system))
    if not libraries or stage.packages.has(*libraries) or _is_related(stage, headers, libraries):
        return ()
    return libraries


def copies_libraries(stage: Stage) -> bool:
    """Tell whether the system's libraries are copied as files, one by one or with the folders they are in."""
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


def copied_from(stage: Stage) -> Iterator[Stage]:
    """Yield the stages whose products the image takes, other than programs that stand alone."""
    for copy in stage.all_copies:
        if copy.from_stage is None or copy.deferred:
            continue
        program = program_of(copy)
        if program is None or not is_static(copy.from_stage, *program):
            yield copy.from_stage


def _may_hold_programs(builder: Stage, copy: Copy) -> bool:
    """Whether a COPY may bring what a stage has compiled of C or C++, where nothing there speaks of static programs."""
    paths = [copy.source_path(source) or "" for source in copy.sources]
    compiled = any(run.calls(*_COMPILERS) for run in builder.done_runs)
    return compiled and not thinks_of_linking(builder) and not all(map(is_data, paths))


def linked_with(change: DockerfileChange, stage: Stage, library: str) -> str | None:
    """Say what an image takes that is linked with a library: the rest of a sentence; `None` where nothing shows it.

    Where lists of what the project requires were read, they are what shows it.
    """
    facts = stage.facts
    if facts is None or facts.full or copies_libraries(stage) or names_requirements(change):
        return None
    for copy in stage.all_copies:
        builder = copy.from_stage
        if builder is None or copy.deferred or not (may_hold_modules(stage, copy) or _may_hold_programs(builder, copy)):
            continue
        for item in builder.packages.present:
            if library in libraries_of(stage, item):
                return (
                    f"which what {builder.label} builds with {quote(item.name)} is linked with: it stops with “cannot "
                    "open shared object file” when it is loaded"
                )
    return None
