"""See path_replaced.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Instruction,
    Problem,
    Severity,
    Stage,
    Word,
    fix,
    quote,
    replace,
    rule,
)

_SYSTEM = frozenset({"/bin", "/usr/bin"})
_OLD_VALUE = frozenset({"$PATH", "${PATH}"})


@rule(
    "path-replaced",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("path",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV gives PATH a value without the folders of the system."""
    for stage in change.stages:
        if stage.runtime.is_windows or stage.root.is_scratch or stage.runtime.has_shell is False:
            continue
        for instruction in stage.instructions:
            if instruction.keyword != "ENV":
                continue
            for name, value in instruction.pairs:
                if name.text != "PATH" or value is None:
                    continue
                if _is_without_system(value.text.strip("\"'")):
                    yield _problem(stage, instruction, value)
                elif _is_kept_literal(value.text):
                    yield _of_quotes(stage, instruction, value)


def _is_without_system(text: str) -> bool:
    """Whether it is a list of folders that is whole as written, and none of them holds the system's programs."""
    folders = [folder.rstrip("/") for folder in text.split(":")]
    return "$" not in text and _SYSTEM.isdisjoint(folders) and all(folder.startswith("/") for folder in folders)


def _is_kept_literal(text: str) -> bool:
    """Whether the old value is asked for within single quotes, where the builder fills nothing in."""
    quoted = len(text) > 1 and text[0] == text[-1] == "'" and "'" not in text[1:-1]
    folders = [folder.rstrip("/") for folder in text[1:-1].split(":")]
    return quoted and not _OLD_VALUE.isdisjoint(folders) and _SYSTEM.isdisjoint(folders)


def _of_quotes(stage: Stage, instruction: Instruction, value: Word) -> Problem:
    text = value.text[1:-1]
    return Problem(
        value.span,
        f"{stage.label} sets `PATH` to {quote(text)} as it is written: nothing is filled in within single quotes. "
        "The folders of the system are gone from it. From here on `sh`, `ls` and `env` are not found by their names, "
        "in a `RUN` or in the container. Write it with double quotes.",
        instruction=instruction,
        stage=stage.key,
        key="PATH",
        fix=fix("Write it with double quotes", replace(instruction.source, value.span, f'"{text}"')),
    )


def _problem(stage: Stage, instruction: Instruction, value: Word) -> Problem:
    """Say it of a base that is known; another may keep them elsewhere: `/busybox`, Nix's profile, a toolchain's."""
    text = value.text.strip("\"'")
    kept = f'"{text}:$PATH"'
    return Problem(
        value.span,
        f"{stage.label} sets `PATH` to {quote(text)} alone: the folders of the system are gone from it. From here on "
        "`sh`, `ls` and `env` are not found by their names, in a `RUN` or in the container. Put them behind it: "
        f"{quote(f'PATH={kept}')}.",
        Confidence.CERTAIN if stage.facts is not None else Confidence.POSSIBLE,
        doubt="the base image may keep the system's programs elsewhere",
        instruction=instruction,
        stage=stage.key,
        key="PATH",
        fix=fix("Keep the folders of the system", replace(instruction.source, value.span, kept)),
    )
