"""See prefer_heredoc.md."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rules.api import (
    ROOT_NAMES,
    Category,
    Command,
    DockerfileChange,
    Fix,
    Heredoc,
    Origin,
    Problem,
    Run,
    Severity,
    fix,
    quote,
    replace,
    rule,
)
from rules.dockerfile.frontend import knows_release

_HEREDOCS = 4
"""The release of the frontend that brought here-documents: 1.4 (its release notes)."""
_FEWEST = 3
_FEWEST_LINES = 2
_SETS_ERREXIT = re.compile(r"-[a-zA-Z]*e[a-zA-Z]*")
_PLAIN_SHELLS = re.compile(r"(?:/(?:usr/)?bin/)?(?:ba|da|a|k|z)?sh")
"""Programs that run a script of several lines as it is; others pass it on, `conda run` only where it has one line."""
_READ_HERE = frozenset({".", "source", "eval", "trap", "exec"})
"""Builtins that run further code in the same shell: there `set -e` counts, and left of `&&` it does not."""
_OTHER_LINE = re.compile(r"\n[ \t]*(?:#|\n)|\\[ \t]+\n")
"""What the builder leaves out between continued lines and a shell does not: comments, empty lines, blanks behind."""
_COPIES = re.compile(r"cat\s*(?:<<-?\s*\S+\s*>{1,2}\s*[^\s<>|&;]+|>{1,2}\s*[^\s<>|&;]+\s*<<-?\s*\S+)")
"""`cat <<EOF > FILE` and nothing else, in either order."""
_LINE_END = re.compile(r"[ \t]*\r?\n")
"""The end of the line is replaced too: whatever another fix would append there belongs into the here-document."""
_COMMENT = re.compile(r"(?m)^[ \t]*#.*$")
_NAME = "EOF"


@rule(
    "prefer-heredoc",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="off",
    keywords=("RUN",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN chains commands, or writes a file line by line, where a here-document would hold them."""
    if knows_release(change.after.dockerfile, _HEREDOCS) is False:
        return
    for stage in change.stages:
        for run in stage.runs if not stage.runtime.is_windows else ():
            if run.deferred or not run.is_read or run.instruction.exec_form is not None:
                continue
            found = _shown(run) if run.instruction.heredocs else _written(run) or _chained(run)
            if found is not None:
                yield found


def _chained(run: Run) -> Problem | None:
    links = _links(run)
    return _chain(run, links) if sum(link[0].name != "set" for link in links) >= _FEWEST else None


def _links(run: Run) -> list[list[Command]]:
    """Return the links of a chain that does the same line by line under `set -e`: commands, and plain pipelines.

    None where brackets, conditions, `||` or `!` are in it: in such, and left of `&&`, `set -e` counts otherwise.
    """
    outer = [command for command in run.commands if not command.nested]
    if not outer or not _is_plain(run, outer):
        return []
    links, joints = [[outer[0]]], set[str]()
    for left, right in pairwise(outer):
        between = _COMMENT.sub("", run.instruction.source.text[left.end : right.start])
        between = between.replace(run.instruction.escape, "").strip()
        if between == "|":
            links[-1].append(right)
            continue
        links.append([right])
        joints.add(between)
    return links if joints == {"&&"} or (_sets_errexit(outer[0]) and joints == {";"}) else []


def _sets_errexit(command: Command) -> bool:
    return command.name == "set" and any(_SETS_ERREXIT.fullmatch(word.value) for word in command.args)


def _is_plain(run: Run, outer: Sequence[Command]) -> bool:
    """Whether nothing but the commands stands there, each runs in any case, and a plain shell reads them."""
    source, span = run.instruction.source, run.instruction.value_span
    whole = span.start == outer[0].start and source.text[outer[-1].end : span.end].strip() in ("", ";")
    odd = any(one.conditional or one.negated or one.name in _READ_HERE or one.heredoc is not None for one in outer)
    shell = run.shell.value[0] if run.shell.value else "/bin/sh"
    return whole and not odd and _PLAIN_SHELLS.fullmatch(shell) is not None


def _chain(run: Run, links: list[list[Command]]) -> Problem:
    operator = ";" if links[0][-1].after == ";" else "&&"
    strict = _sets_errexit(links[0][0])
    first = "" if strict else ", with `set -e` in its first line so that the first failure ends it"
    return Problem(
        links[0][0].span,
        f"{run.stage.label} chains {len(links)} commands with {quote(operator)}. In a here-document each has a line of "
        f"its own, with neither operators nor escapes behind it: `RUN <<{_NAME}`{first}.",
        instruction=run.instruction,
        stage=run.stage.key,
        fix=_as_heredoc(run, links, strict=strict),
    )


