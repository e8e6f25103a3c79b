"""See apt_instead_of_apt_get.md."""

from collections.abc import Iterator

from rules.api import (
    Category,
    DockerfileChange,
    Edit,
    PackageCall,
    Problem,
    Run,
    Severity,
    fix,
    insert_after,
    quote,
    replace,
    rule,
)


@rule(
    "apt-instead-of-apt-get",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("apt",),
    aliases=("DL3027", "CKV_DOCKER_9", "DF059"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A script calls `apt`, which is made for people at a terminal."""
    by_run: dict[int, tuple[Run, list[PackageCall]]] = {}
    for _, run, call in change.after.layers.all_calls:
        if call.program == "apt":
            by_run.setdefault(id(run), (run, []))[1].append(call)
    for run, calls in by_run.values():
        yield _problem(run, calls)


def _problem(run: Run, calls: list[PackageCall]) -> Problem:
    first = calls[0]
    return Problem(
        first.command.span,
        f"{run.stage.label} calls {quote(f'apt {first.verb}'.strip())}: `apt` is made for a terminal, and its "
        f"manual warns that its options and output may change between releases. {_instead(first)}",
        decision=_instead(first),
        mends_alike=True,
        minor=True,
        stage=run.stage.key,
        fix=fix("Call `apt-get`", *(edit for call in calls for edit in _edits(run, call))),
    )


def _instead(call: PackageCall) -> str:
    if call.verb == "list":
        return "`dpkg-query --list` lists what is installed, and `apt-cache pkgnames` what there is."
    if call.verb in ("show", "search", "policy", "depends", "rdepends", "madison", "showsrc"):
        return "`apt-cache` takes the same words and stays as it is."
    if call.verb == "upgrade":
        return (
            "`apt-get upgrade --with-new-pkgs` does the same and stays as it is; without that option it holds back "
            "what needs a new package."
        )
    return "`apt-get` takes the same words and stays as it is."


def _renamed(run: Run, call: PackageCall) -> Edit | None:
    word = call.command.program
    if word is None or word.value != "apt" or call.verb not in _SAME_IN_APT_GET:
        return None
    return replace(run.instruction.source, word.span, run.instruction.source.cut(word.span).replace("apt", "apt-get"))


def _edits(run: Run, call: PackageCall) -> Iterator[Edit | None]:
    """Yield what has to change in one call; `None` for what cannot be written.

    `apt upgrade` installs what an upgrade newly needs, and `apt-get upgrade` only with an option (apt(8), apt-get(8)).
    """
    yield _renamed(run, call)
    if call.verb == "upgrade" and not call.has("--with-new-pkgs", "--without-new-pkgs"):
        verb = next((word for word in call.command.args if word.value == "upgrade"), None)
        written = verb is not None and run.instruction.exec_form is None
        yield insert_after(run.instruction.source, verb, " --with-new-pkgs") if verb is not None and written else None


_SAME_IN_APT_GET = frozenset(
    {"install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "full-upgrade"}
)
