"""See copy_from_undefined_stage.md."""

import difflib
import re
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    image_facts,
    quote,
    replace,
    rule,
)

_KNOWN_IMAGES = frozenset(
    "alpine debian ubuntu busybox nginx node python golang rust ruby php openjdk maven gradle composer redis postgres "
    "mysql mariadb mongo httpd caddy traefik docker haproxy memcached tomcat bash perl elixir erlang swift dart deno "
    "hashicorp kong haskell r-base julia buildpack-deps fedora archlinux amazonlinux oraclelinux rockylinux".split()
)


_STAGE_LIKE = re.compile(
    r"(?:[\w-]+[-_])?(?:build|builder|base|compile|compiler|deps|dependencies|install|installer)\d*"
)
"""Names that people give to stages, hardly to a folder that they pass as a context."""


@rule(
    "copy-from-undefined-stage",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("from=",),
    aliases=("DL3022",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY --from or a mount names a stage that no line above defines."""
    contexts = {name for build in change.repository.builds_of(change.path) for name in build.contexts}
    for stage in change.stages:
        yield from _without_name(stage)
        for instruction, text, span in _named(stage):
            if _can_be_something(change, stage, text) or text in contexts:
                continue
            yield _problem(change, stage, instruction, text, span)


def _without_name(stage: Stage) -> Iterator[Problem]:
    """Yield the COPYs whose flag names nothing, which BuildKit takes for no flag at all."""
    for copy in stage.copies:
        flag = copy.instruction.flag("from")
        if flag is not None and flag.value == "":
            yield Problem(
                copy.instruction.span,
                f"`--from=` in {stage.label} names nothing. The builder then copies from the build context, as if the "
                "flag were not there. Name the stage, or take the flag away.",
                Confidence.CERTAIN,
                instruction=copy.instruction,
                stage=stage.key,
                key="--from=",
            )


def _named(stage: Stage) -> Iterator[tuple[Instruction, str, Span]]:
    for step in stage.steps:
        if isinstance(step, Copy) and step.from_text and step.from_stage is None:
            flag = step.instruction.flag("from")
            assert flag is not None
            yield step.instruction, step.from_text, flag.value_span
        elif isinstance(step, Run) and step.instruction.flags:
            for mount in step.mounts:
                text = mount.options.get("from", "")
                if text and stage.model.copied_stage(text, stage.index) is None:
                    yield step.instruction, text, mount.flag.value_span


def _can_be_something(change: DockerfileChange, stage: Stage, text: str) -> bool:
    """Whether a name can be an image, or is another rule's: its own stage, a circle."""
    own = text.lower() in (stage.name, str(stage.index))
    below = [other for other in change.stages[stage.index :] if other.name == text.lower()]
    if own or below:
        return own or any(other.needs(stage) for other in below)
    return any(mark in text for mark in "/:@.$") or text.lower() in _KNOWN_IMAGES or text == "scratch"


def _problem(change: DockerfileChange, stage: Stage, instruction: Instruction, text: str, span: Span) -> Problem:
    names = [other.name for other in change.stages[: stage.index] if other.name not in (None, stage.name)]
    near = next(iter(difflib.get_close_matches(text.lower(), names, 1, 0.7)), None)
    below = next((other for other in change.stages[stage.index :] if other.name == text.lower()), None)
    written = change.source.cut(span)
    fix = None
    if near is not None and below is None and text in written:
        fix = Fix(f"Copy from {near}", (replace(change.source, span, written.replace(text, near)),))
    return Problem(
        span,
        f"{stage.label} takes files from {quote(text)}, which {_fact(stage, text, near, below, names)}",
        _confidence(change, text, known=near is not None or below is not None, named=bool(names)),
        doubt="a build may give a context of that name",
        instruction=instruction,
        stage=stage.key,
        key=text,
        fix=fix,
    )


def _fact(stage: Stage, text: str, near: str | None, below: Stage | None, names: Sequence[str | None]) -> str:
    """Say what is wrong with a name, and what follows (convert.go, `dispatchCopy`, `findStateByIndex`)."""
    if below is not None:
        return (
            f"stands below, at line {below.from_.line}. A stage can only take files from those above it, and the build "
            f"stops here. Move {below.label} up."
        )
    if text.isdecimal():
        count = stage.index
        above = "no stage stands above" if not count else f"the last stage above has the number {count - 1}"
        return f"is no stage's number: they are counted from 0, and {above}. The build stops here."
    then = "The builder then looks for a build context or an image of that name, and stops"
    if near is not None:
        return f"no `FROM … AS` above defines. {then}. Did you mean {quote(near)}?"
    listed = (
        f"The stages above are {', '.join(map(quote, filter(None, names)))}." if names else "No stage above has a name."
    )
    return f"no `FROM … AS` above defines. {then} unless one is given. {listed}"


def _confidence(change: DockerfileChange, text: str, *, known: bool, named: bool) -> Confidence:
    """Return how sure it is that a stage is meant: other names are contexts that Bake or Compose gives, as a rule."""
    if text.isdecimal() or known:
        return Confidence.CERTAIN
    if any(_is_given(stage) for stage in change.stages):
        return Confidence.POSSIBLE
    like_a_stage = named and _STAGE_LIKE.fullmatch(text.lower()) is not None
    return Confidence.LIKELY if like_a_stage else Confidence.POSSIBLE


def _is_given(stage: Stage) -> bool:
    """Whether a stage starts from a bare name that is no official image: this file is built with named contexts."""
    reference = stage.reference
    return reference is not None and reference.tag is None and "/" not in reference.text and not image_facts(reference)
