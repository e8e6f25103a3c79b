"""See copy_multi_source_needs_slash.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Fix, Problem, Severity, insert, quote, rule


@rule(
    "copy-multi-source-needs-slash",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    aliases=("DL3021", "DS-0011"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Several sources are copied to a destination that is not written as a folder."""
    for stage in change.stages:
        for copy in stage.copies:
            word = copy.destination_word
            if word is None or len(copy.sources) + len(copy.heredocs) < 2 or _is_folder(copy):  # noqa: PLR2004 - several
                continue
            plain = word.text == word.text.strip("\"'") and "$" not in word.text
            yield Problem(
                word.span,
                f"{stage.label} copies {len(copy.sources) + len(copy.heredocs)} sources to {quote(word.text)}, which "
                "does "
                "not end in a slash. The builder refuses that: with several sources the destination must be a folder, "
                f"written {quote(word.text + '/')}.",
                Confidence.CERTAIN if plain else Confidence.LIKELY,
                doubt="a variable may end the destination in a slash",
                instruction=copy.instruction,
                stage=stage.key,
                fix=Fix("Write it as a folder", (insert(change.source, word.span.end, "/"),))
                if plain and not copy.instruction.exec_form
                else None,
            )


def _is_folder(copy: Copy) -> bool:
    word = copy.destination_word
    assert word is not None
    written = copy.scope.expand(word.text)
    if written is None:
        return True  # a value that cannot be known may end in a slash
    return written.endswith(("/", "\\")) or written.rsplit("/", 1)[-1] in (".", "..")
