"""See env_command_substitution.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, quote, rule


@rule(
    "env-command-substitution",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("ENV", "ARG"),
    mentions=("$(", "`"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ENV or ARG holds a command, which nothing executes."""
    for stage in change.stages:
        for step in stage.steps:
            instruction = step.instruction
            if instruction.keyword not in ("ENV", "ARG"):
                continue
            for name, value in instruction.pairs:
                prompt = name.text.startswith("PS") or "PROMPT" in name.text
                if value is not None and not prompt and _is_command(value.text, instruction.escape):
                    yield Problem(
                        value.span,
                        f"{quote(name.text)} gets the text {quote(value.text)}, not the command's output: "
                        f"`{instruction.keyword}` executes nothing. Run the command in a `RUN`, or pass its result "
                        "as a build argument.",
                        stage=stage.key,
                        key=name.text,
                    )


def _is_command(text: str, escape: str) -> bool:
    """Whether a value holds `$(…)` or backticks where a shell would run them: not in single quotes, not escaped."""
    if text.startswith("'") or f"{escape}$(" in text or f"{escape}`" in text:
        return False
    if "$((" in text or "&&" in text or ";" in text:
        return False  # arithmetic, or a script that something evaluates later
    return ("$(" in text and ")" in text) or (escape != "`" and text.count("`") >= 2)  # noqa: PLR2004 - a pair
