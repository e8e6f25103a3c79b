"""See glibc_too_old.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Problem, Severity, Stage, quote, rule
from rules.copying.binaries import brings_libraries, is_static, program_of

_VERSIONS = {
    ("debian", "9"): (2, 24),
    ("debian", "10"): (2, 28),
    ("debian", "11"): (2, 31),
    ("debian", "12"): (2, 36),
    ("debian", "13"): (2, 41),
    ("ubuntu", "18.04"): (2, 27),
    ("ubuntu", "20.04"): (2, 31),
    ("ubuntu", "22.04"): (2, 35),
    ("ubuntu", "24.04"): (2, 39),
    ("amazonlinux", "2"): (2, 26),
    ("amazonlinux", "2023"): (2, 34),
    **{
        (distro, number): version
        for distro in ("rhel", "centos", "rockylinux", "almalinux", "oraclelinux")
        for number, version in (("7", (2, 17)), ("8", (2, 28)), ("9", (2, 34)), ("10", (2, 39)))
    },
}
"""The glibc of each release (packages.debian.org and packages.ubuntu.com, `libc6`; release notes of the others)."""

_STEPS = {"rust": ((2, 28), (2, 33), (2, 34), (2, 39)), "go": ((2, 32), (2, 34))}
"""Versions in which glibc changed symbols that every program of a language uses (glibc's `NEWS`): `statx` in 2.28,
`stat` in 2.33, the threads that moved into libc in 2.32 and 2.34, `pidfd_spawnp`, which Rust's library uses, in 2.39.
"""


@rule(
    "glibc-too-old",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY",),
    mentions=("cargo", "go "),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is built on a system whose C library is newer than that of the image it is copied into."""
    for stage in change.stages:
        if _glibc(stage) is None or brings_libraries(stage):
            continue
        for copy in stage.copies:
            if copy.from_stage is not None and not copy.deferred:
                yield from _judge(stage, copy, copy.from_stage)


def _judge(stage: Stage, copy: Copy, builder: Stage) -> Iterator[Problem]:
    here, there = _glibc(stage), _glibc(builder)
    if here is None or there is None or there <= here:
        return
    found = program_of(copy)
    if found is None or is_static(builder, found[1]):
        return
    needed = max((step for step in _STEPS.get(found[1].language, ()) if step <= there), default=here)
    if needed > here:
        many = found[0].endswith("/bin")
        what, linked, stops = (
            ("all programs in", "they are", "They stop") if many else ("the program", "it is", "It stops")
        )
        yield Problem(
            copy.instruction.span,
            f"{stage.label} copies {what} {quote(found[0])} out of {builder.label}, where {linked} linked "
            f"with glibc {_shown(there)} ({_system(builder)}); this image has {_shown(here)} ({_system(stage)}). "
            f"{stops} at the start with “version `GLIBC_{_shown(needed)}' not found”. Build and run on the "
            "same release.",
            Confidence.LIKELY,
            doubt="how the program is linked is not known",
            instruction=copy.instruction,
            stage=stage.key,
            key=found[0],
        )


def _glibc(stage: Stage) -> tuple[int, int] | None:
    runtime = stage.runtime
    if runtime.libc != "glibc" or runtime.distribution is None or runtime.release is None:
        return None
    number = runtime.release.number or ""
    if runtime.distribution not in ("ubuntu", "amazonlinux"):
        number = number.partition(".")[0]
    return _VERSIONS.get((runtime.distribution, number))


def _shown(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _system(stage: Stage) -> str:
    release = stage.runtime.release
    return f"{(stage.runtime.distribution or '').capitalize()} {release.number if release is not None else ''}"
