"""See definition_description.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Comment, DockerfileChange, Fix, Instruction, Problem, Severity, fix, insert, quote, rule

_OF_A_TOOL = re.compile(
    r"(?:check|escape|syntax)\s*=|(?:hadolint|hullcheck|tally|shellcheck)\s|[\w-]+:\s*(?:skip|ignore|disable|datasource)"
    r"|[a-z]+-[a-z-]+:|renovate|nosemgrep|nosonar|noqa|kics|vim?:|-\*-|[{<@]",
    re.IGNORECASE,
)
"""How a comment begins that a program reads, such as `bashbrew-architectures:`, and that must stay where it is."""


@rule(
    "definition-description",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("ARG", "FROM"),
    aliases=("InvalidDefinitionDescription",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The comment above an argument or a stage does not begin with its name, so Docker does not show it."""
    named = {stage.from_.line: stage.name for stage in change.stages if stage.name is not None}
    directives = {directive.span.line for directive in change.after.dockerfile.directives}
    for instruction in change.after.dockerfile.instructions:
        names = [named[instruction.line]] if instruction.line in named else []
        if instruction.keyword == "ARG":
            names = [name.text for name, _ in instruction.pairs]
        comments = _belonging(instruction)
        if not names or not comments or comments[0].span.line in directives:
            continue
        if any(_OF_A_TOOL.match(comment.text) or _first_word(comment) in names for comment in comments):
            continue
        yield _problem(instruction, names, comments)


def _belonging(instruction: Instruction) -> list[Comment]:
    """The comment lines that belong to an instruction: those behind the last empty one (parser.go, `PrevComment`)."""
    found: list[Comment] = []
    for comment in instruction.comments:
        found = [*found, comment] if comment.text else []
    return found


def _first_word(comment: Comment) -> str:
    return comment.text.split(" ", 1)[0]


def _problem(instruction: Instruction, names: list[str], comments: list[Comment]) -> Problem:
    is_stage = instruction.keyword == "FROM"
    what, view = ("stage", "targets") if is_stage else ("argument", "outline")
    name = " or ".join(map(quote, names))
    return Problem(
        comments[-1].span,
        f"the comment above the {what} {name} does not begin with {'its' if len(names) == 1 else 'a'} name, so "
        f"`docker build --call={view}` does not show it. Begin it with {name} where it describes the {what}, and set "
        "it off by a blank line where it does not.",
        instruction=instruction,
        key=" ".join(names),
        fix=_fix(instruction),
    )


def _fix(instruction: Instruction) -> Fix | None:
    source = instruction.source
    return fix("Set the comment off", insert(source, source.line_starts[instruction.line - 1], "\n"))
