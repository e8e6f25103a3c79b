"""See binary_not_static_in_scratch.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Fix, Problem, Severity, Stage, insert, quote, rule
from rules.copying.outputs.binaries import Build, asks_for_cgo, brings_libraries, is_empty_base, is_static, program_of
from rules.copying.stages.handing_on import only_hands_on
from rules.packages.libraries.cgo_modules import module_that_needs_cgo
from rules.quoting import capitalized

_CURES = {
    "c": "Link it with `-static`.",
    "crystal": "Build it with `--static`, on Alpine.",
    "native-image": "Build it with `--static --libc=musl`.",
}
"""How a compiler is told to link statically; Bun and Deno carry a runtime that cannot be."""
_CARGO_SETTINGS = (".cargo/config.toml", ".cargo/config")


@rule(
    "binary-not-static-in-scratch",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("COPY",),
    mentions=("scratch", "static"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program that may need the system's libraries is copied into an image without any."""
    for stage in change.stages:
        if not is_empty_base(stage) or brings_libraries(stage) or only_hands_on(stage) or _starts_nothing(stage):
            continue
        for copy in stage.copies:
            found = program_of(copy)
            if found is None or copy.from_stage is None or is_static(copy.from_stage, *found):
                continue
            if not _has_settings(change, found[1]):
                yield _problem(change, stage, copy, *found)


def _starts_nothing(stage: Stage) -> bool:
    """Whether a stage only holds what a build puts out (`docker build --output`): nothing starts in it."""
    return stage.root.is_scratch and not stage.image.start_command


def _has_settings(change: DockerfileChange, build: Build) -> bool:
    """Whether Cargo has settings of the project's own, which may ask for a target or a static program."""
    paths = (path for name in _CARGO_SETTINGS for path in change.repository.places_of(change.path, name))
    return build.language == "rust" and any(map(change.repository.exists, paths))


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, path: str, build: Build) -> Problem:
    assert copy.from_stage is not None
    module = module_that_needs_cgo(change, copy.from_stage) if build.language == "go" else None
    why, cure = _why_and_cure(copy.from_stage, build, module)
    where = quote(stage.root.base_text or "scratch")
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {quote(path)} to {where}, which has no C library. {capitalized(copy.from_stage.label)} "
        f'{why} (line {build.command.line}). It then stops at the start with "no such file or directory". {cure}',
        Confidence.LIKELY,
        doubt="how the program is linked was read from its build, not from the file",
        instruction=copy.instruction,
        stage=stage.key,
        key=path,
        fix=_fix(change, build) if module is None else None,
    )


def _why_and_cure(builder: Stage, build: Build, module: str | None) -> tuple[str, str]:
    """Say why a program is linked with libraries, and what to do; the module is one that needs cgo."""
    if module is not None:
        why = f"builds it with {quote(module)} there, which takes cgo, so it is linked with the system's C library"
        cure = f"{_with_libraries(builder, 'cc')}, or link it with `-static`."
    elif build.language == "go" and asks_for_cgo(builder):
        why = "asks for cgo there (`CGO_ENABLED=1`), so the program is linked with the system's C library"
        cure = f"{_with_libraries(builder, 'base')}, or link it with `-static`."
    elif build.language == "go":
        why = "builds with cgo there, so a program that looks up names or users is linked with the system's C library"
        cure = "Build it with `CGO_ENABLED=0`."
    elif build.language == "rust":
        why = "links with glibc there"
        cure = "Build it for a `-linux-musl` target."
    else:
        why = "links with the system's libraries there"
        cure = _CURES.get(build.language) or f"{_with_libraries(builder, 'cc')}."
    return why, cure


def _with_libraries(builder: Stage, distroless: str) -> str:
    """The image that a program needs which is linked with the C library of its builder; `cc` has libgcc besides."""
    if builder.runtime.libc == "musl":
        return "Ship it on Alpine of the same release"
    return f"Ship it on an image with glibc, such as `gcr.io/distroless/{distroless}-debian13` or Debian's `slim`"


def _fix(change: DockerfileChange, build: Build) -> Fix | None:
    program = build.command.program
    if asks_for_cgo(build.run.stage):
        return None
    if build.language != "go" or program is None or build.run.instruction.exec_form is not None:
        return None
    if build.command.nested or build.command.wrappers:
        return None
    return Fix("Build without cgo", (insert(change.source, build.command.start, "CGO_ENABLED=0 "),))
