"""See cache_order_regressed.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, Copy, DockerfileChange, Note, Problem, Severity, Stage, quote, rule, within
from rules.copying.hidden_installs import Hidden, hidden_install
from rules.copying.installs import Install, installs_in, project_installs_in
from rules.copying.source_trees import brings_all, is_read, needs_sources, source_folder


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
        if stage.index not in change.after.needed_by_shipped:
            continue
        hidden = hidden_install(change, stage)
        if hidden is not None:
            yield _of_hidden(stage, hidden)
        if was is None:
            continue
        then = _first_installs(was)
        now = _installs(stage) if then else []
        for install in {one.call.manager: one for one in reversed(now)}.values():
            if _is_comparable(install, then.get(install.call.manager)):
                problem = _judge(change, stage, was, install, then[install.call.manager])
                if problem is not None:
                    yield problem
                    break


def _installs(stage: Stage) -> list[Install]:
    """The installs of a project's dependencies in a stage's own RUNs, whether or not they build the project too."""
    return [install for run in stage.runs if not run.deferred for install in project_installs_in(run)]


def _first_installs(was: Stage) -> dict[str, Install]:
    """Each manager's first install in the chain as it was; where it stood above the sources, it needed none."""
    found: dict[str, Install] = {}
    for run in was.done_runs:
        for install in project_installs_in(run):
            found.setdefault(install.call.manager, install)
    return found


def _is_comparable(install: Install, then: Install | None) -> bool:
    """Whether an install keeps no cache of its own, and does not build the project for the first time."""
    if then is None or any(mount.type == "cache" for mount in install.run.mounts):
        return False
    return install in installs_in(install.run) or then not in installs_in(then.run)


def _judge(change: DockerfileChange, stage: Stage, was: Stage, install: Install, then: Install) -> Problem | None:
    around = [copy for copy in was.all_copies if _is_around(copy, then)]
    if any(copy.brings_context_root and copy.at < then.run.at for copy in around):
        return None  # the sources stood above it before
    below = [copy for copy in around if _stood_below(was, copy, then)]
    for copy in stage.copies:
        if copy.index >= install.run.index or copy.deferred or not _is_around(copy, install):
            continue
        if copy.brings_context_root and any(one.brings_context_root for one in below):
            return None if _reads_sources(change, stage, copy, install) else _problem(stage, copy, install, then)
        folder = source_folder(copy)
        was_below = folder is not None and any(source_folder(one) == folder for one in below)
        if was_below and install in installs_in(install.run) and not needs_sources(change, install):
            return _problem(stage, copy, install, then, folder)
    return None


def _reads_sources(change: DockerfileChange, stage: Stage, copy: Copy, install: Install) -> bool:
    """Whether one of a manager's installs below a COPY is known to need the sources by now.

    It did without them before; what a manifest that was read asks for may be why the change was made.
    """
    below = (one for one in _installs(stage) if one.run.index > copy.index and one.call.manager == install.call.manager)
    return any(is_read(change, one) and needs_sources(change, one) for one in below)


def _is_around(copy: Copy, install: Install) -> bool:
    """Whether a COPY goes to the project that an install is for: into its folder, or one above it."""
    here, there = install.folder, copy.destination
    return here is None or there is None or within(here, there) or within(there, here)


def _stood_below(was: Stage, copy: Copy, then: Install) -> bool:
    """Whether a COPY stood below all that a manager installs: one above may be another project's."""
    if not brings_all(copy) and not copy.brings_context_root:
        return False
    installs = (install for run in was.done_runs if run.at > copy.at for install in project_installs_in(run))
    return all(install.call.manager != then.call.manager for install in installs)


def _of_hidden(stage: Stage, hidden: Hidden) -> Problem:
    """Speak of manifests that are copied first for nothing."""
    copy, sources, then = hidden.manifests, hidden.sources, hidden.then
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies these files ahead for nothing: {quote(str(sources.instruction))} (line "
        f"{sources.instruction.line}) brings them again, and {quote(then.shown)}, which stood between the two before "
        f"this change, has gone. If {quote(str(hidden.recipe), 40)} (line {hidden.recipe.line}) installs now, every "
        "edit of the sources installs all dependencies again. Put the install back between the two, or drop this line.",
        Confidence.LIKELY,
        doubt="what the recipe does was not read",
        instruction=copy.instruction,
        stage=stage.key,
        key="hidden",
        notes=(Note(then.run.instruction.span, "installed between them", before=True),),
    )


def _problem(stage: Stage, copy: Copy, install: Install, then: Install, folder: str | None = None) -> Problem:
    what, them = ("the sources", "them") if folder is None else (quote(folder), "it")
    edit = "Every edit of any file" if folder is None else "Every edit in that folder"
    return Problem(
        copy.instruction.span,
        f"{stage.label} now copies {what} before {quote(install.shown)} (line {install.call.command.line}); before "
        f"this change the install stood above {them}. {edit} will install all dependencies again. "
        "Copy the manifests and install first, as it was.",
        Confidence.CERTAIN,
        instruction=copy.instruction,
        stage=stage.key,
        notes=(Note(then.run.instruction.span, "installed above the sources", before=True),),
    )