def _as_heredoc(run: Run, links: list[list[Command]], *, strict: bool) -> Fix | None:
    """Write a chain as a here-document; only where the same shell surely runs the same commands."""
    instruction = run.instruction
    source = instruction.source
    whole = source.cut(instruction.value_span)
    end = _LINE_END.match(source.text, instruction.value_span.end)
    if end is None:
        return None
    if instruction.escape != "\\" or "$(" in whole or "`" in whole or "<<" in whole or _OTHER_LINE.search(whole):
        return None
    words = [word.text for link in links for command in link for word in command.words]
    if any("\n" in word for word in words):
        return None  # within single quotes a shell keeps an escape and the end of the line, which the builder takes out
    lines = [source.text[link[0].start : link[-1].end] for link in links]
    body = "\n".join(lines if strict else ["set -e", *lines])
    span = source.span(instruction.value_span.start, end.end())
    return fix("Write it as a here-document", replace(source, span, f"<<{_NAME}\n{body}\n{_NAME}\n"))


def _written(run: Run) -> Problem | None:
    """Judge a RUN that writes a file by several commands, and does nothing else but to make it executable."""
    outer = [command for command in run.commands if not command.nested]
    writes = [command for command in outer if command.name in ("echo", "printf")]
    rest = [command for command in outer if command.name not in ("echo", "printf", "set")]
    paths = {_target(command) for command in writes}
    if len(writes) < _FEWEST_LINES or len(paths) != 1 or not _is_plain_write(outer):
        return None
    (path,) = paths
    if path is None or run.is_mounted(path) or not all(_sets_mode(command, path) for command in rest):
        return None
    return Problem(
        writes[0].span,
        f"{run.stage.label} writes {quote(path)} line by line with {quote(writes[0].name)}. A here-document shows the "
        f"file as it will be: {quote(f'COPY <<{_NAME} {path}')}, the lines, `{_NAME}`. What begins with a `$` is "
        f"expanded in it unless the name is quoted, `<<'{_NAME}'`.",
        instruction=run.instruction,
        stage=run.stage.key,
        key=path,
    )


def _shown(run: Run) -> Problem | None:
    """Judge a RUN that does no more than to write a here-document to a file, for which a COPY needs no shell."""
    path = _target(run.commands[0]) if len(run.commands) == 1 and len(run.instruction.heredocs) == 1 else None
    if path is None or not _COPIES.fullmatch(run.instruction.value) or run.is_mounted(path) or path[:1] in "~-":
        return None
    heredoc = run.instruction.heredocs[0]
    return Problem(
        run.commands[0].span,
        f"{run.stage.label} writes a here-document to {quote(path)} with `cat`, for which it needs a shell. "
        f"{quote(f'COPY <<{heredoc.name} {path}')} with the same lines puts it there by itself.",
        instruction=run.instruction,
        stage=run.stage.key,
        key=path,
        fix=_as_copy(run, heredoc, path),
    )


def _as_copy(run: Run, heredoc: Heredoc, path: str) -> Fix | None:
    """Write a file with COPY; only where it is the same text, root's, and not appended to another."""
    instruction = run.instruction
    source = instruction.source
    as_root = run.user.origin is Origin.ABSENT or run.user.value in ROOT_NAMES
    same = not heredoc.expands or not any(mark in heredoc.body for mark in "$`\\")
    if instruction.flags or not as_root or not same or heredoc.strips_tabs or not _replaces(run.commands[0]):
        return None
    keyword = "copy" if source.cut(instruction.keyword_span).islower() else "COPY"
    name = heredoc.name if heredoc.expands else f"'{heredoc.name}'"
    return fix(
        "Write it with COPY",
        replace(source, instruction.keyword_span, keyword),
        replace(source, instruction.value_span, f"<<{name} {path}"),
    )


def _is_plain_write(outer: Sequence[Command]) -> bool:
    literal = all(word.literal for command in outer for word in command.args)
    joined = all(command.before in ("", "&&", ";") and not command.conditional for command in outer)
    return literal and joined


def _target(command: Command) -> str | None:
    """Return the file that a command writes its output to, where it is written out and nothing else is redirected."""
    written = [one for one in command.redirects if not one.operator.startswith("<<")]
    target = written[0].target if len(written) == 1 and written[0].fd in (None, 1) else None
    return written[0].writes if target is not None and target.literal else None


def _replaces(command: Command) -> bool:
    return all(one.operator in (">", "<<", "<<-") for one in command.redirects)


def _sets_mode(command: Command, path: str) -> bool:
    return command.name == "chmod" and [word.value for word in command.operands()][1:] == [path]
