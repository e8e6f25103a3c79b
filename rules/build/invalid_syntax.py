"""See invalid_syntax.md."""

import re
from collections.abc import Iterator

from rules.api import (
    INSTRUCTIONS,
    Category,
    Confidence,
    Dockerfile,
    DockerfileChange,
    Doubt,
    Edit,
    Fix,
    Instruction,
    Model,
    Problem,
    Severity,
    Source,
    Span,
    SyntaxFault,
    is_patch,
    once,
    parse_reference,
    pasted,
    patched,
    quote,
    replace,
    rule,
    signs_of,
)
from rules.build.late_escape import why_not_continued
from rules.build.shells.torn_runs import torn_runs
from rules.build.whole_files import is_of_another_language

_OPERATORS = ("&&", "||", "|")
"""With one of these a line of a RUN goes on, and no instruction begins."""

_LINE = re.compile(r"\b(?:lines?|from|to) \d+", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[A-Z]{4,}[A-Z0-9]*(?:[-_][A-Z0-9]+)*\Z|(?:[\w./:-]*\{[A-Za-z_]\w*\})+[\w./:-]*\Z")
"""`BASEIMAGE`, `REPLACE-ME`, `{image}:{tag}`: what a script writes over before the file is built."""

_CONTAINERFILE = re.compile(r"containerfile", re.IGNORECASE)
"""What Podman and Buildah call the file; Docker's own name for it says nothing of the builder."""


_PATCHES = re.compile(r"\.(?:diff|patch|rej)\Z", re.IGNORECASE)
"""What a file is called that is a patch on purpose: `Dockerfile.patch`."""


@rule(
    "invalid-syntax",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    aliases=("DL1000", "S2260"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The builder refuses a line."""
    if is_patch(change.after.dockerfile.instructions):
        yield from _patch(change)
        return
    if is_of_another_language(change):
        return
    placeholder = _placeholder(change.after.dockerfile)
    instructions = change.after.dockerfile.instructions
    places = {one.keyword_span.start: place for place, one in enumerate(instructions)}
    unknown = {one.keyword_span.start for one in instructions if one.keyword not in INSTRUCTIONS}
    for fault in change.after.dockerfile.faults:
        if fault.rule != "invalid-syntax" or (fault.doubt is Doubt.PODMAN and _CONTAINERFILE.search(change.path)):
            continue
        written = change.source.cut(fault.span)
        if fault.suggestion is None and fault.span.start in unknown and _is_foreign(change.after.dockerfile):
            continue  # the frontend may know the instruction
        blank = fault.suggestion is None and fault.span.start in unknown and "_" in written and written.isupper()
        if fault.doubt is not Doubt.TEMPLATE and (blank or (placeholder is not None and _PLACEHOLDER.match(written))):
            yield _in_template(fault, written, placeholder)
        elif fault.doubt is None and (late := why_not_continued(change.after, fault.span)) is not None:
            yield Problem(fault.span, late, key=_LINE.sub("line", fault.message))
        elif fault.doubt is None:
            fix = _fix(change, fault, places.get(fault.span.start))
            message = f"{fault.message}{_torn(change, fault)}{_named_before(change, fault)}"
            yield Problem(fault.span, message, fix=fix, key=_LINE.sub("line", fault.message))
        else:
            yield _doubtful(fault, fault.doubt)


def _patch(change: DockerfileChange) -> Iterator[Problem]:
    """Say that the file is a patch, unless its name does; with the file that it makes, where it shows all of that."""
    if _PATCHES.search(change.path):
        return
    for fault in change.after.dockerfile.faults:
        edits = tuple(_without_sign(change.source, line.number, kept=line.kept) for line in patched(change.source))
        yield Problem(fault.span, fault.message, fix=Fix("Apply the patch", edits) if edits else None)


def _without_sign(source: Source, number: int, *, kept: bool) -> Edit:
    """Take the sign from a line that stays, or the whole line of one that goes."""
    whole = source.line_span(number)
    return replace(source, source.span(whole.start, whole.start + len(source.line(number)[:1])) if kept else whole, "")


def _torn(change: DockerfileChange, fault: SyntaxFault) -> str:
    """Say of which RUN above the line is the rest, where the fault gives no reason of its own."""
    run = torn_runs(change.after).get(fault.span.start)
    if run is None or not fault.message.endswith("is not a Dockerfile instruction."):
        return ""
    line, end = run.instruction.line, run.instruction.end_line
    return (
        f" It is the rest of the `RUN` of line {line}, whose script is cut off at line {end}: each line but the last "
        f"has to end in {quote(run.instruction.escape)}."
    )


def _named_before(change: DockerfileChange, fault: SyntaxFault) -> str:
    """Name the image that stood there before the change, where a FROM names one of the same name and tag elsewhere."""
    if fault.suggestion is not None or change.before is None or fault.span.start not in _images_at(change.after):
        return ""
    was = _images(change.before).get(change.source.cut(fault.span).rpartition("/")[2])
    return f" Before this change it was {quote(was)}." if was is not None else ""


@once
def _images_at(model: Model) -> frozenset[int]:
    """Where the images of the FROMs stand, those that name a repository in a namespace."""
    froms = (one for one in model.dockerfile.instructions if one.keyword == "FROM" and one.words)
    return frozenset(one.words[0].span.start for one in froms if "/" in one.words[0].text)


@once
def _images(model: Model) -> dict[str, str]:
    """The images of the FROMs, by repository and tag without registry and namespace."""
    texts = (stage.reference.text for stage in model.stages if stage.reference is not None)
    return {text.rpartition("/")[2]: text for text in texts}


def _doubtful(fault: SyntaxFault, doubt: Doubt) -> Problem:
    return Problem(
        fault.span,
        fault.message,
        Confidence.LIKELY if doubt is Doubt.PODMAN else Confidence.POSSIBLE,
        doubt=doubt.value,
        key=_LINE.sub("line", fault.message),
        severity=Severity.WARNING,
    )


def _is_foreign(dockerfile: Dockerfile) -> bool:
    """Whether `# syntax=` names a frontend that is not Docker's own, nor a mirror of it."""
    images = (parse_reference(one.value) for one in dockerfile.directives if one.name == "syntax")
    return any(
        image is not None and image.path.rpartition("/")[2] not in ("dockerfile", "dockerfile-upstream")
        for image in images
    )


def _placeholder(dockerfile: Dockerfile) -> str | None:
    """Return the image of a FROM that is a placeholder: the whole file is then a template."""
    images = (i.words[0].text for i in dockerfile.instructions if i.keyword == "FROM" and i.words)
    return next((image for image in images if _PLACEHOLDER.match(image)), None)


def _in_template(fault: SyntaxFault, written: str, placeholder: str | None) -> Problem:
    """Ask about what stands where a script puts an image or an instruction; no instruction's name has an underscore."""
    what = "is no image reference" if written == placeholder else "is not a Dockerfile instruction"
    alone = placeholder in (None, written)
    like = "It looks like" if alone else f"Like {quote(placeholder or '')} in `FROM` it looks like"
    return Problem(
        fault.span,
        f"{quote(written)} {what}. {like} a placeholder that a script fills in; a build of the file as it is stops "
        "here.",
        Confidence.POSSIBLE,
        key=_LINE.sub("line", fault.message),
        severity=Severity.WARNING,
    )


@once
def _signs(model: Model) -> dict[int, tuple[Span, ...]]:
    """Where a pasted patch or mail begins, to the signs on its lines; none where a patch may have deleted them."""
    found = pasted(model.dockerfile.instructions)
    return {one.first.keyword_span.start: () if one.sign == "-" else signs_of(one) for one in found}


def _can_follow(keyword: str, wrong: Instruction) -> bool:
    """Whether an instruction of the keyword may have that value: none stands alone, and `FROM` has an image's words.

    `From: A <a@example.com>` of a pasted mail would be refused as well.
    """
    words = [word.text for word in wrong.words if not word.text.startswith("--")]
    return bool(wrong.value) and (keyword != "FROM" or len(words) in _WORDS_OF_FROM)


_WORDS_OF_FROM = (1, 3)
"""`FROM image`, `FROM image AS name` (Dockerfile reference, "FROM")."""


def _fix(change: DockerfileChange, fault: SyntaxFault, place: int | None) -> Fix | None:
    """Write the instruction that was meant, take pasted signs away, or put a lost backslash in front of an operator.

    Args:
        change: The change.
        fault: What is wrong.
        place: The number of the instruction whose keyword stands there, if one does.
    """
    instructions = change.after.dockerfile.instructions
    wrong = instructions[place] if place is not None else None
    if fault.suggestion is not None:
        if wrong is not None and wrong.keyword_span == fault.span and not _can_follow(fault.suggestion, wrong):
            return None
        return Fix(f"Write {fault.suggestion}", (replace(change.source, fault.span, fault.suggestion),))
    if fault.span.start in _signs(change.after):
        signs = _signs(change.after)[fault.span.start]
        return Fix("Take the signs away", tuple(replace(change.source, sign, "") for sign in signs)) if signs else None
    if not place or wrong is None or wrong.keyword not in _OPERATORS or instructions[place - 1].keyword != "RUN":
        return None
    before, escape = instructions[place - 1], change.after.dockerfile.escape
    if escape != "\\" and before.text.rstrip(" \t").endswith("\\"):
        return None  # continued as in a file without the directive: then other lines are, too
    end = before.span.end
    start = end - len(before.text) + len(before.text.rstrip(" \t"))
    joined = f" {escape}"
    return Fix("Join the lines again", (replace(change.source, change.source.span(start, end), joined),))
