"""See entrypoint_with_cmd.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Origin, Problem, Severity, quote, rule


@rule(
    "entrypoint-with-cmd",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("ENTRYPOINT",),
    aliases=("DF017",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped image has an ENTRYPOINT and no CMD with its default arguments."""
    told: set[int] = set()
    for stage in change.after.shipped:
        entrypoint, cmd = stage.image.entrypoint, stage.image.cmd
        instruction = entrypoint.instruction
        if instruction is None or not entrypoint.value or entrypoint.value.form != "exec":
            continue
        if cmd.value or cmd.origin is Origin.UNKNOWN or id(instruction) in told:
            continue
        told.add(id(instruction))
        arguments = len(entrypoint.value.words) > 1
        way = "those that a user may want to replace belong into" if arguments else "default ones belong into"
        written = quote(" ".join(str(instruction).split()), 80)
        yield Problem(
            instruction.span,
            f"{stage.label} has {written} and no `CMD`. What follows the image's name in "
            f"`docker run` is added to its arguments; {way} `CMD`, which it replaces.",
            instruction=instruction,
            stage=stage.key,
        )
