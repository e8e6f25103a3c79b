"""See copy_source_outside_context.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, quote, rule


@rule(
    "copy-source-outside-context",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "ADD"),
    mentions=("..",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """COPY or ADD takes a file from outside the build context."""
    for stage in change.stages:
        for copy in stage.copies:
            for source in copy.sources if copy.from_context else ():
                if source.path is not None and _leaves(source.path):
                    yield Problem(
                        source.word.span,
                        f"{stage.label} copies {quote(source.word.text)}, which lies outside the build context. The "
                        "builder "
                        f"cuts the `..` off and looks for {quote(_cut(source.path))} in the context's root instead. "
                        "Build with a context further up, or name another one with `--build-context`.",
                        instruction=copy.instruction,
                        stage=stage.key,
                        key=source.word.text,
                    )


def _leaves(path: str) -> bool:
    depth = 0
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def _cut(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."
