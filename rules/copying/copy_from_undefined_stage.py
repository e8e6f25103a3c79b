"""See copy_from_undefined_stage.md."""

import difflib
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Severity,
    Span,
    Stage,
    image_facts,
    nearest,
    once,
    parse_reference,
    quote,
    replace,
    rule,
)
from rules.copying.installs.left_members import left_member
from rules.copying.stages.gone_paths import gone
from rules.copying.stages.undefined_names import (
    can_be_something,
    given_contexts,
    named_sources,
    tells_of_contexts,
    told_contexts,
)
from rules.copying.stages.unmade_paths import is_unmade

_CLOSE = 0.8
"""How alike a slip is at least; `api-builder` and `web-builder` are two stages, and less alike."""

_STAGE_LIKE = re.compile(
    r"(?:[\w-]+[-_])?(?:build|builder|base|compile|compiler|deps|dependencies|install|installer)\d*"
    r"(?:[-_](?:image|stage|env))?"
)
"""Names that people give to stages, hardly to a folder that they pass as a context."""

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_FOLDER_LIKE = re.compile(r"src|sources?|context|rootfs|repo|project|workspace|config")
"""Names that people give to a folder that they pass as a context, hardly to a stage."""


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
    contexts = given_contexts(change)
    for stage in change.stages:
        yield from _without_name(stage)
        asked: set[str] = set()
        for instruction, text, span in named_sources(stage):
            if text in contexts or text in asked or can_be_something(change, stage, text):
                continue
            problem = _problem(change, stage, instruction, text, span)
            if problem is not None:
                yield problem
                if problem.confidence is Confidence.POSSIBLE:
                    asked.add(text)


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


def _problem(change: DockerfileChange, stage: Stage, instruction: Instruction, text: str, span: Span) -> Problem | None:
    names = [name for other in change.stages[: stage.index] if (name := other.name) and name != stage.name]
    near = _nearly(text.lower(), names)
    below = next((other for other in change.stages[stage.index :] if other.name == text.lower()), None)
    nameless = _without_its_name(change, stage) if near is None and below is None and not text.isdecimal() else None
    meant = bool(names) or nameless is not None
    confidence = _confidence(change, text, near=near is not None, below=below is not None, named=meant)
    if confidence is None:
        return None
    if nameless is not None and confidence is Confidence.POSSIBLE:
        confidence = Confidence.LIKELY
    written = change.source.cut(span)
    fix = None
    lacking = _lacking(change, stage, instruction, near) if near is not None else ""
    if near is not None and below is None and text in written and not lacking:
        fix = Fix(f"Copy from {near}", (replace(change.source, span, written.replace(text, near)),))
    elif nameless is not None:
        fix = _named(change, nameless, text)
    return Problem(
        span,
        f"{stage.label} takes files from {quote(text)}, which {_fact(stage, text, near, below, names)}"
        f"{lacking}{_nameless(nameless, text)}",
        confidence,
        doubt="a build may give a context of that name",
        instruction=instruction,
        stage=stage.key,
        key=text,
        fix=fix,
    )


def _lacking(change: DockerfileChange, stage: Stage, instruction: Instruction, near: str) -> str:
    """Say what the stage that is probably meant does not have either, so that the name alone mends nothing."""
    meant = next(other for other in change.stages if other.name == near)
    copies = (copy for copy in stage.copies if copy.instruction is instruction)
    for path in (copy.source_path(source) for copy in copies for source in copy.sources):
        if path is not None and path.startswith("/"):
            left = left_member(meant, path)
            if left is not None:
                return (
                    f" {meant.label} has no {quote(left.folder)} either: copy {quote(left.source)} there, like what "
                    "lies beside it."
                )
            if gone(meant, path) is not None or is_unmade(meant, path):
                return f" But {meant.label} has no {quote(path)} either."
    return ""


