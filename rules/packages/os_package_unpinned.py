"""See os_package_unpinned.md."""

from collections.abc import Iterator

from rules.api import OS_MANAGERS, Category, DockerfileChange, Package, Problem, Severity, quote, rule
from rules.quoting import listed


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
        calls = [call for call in run.package_calls if call.manager in OS_MANAGERS and call.action == "install"]
        free = [(call, package) for call in calls for package in call.packages if _is_free(package)]
        if free:
            names = tuple(dict.fromkeys(package.name for _, package in free))
            yield Problem(
                free[0][0].command.span,
                f"{stage.label} installs {listed(map(quote, names))} in whatever version the mirror has on the day "
                "of the "
                "build. A version given here is built as tested, until the mirror drops it and the build fails.",
                stage=stage.key,
                key=free[0][0].manager,
            )


def _is_free(package: Package) -> bool:
    return package.kind == "name" and package.version is None
