"""See cache_order_regressed.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, Stage, quote, rule
from rules.copying.installs import Install, installs_of


@rule(
    "cache-order-regressed",
    severity=Severity.WARNING,
    category=Category.BUILD_CACHE,
    compares=True,
    keywords=("COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The change puts the sources above an install of dependencies that was above them."""
    for stage in change.stages:
        was = change.was(stage)
        if was is None or stage.index not in change.after.needed_by_shipped:
            continue
        installs = {install.call.manager: install for install in reversed(installs_of(stage))}
        then = {install.call.manager: install for install in reversed(installs_of(was))}
        for manager, install in installs.items():
            if manager in then and _were_above(was, manager):
                problem = _problem(stage, install, then[manager])
                if problem is not None:
                    yield problem
                    break


def _were_above(was: Stage, manager: str) -> bool:
    """Whether the sources were copied, and below all that the manager installs: one above may be another project's."""
    places = [copy.index for copy in was.copies if copy.brings_context_root]
    installs = [install for install in installs_of(was) if install.call.manager == manager]
    return bool(places) and all(min(places) > install.run.index for install in installs)


def _problem(stage: Stage, install: Install, then: Install) -> Problem | None:
    copy = next((c for c in stage.copies if c.brings_context_root and c.index < install.run.index), None)
    if copy is None or any(mount.type == "cache" for mount in install.run.mounts):
        return None
    return Problem(
        copy.instruction.span,
        f"{stage.label} now copies the sources before {quote(install.shown)} (line {install.call.command.line}); "
        "before "
        f"this change the install stood above them. Every edit of any file will install all dependencies again. "
        "Copy the manifests and install first, as it was.",
        Confidence.CERTAIN,
        instruction=copy.instruction,
        stage=stage.key,
        notes=(Note(then.run.instruction.span, "installed above the sources", before=True),),
    )
