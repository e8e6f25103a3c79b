"""See dockerignore_loosened.md."""

import posixpath
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Note,
    Problem,
    Severity,
    Span,
    quote,
    rule,
)
from rules.copying.context.contents import (
    Leak,
    brings_whole_context,
    is_secret_name,
    leaks_of,
    secrets_named,
    shipped_root_copies,
    unless_defaults,
)
from rules.copying.context.ignore_file import IgnoreFile, ignore_file, ignore_file_of, lies_beside
from rules.model.filenames import is_pattern
from rules.quoting import capitalized, listed

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
    then = ignore_file_of(change.repository_before, change.before.path if change.before is not None else change.path)
    now = ignore_file(change)
    if then is not None and now is None:
        yield from _out_of_force(change, then)
    if then is None or now is None or then.text == now.text or not lies_beside(change, now):
        return
    for stage in change.after.shipped:
        copy = next(shipped_root_copies(stage), None)
        if copy is None:
            continue
        leaks = list(_let_in(change, then, now))
        if leaks:
            yield _problem(change, copy, then, now, leaks)
            return


def _problem(change: DockerfileChange, copy: Copy, then: IgnoreFile, now: IgnoreFile, leaks: list[Leak]) -> Problem:
    named = listed([quote(leak.name) for leak in leaks], _NAMED)
    label = copy.stage.label
    one = len(leaks) == 1
    way_out, edit = _way_out(then, now, leaks, named)
    seen = change.repository.listing is None or any(leak.listed for leak in leaks)
    where = "" if seen else f" where {'it lies' if one else 'they lie'} there during a build"
    return Problem(
        _line(now, leaks),
        f"{quote(now.path)} kept {named} out of the build before this change and lets {'it' if one else 'them'} "
        f"in now. {capitalized(label)} copies the whole context, so {'it ships' if one else 'they ship'} "
        f"with the image{where}. {way_out} if that is not intended.",
        Confidence.LIKELY,
        doubt="what lies in the folder when it is built is not known",
        instruction=copy.instruction,
        stage=copy.stage.key,
        cause=secrets_named(copy.stage, leaks),
        path=now.path,
        notes=(Note(copy.instruction.span, "copies the whole context", change.path),),
        fix=None if then.is_allow_list else Fix("Keep it out again", (edit,)),
    )


def _way_out(then: IgnoreFile, now: IgnoreFile, leaks: list[Leak], named: str) -> tuple[str, Edit]:
    """Return how to keep it out again, and the edit that does."""
    let_in = _let_in_by(now, leaks)
    if let_in is not None and not _brings_more(now, let_in, leaks):
        return f"Take {quote(now.source.line(let_in).strip())} out", now.without(let_in)
    # a line that keeps out everything would keep out again what was let in on purpose
    out = (leak.name if then.is_allow_list else _restored(then, leak) for leak in leaks)
    lines = tuple(dict.fromkeys(out))
    back = "Put the line back" if len(lines) == 1 else "Put the lines back"
    back = f"Name {named} there" if then.is_allow_list else back
    return back if let_in is None else f"Put {quote(lines[0])} behind that line", now.append(*lines)


def _out_of_force(change: DockerfileChange, then: IgnoreFile) -> Iterator[Problem]:
    """Yield a problem where the change takes the ignore file away, or moves it where no builder looks for it."""
    repository, path = change.repository, change.path
    context = repository.context_of(path)
    before = change.before.path if change.before is not None else path
    if context is None or context != change.repository_before.context_of(before):
        return
    own, place = f"{path}.dockerignore", posixpath.join(context, ".dockerignore")
    if repository.exists(own) or repository.exists(place):
        return  # it is there and was not read
    ships = any(stage.files.whole_trees for stage in change.after.shipped)
    copies = (copy for stage in change.stages for copy in stage.copies if brings_whole_context(copy))
    copy = next((copy for copy in copies if copy.stage.index in change.after.needed_by_shipped), None)
    kept = [pattern.text for pattern in then.patterns.patterns if not pattern.negated]
    if copy is None or not kept:
        return
    yield _gone(change, then, copy, kept, (own, place), ships=ships)


