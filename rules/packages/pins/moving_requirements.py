"""Lists of requirements that pip fetches from a branch, which are others after each commit to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.packages.pins.unpinned import BRANCHES
from rules.problem import Problem
from rules.quoting import quote
from rules.secrets.downloads.fetched import stages_that_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.steps import Run

_NAMES = "|".join(sorted(BRANCHES))
_OF_BRANCH = re.compile(
    r"//(?:raw\.githubusercontent\.com/[^/]+/[^/]+|(?:www\.)?github\.com/[^/]+/[^/]+/raw|[^/@]+/(?:[^/]+/)+-/raw)/"
    rf"(?:refs/heads/(?P<named>[\w.-]+)|(?P<known>{_NAMES}))/"
)
"""Where forges give out the files of a branch as they are (GitHub, GitLab)."""


def moving_requirements(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs from such a list, each list once in a stage."""
    for stage in stages_that_count(change):
        lists = {url: (run, call) for run in reversed(stage.runs) for call, url in _lists(run)}
        for url, (run, call) in reversed(lists.items()):
            yield Problem(
                call.command.span,
                f"{stage.label} installs what {quote(url)} says, as the branch {quote(_branch_in(url) or '')} has it "
                "on the day of the build. The same commit gives another image tomorrow, and one from the cache keeps "
                "the list of its own day. Copy the file in from this repository, or name a commit in the place of the "
                "branch.",
                instruction=run.instruction,
                stage=stage.key,
                key=url,
                decision=f"list {url}",
            )


def _lists(run: Run) -> Iterator[tuple[PackageCall, str]]:
    """Yield the installs of a RUN with the addresses of such lists, unless a variable stands in them."""
    for call in run.package_calls if not run.deferred else ():
        for use in call.uses("--requirement", "--constraint") if call.manager in ("pip", "uv") else ():
            url = (use.value or "").partition("?")[0]
            if _branch_in(url) is not None and "$" not in use.value_word.source.cut(use.value_word.span):
                yield call, url


def _branch_in(url: str) -> str | None:
    """Return the branch that the address of a list names; `None` for a tag or a commit."""
    found = _OF_BRANCH.search(url)
    return (found["named"] or found["known"]) if found is not None else None
