"""See secret_added_to_history.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Model, Note, Problem, Severity, Span, quote, rule
from rules.secrets.credentials import credentials
from rules.secrets.secret_files import is_public, secret_file
from rules.secrets.secret_names import could_be_secret, is_placeholder, names_a_secret


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
    now = {_last_part(name) for name, _, _ in _secrets(change.after)}
    lost = [one for one in _secrets(change.before) if _last_part(one[0]) not in now]
    gone = {name: span for name, span, _ in lost}
    if not gone:
        return
    copied = all(is_file for _, _, is_file in lost)
    kept = "but is still in the images" if copied else "but not from its history, nor from the images"
    names = ", ".join(map(quote, list(gone)[:3])) + (" and others" if len(gone) > 3 else "")  # noqa: PLR2004 - a sentence's worth
    first = change.stages[0].from_
    yield Problem(
        first.span,
        f"{names} {'is' if len(gone) == 1 else 'are'} gone from the file, {kept} that were pushed with it. If "
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


def _secrets(model: Model) -> Iterator[tuple[str, Span, bool]]:
    """Yield what a file gives away, by a name that shows nothing of it, and whether it is a file that ships."""
    source = model.source
    for found in credentials(source.text):
        yield (
            f"{found.kind} {found.masked}" if found.kind != "a private key" else found.kind,
            source.span(found.start, found.end),
            False,
        )
    for instruction in model.dockerfile.instructions:
        for name, value in instruction.pairs if instruction.keyword in ("ARG", "ENV") else ():
            text = value.text.strip("\"'") if value is not None else ""
            if names_a_secret(name.text) and _is_real(text):
                yield name.text, instruction.span, False
    for stage in (one for one in model.stages if one.layers_ship):
        for copy in stage.copies:
            for copied in copy.sources if copy.from_context else ():
                kind = secret_file(copied.path) if copied.path is not None else None
                if copied.path is None or kind not in ("private key", "credentials"):
                    continue
                if not is_public(kind, copy, stage):
                    yield copied.path, copied.word.span, True


def _is_real(value: str) -> bool:
    """Whether a value looks like one that was made, not typed: long, and of letters and digits."""
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    long = len(value) >= 12  # noqa: PLR2004 - shorter ones are mostly passwords of a test
    return long and mixed and "$" not in value and could_be_secret(value) and not is_placeholder(value)
