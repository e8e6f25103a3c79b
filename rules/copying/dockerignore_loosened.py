"""See dockerignore_loosened.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Fix, Note, Problem, Severity, Span, quote, rule
from rules.copying.context_contents import Leak, leaks_of, root_copies
from rules.copying.ignore_file import IgnoreFile, ignore_file, ignore_file_of, lies_beside

_HISTORY = ".git"
_NAMED = 4
"""Paths that a sentence can name."""


@rule(
    "dockerignore-loosened",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change lets into the build what `.dockerignore` kept out, and it looks private or large."""
    then = ignore_file_of(change.repository_before, change.path)
    now = ignore_file(change)
    if then is None or now is None or then.text == now.text or not lies_beside(change, now):
        return
    for stage in change.after.shipped:
        copy = next(root_copies(stage), None)
        if copy is None:
            continue
        leaks = list(_let_in(change, then, now))
        if leaks:
            yield _problem(change, copy, then, now, leaks)
            return


def _problem(change: DockerfileChange, copy: Copy, then: IgnoreFile, now: IgnoreFile, leaks: list[Leak]) -> Problem:
    named = ", ".join(quote(leak.name) for leak in leaks[:_NAMED])
    rest = f" and {len(leaks) - _NAMED} more" if len(leaks) > _NAMED else ""
    label = copy.stage.label
    one = len(leaks) == 1
    let_in = _let_in_by(now, leaks)
    if let_in is not None:
        way_out, edit = f"Take {quote(now.source.line(let_in).strip())} out", now.without(let_in)
    else:
        lines = tuple(dict.fromkeys(_restored(then, leak) for leak in leaks))
        way_out, edit = "Put the line back", now.append(*lines)
    return Problem(
        _line(now, leaks),
        f"{quote(now.path)} kept {named}{rest} out of the build before this change and lets {'it' if one else 'them'} "
        f"in now. {label[:1].upper() + label[1:]} copies the whole context, so {'it ships' if one else 'they ship'} "
        f"with the image. {way_out} if that is not intended.",
        Confidence.LIKELY,
        doubt="what lies in the folder when it is built is not known",
        instruction=copy.instruction,
        stage=copy.stage.key,
        path=now.path,
        notes=(Note(copy.instruction.span, "copies the whole context", change.path),),
        fix=None if then.is_allow_list else Fix("Keep it out again", (edit,)),
    )


def _let_in(change: DockerfileChange, then: IgnoreFile, now: IgnoreFile) -> Iterator[Leak]:
    """Yield what was kept out and is let in: of the listing, and the history, which every clone has."""
    if then.patterns.excludes(_HISTORY) and not now.patterns.excludes(_HISTORY) and "/" not in now.path:
        yield Leak(_HISTORY, _HISTORY, secret=False)
    files = change.repository.context_files(change.path) or ()
    yield from leaks_of(name for name in files if then.patterns.excludes(name))


def _line(now: IgnoreFile, leaks: list[Leak]) -> Span:
    """Return the line that lets something in, else the last line of the file."""
    source = now.source
    found = _let_in_by(now, leaks)
    return source.line_span(found if found is not None else max(1, len(now.text.splitlines())))


def _let_in_by(now: IgnoreFile, leaks: list[Leak]) -> int | None:
    """Return the line with `!` that lets in the first of what is let in; `None` where none does."""
    return next((line for leak in leaks if (line := now.patterns.matching_line(leak.name.rstrip("/")))), None)


def _restored(then: IgnoreFile, leak: Leak) -> str:
    """Return the line of the old file that kept it out."""
    line = then.patterns.matching_line(leak.name.rstrip("/"))
    return then.source.line(line).strip() if line is not None else leak.pattern
