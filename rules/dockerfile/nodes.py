"""What a Dockerfile is made of: instructions, flags, words, heredocs, comments, each with its exact place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import cached_property

if TYPE_CHECKING:
    from rules.dockerfile.source import Source, Span


class Word(NamedTuple):
    """One argument as written.

    Attributes:
        text: The word with quotes, escapes and variables untouched; line continuations inside it are removed. A
            string of a JSON form is decoded.
        span: Its place in the file.
    """

    text: str
    span: Span


class Flag(NamedTuple):
    """A builder flag such as `--from=build`.

    Attributes:
        name: Without the dashes, as written: `from`.
        value: Behind the equals sign, as BuildKit passes it on: the quotes and escapes around it removed, variables
            untouched; `None` for a bare flag (`--link`).
        span: The whole flag.
        value_span: The value alone; an empty span behind a bare flag.
    """

    name: str
    value: str | None
    span: Span
    value_span: Span


class Heredoc(NamedTuple):
    """A here-document (Dockerfile reference, "Here-Documents").

    Attributes:
        name: The delimiter without quotes.
        body: The text between the delimiter lines, with its line endings; leading tabs removed for `<<-`.
        expands: Whether variables in it are expanded: false when the delimiter is quoted.
        strips_tabs: Whether it was opened by `<<-`.
        fd: File descriptor written before `<<`; 0 when none.
        span: From the first body line to the closing delimiter, inclusive.
        body_span: The body alone, as it stands in the file.
    """

    name: str
    body: str
    expands: bool
    strips_tabs: bool
    fd: int
    span: Span
    body_span: Span


class Comment(NamedTuple):
    """A comment line.

    Attributes:
        text: Behind the `#`, stripped.
        span: From the `#` to the end of the line.
    """

    text: str
    span: Span


class Directive(NamedTuple):
    """A parser directive: `# syntax=`, `# escape=` or `# check=` at the top of the file."""

    name: str
    value: str
    span: Span


class Doubt(Enum):
    """Why a build may pass what BuildKit of today refuses."""

    TEMPLATE = "a script may fill the file in first"
    PODMAN = "Podman and Buildah take it"
    RELEASE = "older releases of BuildKit take it"


class SyntaxFault(NamedTuple):
    """Something that BuildKit refuses.

    Attributes:
        rule: `invalid-syntax` or `invalid-structure`.
        message: A plain sentence that names what stands there and what is expected.
        span: Where.
        suggestion: The nearest right spelling of the text at `span`, when there is one: the span is replaced by it.
        doubt: Why the build may pass all the same; `None` where it stops for sure.
    """

    rule: str
    message: str
    span: Span
    suggestion: str | None = None
    doubt: Doubt | None = None


@dataclass(slots=False, eq=False)
class Instruction:
    """One instruction, heredocs included.

    Attributes:
        source: The file.
        keyword: In capitals: `RUN`. An unknown word is kept here too, and named in `Dockerfile.faults`.
        keyword_span: Where the keyword stands.
        span: From the keyword to the last character of the last line, heredocs included, without the final newline.
        value: Everything behind keyword and flags as one logical line, as BuildKit joins it: continuations and
            comment lines removed, leading and trailing blanks stripped.
        value_span: From the first character of the value to its last one on the instruction's own lines
            (heredoc bodies not included).
        flags: The builder's flags, in order.
        heredocs: In order of their delimiters.
        trigger: For ONBUILD, the instruction that runs in the child.
        escape: The file's escape character.
        comments: Comment lines directly above the instruction, without a blank line in between.
    """

    source: Source
    keyword: str
    keyword_span: Span
    span: Span
    value: str
    value_span: Span
    flags: tuple[Flag, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Instruction | None = None
    escape: str = "\\"
    comments: tuple[Comment, ...] = ()

    @property
    def line(self) -> int:
        """The first line, from 1."""
        return self.span.line

    @property
    def end_line(self) -> int:
        """The last line, from 1, inclusive."""
        return self.span.end_line

    @property
    def text(self) -> str:
        """The instruction exactly as it stands in the file."""
        return self.source.cut(self.span)

    @property
    def whole_value(self) -> str:
        """The value, and what the here-documents behind it say."""
        return "\n".join((self.value, *(one.body for one in self.heredocs))) if self.heredocs else self.value

    def __str__(self) -> str:
        """Return the instruction on one line with its flags: what a message quotes."""
        flags = "".join(f"{self.source.cut(flag.span)} " for flag in self.flags)
        return f"{self.keyword} {flags}{self.value}".rstrip()

    def __repr__(self) -> str:
        """Name the file, the line and the instruction."""
        return f"<{self.source.path}:{self.line} {str(self)[:60]}>"

    def flag(self, name: str) -> Flag | None:
        """Return the last flag of that name (lower case), or `None`."""
        for flag in reversed(self.flags):
            if flag.name.lower() == name:
                return flag
        return None

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The value split at blanks outside quotes, as BuildKit splits arguments; JSON forms are split too."""
        from rules.dockerfile.arguments import split_words  # noqa: PLC0415 - the splitter builds on these nodes

        return split_words(self)

    @cached_property
    def exec_form(self) -> tuple[Word, ...] | None:
        """The strings of a JSON array form, decoded, each with its place (quotes included), or `None`.

        Follows BuildKit: only double-quoted strings count, anything else makes the whole value shell form. An
        empty array is an empty tuple.
        """
        from rules.dockerfile.arguments import json_words  # noqa: PLC0415 - the same

        return json_words(self)

    @cached_property
    def pairs(self) -> tuple[tuple[Word, Word | None], ...]:
        """Names and values of ENV, LABEL and ARG: `k=v` pairs, the legacy `ENV k v`, and bare names (value `None`).

        Both parts are as written: quotes and escapes untouched.
        """
        from rules.dockerfile.arguments import name_value_pairs  # noqa: PLC0415 - the same

        return name_value_pairs(self)


