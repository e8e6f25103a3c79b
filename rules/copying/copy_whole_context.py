"""See copy_whole_context.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Severity,
    Stage,
    quote,
    rule,
)
from rules.copying.context.contents import Leak, context_leaks, is_secret_name, root_copies, secrets_named
from rules.copying.context.ignore_file import IgnoreFile, ignore_file, lies_beside
from rules.copying.context.local_secrets import local_secrets
from rules.copying.context.needed_secrets import needed_in_build
from rules.model.filenames import is_pattern

_NAMED = 4
"""Paths that a sentence can name."""
_SECRETS = "secrets of the context"
_IN_USE = "whether these are in use anywhere is not known"


@rule(
    "copy-whole-context",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The whole context is copied into an image that ships, and files that look like secrets with it."""
    if change.is_for_developers or change.repository.is_taken_apart(change.path):
        return
    said: set[int] = set()
    for stage in change.after.shipped:
        for copy in root_copies(stage):
            if id(copy.instruction) in said:
                continue
            said.add(id(copy.instruction))
            secrets = [leak for leak in context_leaks(change) or () if leak.secret]
            if secrets:
                yield _problem(change, stage, copy, secrets)
            elif len(said) == 1:
                yield from _local(change, stage, copy)  # at the first only: the same is true of all


def _local(change: DockerfileChange, stage: Stage, copy: Copy) -> Iterator[Problem]:
    """Yield what only lies in the folder of whoever builds, where an ignore file was read that lets it in."""
    ignore = ignore_file(change)
    if ignore is None or not lies_beside(change, ignore):
        return
    found = [one for one in local_secrets(change) if not ignore.patterns.excludes(one.path)]
    if not found:
        yield from _let_in(stage, copy, ignore)
        return
    first = next((one for one in found if one.used), found[0])
    reason = f"{quote(first.said_by)} {'names it as `env_file`' if first.used else 'keeps it out of git'}"
    yield Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole context, and {quote(first.path)} with it, where it lies there during a build: "
        f"{reason}, and {quote(ignore.path)} lets it in. Whoever can pull the image can read it. List it in "
        f"{quote(ignore.path)}, and give what the program needs of it when it starts.",
        Confidence.LIKELY if first.used else Confidence.POSSIBLE,
        doubt="the image may be built in a folder without it" if first.used else "",
        instruction=copy.instruction,
        stage=copy.stage.key,
        fix=Fix("Keep it out of the build", (ignore.append(*dict.fromkeys(one.path for one in found)),)),
    )


def _let_in(stage: Stage, copy: Copy, ignore: IgnoreFile) -> Iterator[Problem]:
    """Ask of a file that a line of the ignore file brings back by its name: it may be made for everyone."""
    for line in ignore.patterns.patterns:
        name = posixpath.basename(line.text)
        plain = not is_pattern(line.text) and is_secret_name(name)
        if line.negated and plain and not ignore.patterns.excludes(line.text):
            yield Problem(
                copy.instruction.span,
                f"{stage.label} copies the whole context, and {quote(line.text)} with it, where it lies there during a "
                f"build: line {line.line} of {quote(ignore.path)} lets it in on purpose. If it holds a secret, whoever "
                "can pull the image can read it. Give such values when the container starts.",
                Confidence.POSSIBLE,
                doubt="what is in the file was not read",
                instruction=copy.instruction,
                stage=copy.stage.key,
            )
            return


def _problem(change: DockerfileChange, stage: Stage, copy: Copy, secrets: list[Leak]) -> Problem:
    ignore = ignore_file(change)
    named = ", ".join(quote(leak.name) for leak in secrets[:_NAMED])
    rest = f" and {len(secrets) - _NAMED} more" if len(secrets) > _NAMED else ""
    where = "`.dockerignore`" if ignore is None else quote(ignore.path)
    patterns = dict.fromkeys(leak.pattern for leak in secrets)
    them = "them" if len(secrets) > 1 else "it"
    need = needed_in_build(copy, (leak.name for leak in secrets))
    context = change.repository.context_of(change.path) or ""
    read = all(change.repository.text(posixpath.join(context, leak.name)) is not None for leak in secrets)
    offered = (
        Fix("Keep them out of the build", (ignore.append(*patterns),)) if ignore is not None and not need else None
    )
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies the whole context, and {named}{rest} with it. Whoever can pull the image can read "
        f"{them}. List {them} in {where}, and give what the program needs of {them} when it starts."
        f"{need.way_out if need is not None else ''}",
        Confidence.LIKELY,
        doubt=_IN_USE if read else "it goes by the names; what is in the files was not read",
        instruction=copy.instruction,
        stage=copy.stage.key,
        cause=secrets_named(copy.stage, secrets),
        items=(_SECRETS,),  # one matter for all stages: one that comes is no news where another had them
        decision=_SECRETS,
        fix=offered,
    )
