"""See linked_library_missing.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.packages.libraries.linked import copies_libraries, libraries_behind
from rules.packages.pins.python_indexes import takes_public_index
from rules.packages.pins.taken_installs import taken_installs
from rules.packages.scripts import install_of
from rules.packages.versions.sources_only import SOURCES_ONLY, sources_asked


@rule(
    "linked-library-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    default="off",
    keywords=("COPY",),
    mentions=("--from",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image takes Python packages that a builder compiled, and lacks the library that they load."""
    for stage in change.after.shipped:
        facts, files = stage.facts, stage.files
        if facts is None or facts.full or stage.runtime.is_windows or files.has_unreadable_run:
            continue
        if copies_libraries(stage) or any("$" in item.name for item in stage.packages.present):
            continue
        problem = next(_missing(change, stage), None)
        if problem is not None:
            yield problem


def _missing(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the problem of each package that a builder compiles and the image takes without its library."""
    for builder, run, call in taken_installs(stage):
        for name in sources_asked(change, run, call) if takes_public_index(change, run, call) else ():
            libraries = _libraries(stage, name)
            if libraries:
                note = Note(call.command.span, f"{name} is compiled here")
                yield _problem(stage, builder, name, libraries, note)


def _libraries(stage: Stage, name: str) -> tuple[str, ...]:
    """Return the libraries that a package is linked with and the image does not have."""
    headers = SOURCES_ONLY[name][stage.runtime.distribution == "alpine"].split()
    return tuple(library for one in headers for library in libraries_behind(stage, one))


def _problem(stage: Stage, builder: Stage, name: str, libraries: tuple[str, ...], note: Note) -> Problem:
    install = quote(install_of(stage, libraries))
    binary = f", or take {quote('psycopg2-binary')}, which brings its own" if name == "psycopg2" else ""
    return Problem(
        stage.from_.span,
        f"{stage.label} takes {quote(name)} from {builder.label}, where it is compiled, and has no "
        f"{quote(libraries[0])}: Python stops with “cannot open shared object file” when it is imported. Install what "
        f"is needed at run time: {install}{binary}.",
        Confidence.LIKELY,
        doubt="the program may never import it, or another package bring the library",
        stage=stage.key,
        key=name,
        notes=(note,),
    )
