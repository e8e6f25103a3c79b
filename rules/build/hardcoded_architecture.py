"""See hardcoded_architecture.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Instruction,
    Problem,
    Run,
    Severity,
    ShellWord,
    Stage,
    Word,
    quote,
    rule,
)
from rules.secrets.downloads.fetched import FETCHERS

_ARCH = re.compile(r"(?<![A-Za-z0-9])(?P<arch>x86_64|amd64|aarch64|arm64|x64|linux64)(?![A-Za-z0-9])")
_TRIPLET = re.compile(r"/(?:usr/)?lib/(?:x86_64|aarch64|i386|arm)-linux-gnu(?:eabihf)?\b")
_TAKEN = re.compile(r"^(?!--platform=).*\$\{?(?:TARGETARCH|TARGETPLATFORM)\b", re.MULTILINE)
"""A declaration alone may be copied along from another file; as the platform of a FROM it says what holds anyway."""

_COMPILED_FOR = re.compile(
    r"\bGOARCH[= ][\"']?(?:amd64|arm64|386|arm)\b"
    r"|--target[= ](?:x86_64|aarch64)-unknown-linux-\w+"
    r"|(?:-r|--runtime)[= ]linux-(?:musl-)?(?:x64|arm64)\b"
)
"""What tells Go, Cargo and .NET the architecture of the machine that the program is for."""
_BUILDER = re.compile(r"\$\{?BUILD(?:PLATFORM|ARCH)\b")
_STOPS = re.compile(r"\bexit\s+[1-9]")


@rule(
    "hardcoded-architecture",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("RUN", "ADD", "COPY", "ENV"),
    mentions=("x86_64", "amd64", "aarch64", "arm64", "x64", "linux64"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A file that may be built for several platforms names one architecture."""
    several = _is_multi_platform(change)
    if not several and _is_bound(change):
        return
    for stage in change.stages:
        if _is_fixed(stage) or _ARCH.search(stage.key) or _ARCH.search(change.path):
            continue
        if _is_for_one(change, stage):
            continue
        yield from _libraries(stage, several=several)
        for copy in stage.copies if several else ():
            yield from _added(stage, copy)
        for run in stage.runs if several else ():
            if not _chooses_by_architecture(run):
                yield from _downloads(stage, run)
        if several and any(stage in other.sources for other in change.stages):
            yield from _compiled(stage)


def _is_fixed(stage: Stage) -> bool:
    return stage.platform is not None and "$" not in stage.platform


def _is_for_one(change: DockerfileChange, stage: Stage) -> bool:
    """Whether only stages of one platform take from this one, or a RUN of it stops the build on another."""
    takers = [other for other in change.stages if stage in other.sources]
    if takers and all(_is_fixed(taker) for taker in takers):
        return True
    return any(_asks_for_architecture(code) and _STOPS.search(code) for code in map(_code, stage.runs))


def _is_multi_platform(change: DockerfileChange) -> bool:
    """Whether the file is built for several platforms: by BuildKit's values in it, or by a build's word."""
    return _TAKEN.search(change.after.code) is not None or any(
        build.platforms > 1 for build in change.repository.builds_of(change.path)
    )


def _is_bound(change: DockerfileChange) -> bool:
    """Whether something else in the file runs on one architecture only: a download, a package, a platform."""
    return _ARCH.search(_TRIPLET.sub("", change.after.code)) is not None


def _libraries(stage: Stage, *, several: bool) -> Iterator[Problem]:
    """Find a COPY out of a library folder of one architecture, from a stage or image that has the builder's."""
    for copy in stage.copies:
        source = copy.from_stage
        if copy.from_context or (source is not None and source.platform is not None and "$" not in source.platform):
            continue
        found = next((m for one in copy.sources if one.path and (m := _TRIPLET.search(one.path))), None)
        if found is not None:
            yield Problem(
                copy.instruction.span,
                f"{stage.label} copies from {quote(found[0])}, a folder that exists on one architecture only. Built "
                "for another, on an ARM machine for instance, the path is not there and the build stops. Have the "
                "stage it comes from put the files at a path without the architecture in it.",
                Confidence.LIKELY if several else Confidence.POSSIBLE,
                doubt="which platforms it is built for is not in the file",
                stage=stage.key,
                key=found[0],
            )
            return


def _chooses_by_architecture(run: Run) -> bool:
    """Whether the RUN asks which architecture it is on."""
    return _asks_for_architecture(_code(run)) or "case " in _code(run)


def _asks_for_architecture(code: str) -> bool:
    return any(mark in code for mark in ("TARGETARCH", "TARGETPLATFORM", "uname -m", "--print-architecture", "arch)"))


def _code(run: Run) -> str:
    return run.instruction.whole_value


def _added(stage: Stage, copy: Copy) -> Iterator[Problem]:
    """Find an ADD of a URL that names an architecture."""
    for word in copy.instruction.words if copy.instruction.keyword == "ADD" else ():
        match = _ARCH.search(word.text)
        if match is not None and word.text.startswith(("http://", "https://")):
            yield _for_one(copy.instruction, stage, word, match["arch"])


def _for_one(instruction: Instruction, stage: Stage, word: Word | ShellWord, arch: str) -> Problem:
    if _BUILDER.search(stage.platform or "") is not None:
        fact = (
            f"{stage.label} is of the machine that builds, and downloads a file for {quote(arch)} whatever that is. On "
            "another one a program of it fails with “exec format error”. Derive the name from `BUILDARCH`, or from "
            "`TARGETARCH` where the file ships."
        )
    else:
        fact = (
            f"{stage.label} downloads a file for {quote(arch)} whatever platform it is built for. The file is meant "
            "for several: on the others the program fails with “exec format error”. Derive the name from `TARGETARCH`."
        )
    return Problem(
        word.span,
        fact,
        Confidence.POSSIBLE,
        instruction=instruction,
        stage=stage.key,
        key=word.text,
    )


def _compiled(stage: Stage) -> Iterator[Problem]:
    """Find a program that is compiled for one architecture, in a stage from which another one takes something."""
    texts = [_code(run) for run in stage.runs] + [i.value for i in stage.instructions if i.keyword == "ENV"]
    if len({match[0] for text in texts for match in _COMPILED_FOR.finditer(text)}) != 1:
        return  # none, or one after the other
    if any(map(_asks_for_architecture, texts)):
        return
    for instruction in stage.instructions:
        text = instruction.whole_value if instruction.keyword in ("RUN", "ENV") else ""
        match = _COMPILED_FOR.search(text)
        if match is None or not any(run.calls("go", "cargo", "dotnet") for run in stage.runs):
            continue
        yield Problem(
            instruction.span,
            f"{stage.label} compiles for one architecture whatever platform it is built for: {quote(match[0])}. The "
            "file is meant for several: on the others the program fails with “exec format error”. Derive it from "
            "`TARGETARCH`.",
            Confidence.LIKELY,
            doubt="the program may be meant for one of the platforms only",
            stage=stage.key,
            key=match[0],
        )
        return


def _downloads(stage: Stage, run: Run) -> Iterator[Problem]:
    for command in run.commands:
        if command.name not in FETCHERS:
            continue
        for word in command.args:
            match = _ARCH.search(word.value)
            if (
                match is not None
                and "://" in word.value
                and "$" not in word.value[max(0, match.start() - 2) : match.start()]
            ):
                yield _for_one(run.instruction, stage, word, match["arch"])
                return
