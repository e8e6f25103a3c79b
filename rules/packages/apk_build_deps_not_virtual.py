"""See apk_build_deps_not_virtual.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.packages.options import add_option
from rules.quoting import listed

_A_LIST = 2


@rule(
    "apk-build-deps-not-virtual",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("apk",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Packages are installed and deleted again by two lists that must stay the same."""
    for stage, run in change.after.layers.shipped_runs:
        calls = [call for call in run.package_calls if call.manager == "apk"]
        for add in calls:
            if add.action != "install" or add.virtual is not None:
                continue
            names = {package.name for package in add.packages}
            for delete in calls:
                if _is_one_list(add, delete):
                    continue
                common = [package.name for package in delete.packages if package.name in names]
                if delete.action == "remove" and len(common) >= _A_LIST and delete.command.start > add.command.start:
                    yield _problem(stage, run, add, delete, common)
                    break


def _problem(stage: Stage, run: Run, add: PackageCall, delete: PackageCall, common: list[str]) -> Problem:
    group = _free_name(stage)
    stay = any(package.name not in common for package in add.packages)
    return Problem(
        add.command.span,
        f"{stage.label} installs {listed(map(quote, common))} and deletes them by name again. The two lists drift "
        "apart: what is added to the first and forgotten in the second ships. One name for the group keeps them "
        f"together: {quote(f'apk add --virtual {group}')}{', in a call apart from what stays,' if stay else ''} and "
        f"{quote(f'apk del {group}')}.",
        stage=stage.key,
        minor=True,
        fix=_fix(run, add, delete, len(common), group),
    )


def _is_one_list(add: PackageCall, delete: PackageCall) -> bool:
    """Whether both take their names from the same variable, so that there is one list only."""
    texts = {package.word.text for package in add.packages if "$" in package.word.text}
    return bool(texts) and all(package.word.text in texts for package in delete.packages)


def _free_name(stage: Stage) -> str:
    """Return a name for the group that no other group has: `apk add` replaces what stood under the same one."""
    taken = {call.virtual for run in stage.done_runs for call in run.package_calls if call.manager == "apk"}
    names = (".build-deps", ".more-build-deps", *(f".build-deps-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _fix(run: Run, add: PackageCall, delete: PackageCall, common: int, group: str) -> Fix | None:
    """Name the group, where both lists are the same and written out."""
    words = [package.word for package in delete.packages]
    if len(words) != len(add.packages) or common != len(words) or run.instruction.exec_form is not None:
        return None
    source = run.instruction.source
    span = source.span(words[0].span.start, words[-1].span.end)
    if source.cut(span).split() != [word.value for word in words]:
        return None
    return fix("Name the group", add_option(run, add, f"--virtual {group}"), replace(source, span, group))
