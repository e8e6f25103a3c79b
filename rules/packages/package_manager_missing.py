"""See package_manager_missing.md."""

from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, once, quote, rule
from rules.base_image.tags import moves
from rules.facts.distributions import package_kind_of, title_of
from rules.facts.names import LAMBDA
from rules.packages.scripts import INSTALL, install_of, sure_calls

_SYSTEMS = {
    "deb": frozenset({"apt", "apt-get"}),
    "apk": frozenset({"apk"}),
    "rpm": frozenset({"dnf", "microdnf", "tdnf", "yum", "zypper"}),
}
"""Programs that install a system's packages, by the kind of packages."""
_KINDS = {program: kind for kind, programs in _SYSTEMS.items() for program in programs}
_NOT_THERE = {"microdnf": ("dnf", "yum"), "yum": ("dnf", "microdnf")}
"""Package manager to its relatives that images have not got: minimal ones, and those from before dnf."""


@rule(
    "package-manager-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("apt", "apk", "dnf", "yum", "zypper"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN calls the package manager of another distribution than the base image's."""
    for stage in change.stages:
        known = _kind(stage) is not None or stage.runtime.package_manager is not None
        if stage.facts is None or stage.runtime.is_windows or not known:
            continue
        found = (
            (run, command) for run in stage.runs for command in sure_calls(run, *_KINDS) if _lacks(stage, command.name)
        )
        first = next(found, None)
        if first is not None:
            yield _problem(stage, *first)


def _lacks(stage: Stage, program: str) -> bool:
    """Whether the base image installs packages of another kind, and nothing here brings the program."""
    theirs = stage.runtime.package_manager
    if theirs is None:
        return _kind(stage) != _KINDS[program] and not _has(stage, program)
    if theirs == "":
        bare = stage.runtime.has_shell is True and stage.base_known
        return bare and stage.runtime.has_tool(program) is not True and not _may_bring(stage)
    absent = ("yum",) if _is_function(stage) else _NOT_THERE.get(theirs, ())
    if program not in absent and _KINDS.get(theirs, _KINDS[program]) == _KINDS[program]:
        return False
    return not _has(stage, program, theirs)


def _is_function(stage: Stage) -> bool:
    """Whether it is an image for AWS Lambda upon Amazon Linux 2023.

    Those have `microdnf`, `dnf` as a link to it, and no `yum` (AWS Compute Blog, "Python 3.12 runtime now available in
    AWS Lambda").
    """
    facts, release = stage.facts, stage.runtime.release
    return facts is not None and facts.name.startswith(LAMBDA) and release is not None and release.numbers >= (2023,)


def _has(stage: Stage, program: str, theirs: str = "") -> bool:
    had = stage.runtime.has_tool(program) is True and theirs != "yum"
    return had or _may_bring(stage)


def _kind(stage: Stage) -> str | None:
    """Return the kind of packages where the distribution tells it and not by which program they are installed."""
    return package_kind_of(stage.runtime.distribution)


@once
def _may_bring(stage: Stage) -> bool:
    """Whether a package or a tree of files may bring another package manager."""
    installed = any(set(item.name.split("-")) & {*_KINDS, "tools"} for item in stage.packages.present)
    return installed or stage.runtime.root_filled


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    assert command.program is not None
    theirs = quote(stage.runtime.package_manager or "")
    base = quote(stage.root.base_text or "")
    if stage.runtime.package_manager is None:
        has = f"is {_system(stage)}, whose packages are of another kind (`{_kind(stage)}`)"
        way_out = f"Install them with what it has, or start from an image that has {quote(command.name)}."
    elif stage.runtime.package_manager:
        has = f"is {_system(stage)}, whose package manager is {theirs}"
        way_out = f"Use {theirs}{_way(stage)}, or start from an image that has {quote(command.name)}."
    else:
        has = "has no package manager at all"
        way_out = "Install into a folder in a stage that has one and copy that, or start from an image that has it."
    return Problem(
        command.program.span,
        f"{stage.label} calls {quote(command.name)}, and {base} {has}. The build stops here with “{command.name}: not "
        f"found”. {way_out}",
        _confidence(stage),
        doubt=f"{base} may be another image by now" if _moves(stage) else "the base image is known by its tags only",
        instruction=run.instruction,
        stage=stage.key,
        key=command.name,
    )


def _system(stage: Stage) -> str:
    distribution = stage.runtime.distribution or "another system"
    return title_of(distribution)


def _way(stage: Stage) -> str:
    known = stage.runtime.package_manager in INSTALL
    return f": {quote(install_of(stage, ['…']))}, with the names that its packages have" if known else ""


def _moves(stage: Stage) -> bool:
    """Whether the base image's tag has meant another system before, as `latest` may, and names none: no `-alpine`."""
    reference = stage.root.reference
    if stage.facts is not None and stage.facts.stopped is not None:
        return False  # it was given up, and stays what it is
    if reference is None or reference.tag is None:
        return True
    return "-" not in reference.tag and (moves(reference.tag) or reference.tag == "current")


def _confidence(stage: Stage) -> Confidence:
    if _moves(stage):
        return Confidence.POSSIBLE
    facts = stage.facts
    return Confidence.CERTAIN if facts is not None and facts.kind == "os" and stage.base_known else Confidence.LIKELY
