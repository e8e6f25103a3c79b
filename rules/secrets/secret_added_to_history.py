"""See secret_added_to_history.md."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import Category, Confidence, DockerfileChange, Model, Note, Problem, Severity, Span, quote, rule, within
from rules.copying.context.ignore_file import ignore_file
from rules.secrets.credentials import credentials
from rules.secrets.named.files import is_public, secret_file
from rules.secrets.named.names import could_be_secret, is_placeholder, names_a_secret

_SHOWN = 3
"""Names that a sentence takes."""


class _Secret(NamedTuple):
    """What a file gives away.

    Attributes:
        name: Shows nothing of it.
        span: Where it stands.
        value: The value; empty where that is not in the file, or too long to look for.
        ships: Whether it gets into an image that ships.
        is_file: Whether it is a file that is copied.
    """

    name: str
    span: Span
    value: str
    ships: bool
    is_file: bool = False


@rule(
    "secret-added-to-history",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    compares=True,
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change removes a secret, which the history and the images already pushed keep."""
    if change.before is None or not change.stages:
        return
    now = {_last_part(one.name) for one in _secrets(change.after)}
    found = list(_secrets(change.before))
    lost = [one for one in found if _last_part(one.name) not in now and not _still_stands(change, one)]
    lost = [one for one in lost if not any(_is_named_by(one, other) for other in lost)]
    if lost:
        yield _problem(change, lost)


def _is_named_by(one: _Secret, other: _Secret) -> bool:
    """Whether another entry is the variable that holds a value which was recognised by its form."""
    return other is not one and one.name.endswith("…") and bool(one.value) and one.value == other.value


def _still_stands(change: DockerfileChange, secret: _Secret) -> bool:
    """Whether the value is only called otherwise, or written elsewhere in the file; a file comes with its folder."""
    if secret.is_file:
        return _comes_with_folder(change, secret.name)
    return bool(secret.value) and secret.value in change.source.text


def _comes_with_folder(change: DockerfileChange, path: str) -> bool:
    """Whether a COPY of a folder brings a file that is still there, and no ignore file keeps it out."""
    ignore, context = ignore_file(change), change.repository.context_of(change.path)
    if context is None or (ignore is not None and ignore.patterns.excludes(path)):
        return False
    if change.repository.exists(posixpath.join(context, path)) is not True:
        return False
    copies = (copy for stage in change.after.stages if stage.layers_ship for copy in stage.copies if copy.from_context)
    sources = (source for copy in copies for source in copy.sources)
    return any(one.is_root or (one.path is not None and within(path, one.path)) for one in sources)


def _problem(change: DockerfileChange, lost: list[_Secret]) -> Problem:
    gone = {one.name: one.span for one in lost}
    copied = all(one.is_file for one in lost)
    kept = "but is still in the images that were pushed with it" if copied else "but not from its history"
    if not copied and any(one.ships for one in lost):
        kept += ", nor from the images that were pushed with it"
    kept_names = {name.text for one in change.after.dockerfile.instructions for name, _ in one.pairs}
    names = ", ".join(f"{'the value of ' if name in kept_names else ''}{quote(name)}" for name in list(gone)[:_SHOWN])
    names += " and others" if len(gone) > _SHOWN else ""
    first = change.stages[0].from_
    return Problem(
        first.span,
        f"{names} {'is' if len(gone) == 1 else 'are'} gone from the file, {kept}. If "
        f"{'it opens something' if copied else 'the value was real'}, replace it where it was issued; taking it out is "
        "the second step.",
        Confidence.LIKELY,
        doubt="what was in it is not known" if copied else "whether the value was real is not known",
        instruction=first,
        key=" ".join(sorted(gone)),
        notes=tuple(Note(span, "the secret before", before=True) for span in gone.values()),
    )


def _last_part(name: str) -> str:
    """Return a file without its folders: one that was moved is not gone."""
    return name.rsplit("/", 1)[-1]


def _secrets(model: Model) -> Iterator[_Secret]:
    """Yield what a file gives away, by a name that shows nothing of it."""
    source = model.source
    for found in credentials(source):
        own = found.kind != "a private key"  # of a key only its first line, which says nothing
        shown, told = (f"{found.kind} {found.masked}", found.text) if own else (found.kind, "")
        yield _Secret(shown, source.span(found.start, found.end), told, _ships(model, found.start))
    for instruction in model.dockerfile.instructions:
        for name, value in instruction.pairs if instruction.keyword in ("ARG", "ENV") else ():
            text = value.text.strip("\"'") if value is not None else ""
            if names_a_secret(name.text) and _is_real(text):
                yield _Secret(name.text, instruction.span, text, _ships(model, instruction.span.start))
    for stage in (one for one in model.stages if one.layers_ship):
        for copy in stage.copies:
            for copied in copy.sources if copy.from_context else ():
                kind = secret_file(copied.path) if copied.path is not None else None
                if copied.path is None or kind not in ("private key", "credentials"):
                    continue
                if not is_public(kind, copy, stage):
                    yield _Secret(copied.path, copied.word.span, "", ships=True, is_file=True)


def _ships(model: Model, offset: int) -> bool:
    """Whether a place is in a stage whose layers ship; above the first FROM, it may be in any."""
    stage = next((one for one in reversed(model.stages) if one.from_.span.start <= offset), None)
    return stage is None or stage.layers_ship


def _is_real(value: str) -> bool:
    """Whether a value looks like one that was made, not typed: long, and of letters and digits."""
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    long = len(value) >= 12  # noqa: PLR2004 - shorter ones are mostly passwords of a test
    return long and mixed and "$" not in value and could_be_secret(value) and not is_placeholder(value)