def _without_its_name(change: DockerfileChange, stage: Stage) -> Stage | None:
    """Return the one stage above that has no name and that nothing needs: it is perhaps the one that is meant."""
    needed = change.after.needed_by_shipped
    unneeded = [one for one in change.stages[: stage.index] if one.name is None and one.index not in needed]
    return unneeded[0] if len(unneeded) == 1 else None


def _nameless(stage: Stage | None, text: str) -> str:
    if stage is None:
        return ""
    line, name = stage.from_.line, quote(f"AS {text}")
    return f" Nothing needs the stage of line {line}, which has no name: is {name} missing there?"


def _named(change: DockerfileChange, stage: Stage, text: str) -> Fix | None:
    """Give a stage the name, where it can have it."""
    word = stage.base_word
    if word is None or not _STAGE_NAME.fullmatch(text):
        return None
    return Fix(f"Name the stage {text}", (replace(change.source, word.span, f"{word.text} AS {text}"),))


def _nearly(text: str, names: list[str]) -> str | None:
    """Return the stage whose name was probably meant: one that is a slip away, or two in a longer one."""
    alike = difflib.get_close_matches(text, names, 3, _CLOSE)
    return next((name for name in alike if nearest(text, [name]) or nearest(name, [text])), None)


def _fact(stage: Stage, text: str, near: str | None, below: Stage | None, names: list[str]) -> str:
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
    if near is None and parse_reference(text) is None:
        return (
            "no `FROM … AS` above defines. An image or a build context cannot have such a name either, so the build "
            "stops here."
        )
    then = "The builder then looks for a build context or an image of that name, and stops"
    if near is not None:
        return f"no `FROM … AS` above defines. {then}. Did you mean {quote(near)}?"
    listed = f"The stages above are {', '.join(map(quote, names))}." if names else "No stage above this one has a name."
    return f"no `FROM … AS` above defines. {then} unless one is given. {listed}"


def _confidence(change: DockerfileChange, text: str, *, near: bool, below: bool, named: bool) -> Confidence | None:
    """Return how sure it is that a stage is meant; `None` where it is a context that the build gives, as a rule."""
    if text.isdecimal() or below or parse_reference(text) is None:
        return Confidence.CERTAIN
    given = _is_built_with_contexts(change)
    if near:
        return Confidence.LIKELY if given else Confidence.CERTAIN
    if given or _FOLDER_LIKE.fullmatch(text.lower()):
        return None
    if _STAGE_LIKE.fullmatch(text.lower()):
        return Confidence.LIKELY if named else Confidence.POSSIBLE
    return None if text.lower() in told_contexts(change) else Confidence.POSSIBLE


@once
def _is_built_with_contexts(change: DockerfileChange) -> bool:
    """Whether the file itself shows that its build gives contexts: Bake, Compose and the command line do.

    It then starts from a bare name that is no official image, or takes the whole of something that no stage is, or
    from a path that is not absolute, as one takes a folder; or a comment says how it is built.
    """
    return tells_of_contexts(change) or any(
        _starts_from_context(stage) or _takes_folder(change, stage) for stage in change.stages
    )


def _starts_from_context(stage: Stage) -> bool:
    reference = stage.reference
    return reference is not None and reference.tag is None and "/" not in reference.text and not image_facts(reference)


def _takes_folder(change: DockerfileChange, stage: Stage) -> bool:
    """Whether a COPY takes a whole unknown name, or a path in it as one writes those of a folder."""
    return any(
        copy.from_stage is None
        and _is_bare_word(change, stage, copy.from_text)
        and any(source.is_root or not source.word.text.startswith(("/", "$")) for source in copy.sources)
        for copy in stage.copies
    )


def _is_bare_word(change: DockerfileChange, stage: Stage, text: str | None) -> bool:
    """Whether a COPY's origin can be a context's name, and no image's or misspelt stage's."""
    if text is None or text.isdecimal() or parse_reference(text) is None or _STAGE_LIKE.fullmatch(text.lower()):
        return False
    return not can_be_something(change, stage, text)