@dataclass(eq=False)
class Dockerfile:
    """A parsed file. Parsing never fails: what BuildKit refuses stands in `faults`, the rest is still there.

    Attributes:
        source: The text.
        instructions: In the order of the file.
        comments: Every comment line, those inside continuations included; heredoc bodies have none.
        directives: Parser directives.
        escape: The escape character, a backslash or a backtick.
        faults: What BuildKit refuses, in the order of the file.
    """

    source: Source
    instructions: tuple[Instruction, ...]
    comments: tuple[Comment, ...] = ()
    directives: tuple[Directive, ...] = ()
    escape: str = "\\"
    faults: tuple[SyntaxFault, ...] = field(default=())


_DOCKERFILE_NAME = re.compile(
    r"(?:^|/)(?:(?:Dockerfile|Containerfile)(?:[._-][^/]*)?|[^/]+\.(?:Dockerfile|Containerfile))$", re.IGNORECASE
)
_PREFIXED = re.compile(
    r"(?:^|/)(?!(?:create|gen|generate|lint|make|parse|render|update|write)[A-Z_-])[\w.-]*[\w-]Dockerfile$"
)
"""`serverDockerfile`, in this case alone; not a script that makes or reads one."""
_NOT_A_DOCKERFILE = re.compile(
    r"(?i:[._-](?:j2|jinja2?|tmpl|gotmpl|ctmpl|tpl|mustache|hbs|handlebars|ejs|erb|liquid|tera|twig|njk|mako)$|"
    r"\.(?:template|em)$|"
    r"\.(?:dockerignore|containerignore|md|html?|xml|css|svg|in|m4|orig|rej|bak|swp|patch|diff|sh|py|m?js|cjs|jsx|"
    r"tsx?|java|kt|cs|vue|lua|vim|jsf|ya?ml|json|toml|"
    r"lock))$|(?:^|/)(?:[\w-]*_)?dockerfile(?:_\w+)?\.(?:go|rb|rs|php|c|cc|cpp|h)$"
)
"""Templates, scripts and sources of programs that read or write one: `dockerfile.go`, but not `Dockerfile.go`."""


_OF_OTHERS = re.compile(r"(?:^|/)(?:node_modules|testdata|vendor/[^/]+\.[^/]+)/")
"""Folders of what was taken over from elsewhere (Go's `vendor/example.org/…`), and of files that tests only read."""


def is_dockerfile(path: str) -> bool:
    """Tell whether a path is named like a Dockerfile of the project.

    `Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, `Containerfile` and kin, in any folder and case, and `apiDockerfile`;
    templates, scripts and ignore files that only begin like one are not, nor is what lies in `node_modules`, `testdata`
    or Go's `vendor`.
    """
    named = _DOCKERFILE_NAME.search(path) or _PREFIXED.search(path)
    return named is not None and not (_NOT_A_DOCKERFILE.search(path) or _OF_OTHERS.search(path))