def _gone(
    change: DockerfileChange, then: IgnoreFile, copy: Copy, kept: list[str], right: tuple[str, str], *, ships: bool
) -> Problem:
    kept.sort(key=lambda text: not _is_telling(text))
    shown = [quote(text) for text in kept[:_NAMED]] + (["more"] if len(kept) > _NAMED else [])
    named = listed(shown, None)
    it, they = ("it", "it ships") if len(shown) == 1 else ("them", "they ship")
    moved = next((path for path in _ignore_files(change) if change.repository.text(path) == then.text), None)
    where = f"moves it to {quote(moved)}, where no build looks for it" if moved is not None else "takes it away"
    effect = f"and {they} with the image" if ships else f"and each change in {it} runs all below that line again"
    return Problem(
        copy.instruction.span,
        f"{quote(then.path)} kept {named} out of the build, and this change {where}. {quote(str(copy.instruction))} "
        f"takes {it} in from now on, {effect}. Docker reads {quote(right[1])} or {quote(right[0])}: put it there.",
        Confidence.LIKELY if ships else Confidence.POSSIBLE,
        doubt="what lies in the folder when it is built is not known" if ships else "",
        instruction=copy.instruction,
        stage=copy.stage.key,
        severity=None if ships else Severity.INFO,
    )


def _is_telling(text: str) -> bool:
    """Whether a line keeps out what is private, or large."""
    name = text.strip("/").rpartition("/")[2]
    return text.strip("/") == _HISTORY or is_secret_name(name) or any(leaks_of([f"{name}/file"]))


def _ignore_files(change: DockerfileChange) -> Iterator[str]:
    return (path for path in sorted(change.repository.files) if path.endswith(".dockerignore"))


def _let_in(change: DockerfileChange, then: IgnoreFile, now: IgnoreFile) -> Iterator[Leak]:
    """Yield what was kept out and is let in: of the listing, the history, and secrets that only the old file names."""
    if then.patterns.excludes(_HISTORY) and not now.patterns.excludes(_HISTORY) and "/" not in now.path:
        yield Leak(_HISTORY, _HISTORY, secret=False)
    files = change.repository.context_files(change.path) or ()
    listed = list(leaks_of(name for name in files if then.patterns.excludes(name)))
    yield from unless_defaults(change, (*listed, *_unlisted(then, now, {leak.name for leak in listed})))


def _unlisted(then: IgnoreFile, now: IgnoreFile, listed: set[str]) -> Iterator[Leak]:
    """Yield secrets that the old file kept out by name: git ignores them as a rule, and then no listing has them."""
    for pattern in then.patterns.patterns:
        path = pattern.text.removeprefix("**/").strip("/")
        if path in (".env*", ".env.*"):
            path = ".env" if path == ".env*" else ".env.local"
        plain = not pattern.negated and not is_pattern(path) and path not in listed
        if plain and is_secret_name(path) and then.patterns.excludes(path) and not now.patterns.excludes(path):
            yield Leak(pattern.text, path, secret=True, listed=False)


def _line(now: IgnoreFile, leaks: list[Leak]) -> Span:
    """Return the line that lets something in, else the last line of the file."""
    source = now.source
    found = _let_in_by(now, leaks)
    return source.line_span(found if found is not None else max(1, len(now.text.splitlines())))


def _let_in_by(now: IgnoreFile, leaks: list[Leak]) -> int | None:
    """Return the line with `!` that lets in the first of what is let in; `None` where none does."""
    return next((line for leak in leaks if (line := now.patterns.matching_line(leak.name.rstrip("/")))), None)


def _brings_more(now: IgnoreFile, line: int, leaks: list[Leak]) -> bool:
    """Whether a line with `!` lets in a whole folder, of which a file that no listing has is only a part."""
    folder = now.source.line(line).strip().removeprefix("!").strip("/")
    return all(leak.secret and leak.name.startswith(f"{folder}/") and not leak.listed for leak in leaks)


def _restored(then: IgnoreFile, leak: Leak) -> str:
    """Return the line of the old file that kept it out."""
    line = then.patterns.matching_line(leak.name.rstrip("/"))
    return then.source.line(line).strip() if line is not None else leak.pattern
