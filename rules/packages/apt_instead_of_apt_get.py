"""See apt_instead_of_apt_get.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Edit, PackageCall, Problem, Run, Severity, fix, quote, replace, rule


@rule(
    "apt-instead-of-apt-get",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("apt ", '"apt"', "/apt"),
    aliases=("DL3027", "CKV_DOCKER_9", "DF059"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A script calls `apt`, which is made for people at a terminal."""
    by_run: dict[int, tuple[Run, list[PackageCall]]] = {}
    for _, run, call in change.after.layers.all_calls:
        if call.program == "apt":
            by_run.setdefault(id(run), (run, []))[1].append(call)
    for run, calls in by_run.values():
        first = calls[0]
        yield Problem(
            first.command.span,
            f"{run.stage.label} calls {quote(f'apt {first.verb}'.strip())}: `apt` is made for a terminal, and its "
            f"manual warns that its options and output may change between releases. {_instead(first)}",
            stage=run.stage.key,
            fix=fix("Call `apt-get`", *(_renamed(run, call) for call in calls)),
        )


def _instead(call: PackageCall) -> str:
    if call.verb == "list":
        return "`dpkg-query --list` lists what is installed, and `apt-cache pkgnames` what there is."
    if call.verb in ("show", "search", "policy", "depends", "rdepends", "madison", "showsrc"):
        return "`apt-cache` takes the same words and stays as it is."
    return "`apt-get` takes the same words and stays as it is."


def _renamed(run: Run, call: PackageCall) -> Edit | None:
    word = call.command.program
    if word is None or word.value != "apt" or call.verb not in _SAME_IN_APT_GET:
        return None
    return replace(run.instruction.source, word.span, run.instruction.source.cut(word.span).replace("apt", "apt-get"))


_SAME_IN_APT_GET = frozenset(
    {"install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "full-upgrade"}
)
