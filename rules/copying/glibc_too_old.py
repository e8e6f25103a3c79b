"""See glibc_too_old.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    ImageReference,
    Problem,
    Severity,
    Stage,
    image_facts,
    quote,
    rule,
)
from rules.copying.outputs.binaries import asks_for_cgo, brings_libraries, is_static, program_of, thinks_of_linking
from rules.copying.outputs.carried_runtimes import has_erlang, has_python, runtimes_taken
from rules.copying.outputs.machine_code import machine_code
from rules.copying.stages.handing_on import only_hands_on
from rules.facts.distributions import release_title
from rules.facts.glibc import asked_by_some, glibc_of, needed_by, shown
from rules.facts.moving import by_now

_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")


_OF_GO = (" if it looks up names or users", ", or with `CGO_ENABLED=0`")
"""When Go links a program with the C library, and how it never does (Go's `net`, "Name Resolution", and `os/user`)."""
_OF_PROGRAMS = frozenset({"/usr", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/lib", "/opt"})
"""Folders into which builds and package managers install programs and libraries."""


@rule(
    "glibc-too-old",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is built on a system whose C library is newer than that of the image it is copied into."""
    for stage in change.stages:
        if stage.runtime.glibc is None or brings_libraries(stage) or only_hands_on(stage):
            continue
        for copy in stage.copies:
            if copy.from_stage is not None and not copy.deferred:
                yield from _judge(stage, copy, copy.from_stage)
            elif copy.from_image is not None and not copy.deferred:
                yield from _out_of_image(stage, copy, copy.from_image)
        yield from _moved_apart(change, stage)


def _moved_apart(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield where a change moves a builder to a newer release, and not what takes a whole system folder out of it."""
    was = change.was(stage)
    for copy in stage.copies if was is not None and was.root.base_text == stage.root.base_text else ():
        builder = copy.from_stage
        then = change.was(builder) if builder is not None else None
        here, there = stage.runtime.glibc, builder.runtime.glibc if builder is not None else None
        if builder is None or then is None or here is None or there is None or there <= here:
            continue
        folder = next((path for source in copy.sources if (path := copy.source_path(source)) in _OF_PROGRAMS), None)
        if folder is not None and then.runtime.glibc == here and program_of(copy) is None and machine_code(stage, copy):
            yield _apart(stage, copy, builder, folder)
            return


def _apart(stage: Stage, copy: Copy, builder: Stage, folder: str) -> Problem:
    here, there = stage.runtime.glibc or (0, 0), builder.runtime.glibc or (0, 0)
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(folder)} out of {builder.label}, which this change moves to {_system(builder)} "
        f"(glibc {shown(there)}), while the image stays on {_system(stage)} (glibc {shown(here)}). What is compiled "
        "there may ask for the newer C library, and fails with “version `GLIBC_…' not found”; what belongs to the "
        "release's own Python or libraries is not found either. Move both to the same release.",
        Confidence.LIKELY,
        doubt="the folder may hold nothing that was compiled",
        instruction=copy.instruction,
        stage=stage.key,
        key=folder,
        severity=Severity.WARNING,
    )


def _judge(stage: Stage, copy: Copy, builder: Stage) -> Iterator[Problem]:
    here, there = stage.runtime.glibc, builder.runtime.glibc
    if here is None or there is None or there <= here:
        return
    found = program_of(copy)
    if found is None:
        yield from _carried(stage, copy, builder)
    if found is None or is_static(builder, *found):
        return
    needed = needed_by(found[1].language, there) or here
    if needed > here:
        fails, confidence = f"{_stops(found[0])} with “version `GLIBC_{shown(needed)}' not found”", Confidence.LIKELY
    elif asked_by_some(found[1].language, there, here):
        fails, confidence = _may_stop(found[0], here, there), Confidence.POSSIBLE
    else:
        return
    what, linked = ("all programs in", "they are") if found[0].endswith("/bin") else (f"the {_kind(found[0])}", "it is")
    condition, otherwise = _OF_GO if found[1].language == "go" and not asks_for_cgo(builder) else ("", "")
    yield Problem(
        copy.instruction.span,
        f"{stage.label} copies {what} {quote(found[0])} out of {builder.label}, where {linked} linked "
        f"with glibc {shown(there)} ({_system(builder)}){condition}; this image has {shown(here)} ({_system(stage)}). "
        f"{fails}. Build and run on the same release{otherwise}.",
        confidence,
        doubt="how the program is linked is not known",
        decision=f"{stage.key} {builder.key} {fails}",
        instruction=copy.instruction,
        stage=stage.key,
        key=found[0],
    )


def _carried(stage: Stage, copy: Copy, builder: Stage) -> Iterator[Problem]:
    """Yield what carries the runtime of the builder, which is linked there: a release of Erlang, a packed Python."""
    here, there = stage.runtime.glibc or (0, 0), builder.runtime.glibc or (0, 0)
    for path, one in runtimes_taken(copy) if not thinks_of_linking(builder) else ():
        needed = needed_by(one.language, there)
        if needed is None or needed <= here or (one.language == "erlang" and has_erlang(stage)):
            continue
        yield Problem(
            copy.instruction.span,
            f"{stage.label} copies {one.what} {quote(path)} out of {builder.label}. {one.runtime} is linked with glibc "
            f"{shown(there)} ({_system(builder)}); this image has {shown(here)} ({_system(stage)}), so that it stops "
            f"at the start with “version `GLIBC_{shown(needed)}' not found”. Build and run on the same release.",
            Confidence.LIKELY,
            doubt=one.doubt,
            instruction=copy.instruction,
            stage=stage.key,
            key=path,
        )
        return


def _out_of_image(stage: Stage, copy: Copy, image: ImageReference) -> Iterator[Problem]:
    """Yield the Python that is copied whole out of its own image."""
    # of a digest nobody knows when its tag was that image
    facts, here = image_facts(image) if image.digest is None else None, stage.runtime.glibc or (0, 0)
    there = glibc_of(facts.libc, facts.distro, facts.release) if facts is not None else None
    needed = needed_by("python", there) if there is not None else None
    path = next(
        (path for path in map(copy.source_path, copy.sources) if path and path != "/" and has_python(path)), None
    )
    if facts is None or there is None or needed is None or path is None or needed <= here or facts.name != "python":
        return
    yield Problem(
        copy.instruction.span,
        f"{stage.label} copies all of {quote(path)} out of {quote(image.text)}. The Python in it is linked with glibc "
        f"{shown(there)} ({by_now(facts)}{release_title(facts.distro or '', facts.release)}); this image has "
        f"{shown(here)} ({_system(stage)}), so that it stops at the start with “version `GLIBC_{shown(needed)}' not "
        "found”. Take both of the same release.",
        Confidence.LIKELY,
        doubt="another Python may be what starts",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
    )


def _kind(path: str) -> str:
    return "library" if _LIBRARY.search(path) else "program"


def _stops(path: str) -> str:
    if _LIBRARY.search(path):
        return "Loading it fails"
    return "They stop at the start" if path.endswith("/bin") else "It stops at the start"


def _may_stop(path: str, here: tuple[int, int], there: tuple[int, int]) -> str:
    """Say which Rust programs ask for more than all do: what one is linked with is not seen."""
    parts = [f"for `GLIBC_{shown(step)}` where {why}" for step, why in asked_by_some("rust", there, here)]
    return f"A {_kind(path)} of Rust asks {', and '.join(parts)}; it may then fail with “not found”"


def _system(stage: Stage) -> str:
    return f"{by_now(stage.facts)}{release_title(stage.runtime.distribution or '', stage.runtime.release)}"
