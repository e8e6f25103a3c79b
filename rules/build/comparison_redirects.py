"""See comparison_redirects.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, quote, rule


@rule(
    "comparison-redirects",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("[ ", "test "),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test compares with `>` or `<`, which redirects instead."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.calls("[", "test"):
                redirect = next(
                    (r for r in command.redirects if r.operator in (">", "<") and r.target is not None), None
                )
                if redirect is None or redirect.target is None or "/dev/" in redirect.target.value:
                    continue
                if not command.args or (
                    redirect.span.start > command.args[-1].span.start
                    and not (command.name == "test" and redirect.target.value.isdecimal())
                ):
                    continue  # behind the closing bracket it is a redirection
                test = "`[ … ]`" if command.name == "[" else "`test`"
                operator, number = ("-gt", "newer") if redirect.operator == ">" else ("-lt", "older")
                yield Problem(
                    redirect.span,
                    f"`{redirect.operator}` does not compare here: in {test} it redirects to or from a "
                    f"file called {quote(redirect.target.value)}, and the test is true whenever that works. Write "
                    f"`{operator}` for numbers; for versions that may be {number}, use `sort -V`.",
                    Confidence.CERTAIN,
                    instruction=run.instruction,
                    stage=stage.key,
                    key=redirect.target.value,
                )
