"""See env_unset_other_layer.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Run, Severity, quote, rule
from rules.secrets.secret_names import names_a_secret


@rule(
    "env-unset-other-layer",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("RUN",),
    mentions=("unset", "export"),
    aliases=("S6581",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN ends by setting or unsetting a variable, which nothing after it sees."""
    for stage in change.stages:
        for run in stage.runs:
            name = _last_change(run)
            if name is not None:
                verb = run.commands[-1].name
                what = "is not set" if verb == "export" and run.scope.get(name) is None else "keeps its value"
                yield Problem(
                    run.commands[-1].span,
                    f"{quote(name)} {what} after this `RUN`: `{verb}` ends with the shell that runs it. "
                    f"{_way_out(verb, name)}.",
                    stage=stage.key,
                    key=name,
                )


def _way_out(verb: str, name: str) -> str:
    if verb == "unset":
        return "Set it in the RUN that needs it instead of by ENV"
    return "Set it in the RUN that needs it" if names_a_secret(name) else "Use ENV"


def _last_change(run: Run) -> str | None:
    """Return the variable that the last command changes, when nothing follows that could see it."""
    if not run.commands:
        return None
    last, first = run.commands[-1], run.commands[0]
    whole = run.instruction.exec_form is not None and first.name in ("sh", "bash", "ash", "dash")  # `["sh", "-c", …]`
    if last.name not in ("unset", "export") or (last.nested and not whole) or not last.args or last.conditional:
        return None
    name = last.args[-1].value.partition("=")[0]
    if last.name == "unset":
        found = run.scope.get(name)
        return name if found is not None and found.kind == "env" else None
    known = run.scope.get(name)
    value = last.args[-1].value.partition("=")[2]
    if known is not None and (known.kind == "env" or value in (f"${name}", f"${{{name}}}")):
        return None  # it has a value after this RUN: the one from ENV, or that of the ARG that it is set to
    return name if name.isidentifier() and "=" in last.args[-1].value and not last.redirects else None
