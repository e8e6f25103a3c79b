"""See package_revision_pinned.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, quote, rule
from rules.packages.indexes.sources import may_come_from_elsewhere
from rules.quoting import listed

_OF_AN_UPDATE = re.compile(r"=[^\s*]*(?:[+~]deb\d+u\d+|ubuntu\d+\.\d\d\.\d\d\.\d+)")
"""Revisions of Debian's and Ubuntu's stable updates, of which the mirror holds the newest alone.

"Why do previous versions of Debian packages vanish in the package repositories?" (Unix & Linux Stack Exchange, 544432);
onyx-dot-app/onyx 1772 is such a build.
"""
_DISTRIBUTIONS = ("debian", "ubuntu")


@rule(
    "package-revision-pinned",
    severity=Severity.INFO,
    category=Category.REPRODUCIBILITY,
    default="info",
    keywords=("RUN",),
    mentions=("ubuntu", "+deb", "~deb"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A package is pinned to the revision of a stable update, which the next one takes off the mirror."""
    for stage, run in change.after.layers.needed_runs:
        if stage.runtime.distribution not in _DISTRIBUTIONS:
            continue
        for call in run.package_calls:
            if call.manager != "apt" or call.action != "install" or may_come_from_elsewhere(stage, run, call):
                continue
            pinned = [one for one in call.packages if one.version and _OF_AN_UPDATE.fullmatch(one.version)]
            if not pinned:
                continue
            names = change.fresh("package-revision-pinned", stage, dict.fromkeys(one.name for one in pinned))
            first = next(one for one in pinned if one.name in names)
            yield Problem(
                first.word.span,
                f"{stage.label} installs {listed(map(quote, names))} in the revision of a stable update "
                f"({quote(f'{first.name}{first.version}')}). The mirror keeps the newest alone: with the next update "
                "apt finds this one no more, and the build stops. Leave the version out, or take packages from a "
                "snapshot of the archive.",
                Confidence.POSSIBLE,
                doubt="a mirror of your own may keep it",
                instruction=run.instruction,
                stage=stage.key,
                items=tuple(dict.fromkeys(one.name for one in pinned)),
            )
