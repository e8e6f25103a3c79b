"""See os_package_unpinned.md."""

from collections.abc import Iterator

from rules.api import OS_MANAGERS, Category, DockerfileChange, Package, PackageCall, Problem, Severity, quote, rule
from rules.quoting import listed

_WITH_VERSIONS = OS_MANAGERS - {"pacman"}
"""Whose mirrors can be asked for a version: those of Arch Linux hold the newest alone, pacman(8)."""


@rule(
    "os-package-unpinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="off",
    keywords=("RUN",),
    mentions=("apt", "apk", "dnf", "yum", "zypper"),
    aliases=("DL3008", "DL3018", "DL3033", "DL3037", "DL3041", "DF005", "DF052"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package of the distribution is installed in whatever version its mirror has."""
    for stage, run in change.after.layers.needed_runs:
        calls = [call for call in run.package_calls if call.manager in _WITH_VERSIONS and call.action == "install"]
        free = [(call, package) for call in calls for package in call.packages if _is_free(package)]
        if free:
            names = tuple(dict.fromkeys(package.name for _, package in free))
            yield Problem(
                free[0][0].command.span,
                f"{stage.label} installs {listed(map(quote, names))} in whatever version the mirror has on the day "
                f"of the build. {_way_out(free[0][0], names[0])}",
                stage=stage.key,
                key=free[0][0].manager,
            )


def _way_out(call: PackageCall, name: str) -> str:
    """Say what a version brings; `~` takes what begins so (apk-world(5))."""
    if call.manager == "apk":
        return (
            "Alpine's mirror keeps one revision of a package and drops it with the next fix: name a version without "
            f"it, {quote(f'{name}~<version>')}, for a build with `=` and a revision fails from then on."
        )
    return "A version given here is built as tested, until the mirror drops it and the build fails."


def _is_free(package: Package) -> bool:
    """Whether any newer version will do: a lower bound alone (`curl>8`) holds nothing back."""
    return package.kind == "name" and (package.version is None or package.version.startswith(">"))
