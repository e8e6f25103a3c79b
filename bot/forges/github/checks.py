"""The check run `hullcheck`: always completed, one for each pull request and head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.forges.base import Annotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forges.base import Check
    from bot.forges.github.client import Client
    from bot.forges.github.writing import Writer
    from bot.jobs import Job

NAME: Final = "hullcheck"
AT_ONCE: Final = 50
"""Annotations of one request; each further request appends its own ("Update a check run")."""
LONGEST_SUMMARY: Final = 65_535
"""Characters of a check run's summary ("Create a check run")."""


class StandingRun(NamedTuple):
    """A check run of ours that is there already.

    Attributes:
        id: Its number.
        verdict: Conclusion, title and summary.
        annotations: All of them.
    """

    id: int
    verdict: tuple[str | None, str | None, str | None]
    annotations: frozenset[Annotation]


async def standing_run(client: Client, head: str, external_id: str, login: str) -> StandingRun | None:
    """Return our newest run for a pull request at a head, or `None`.

    Args:
        client: The repository.
        head: Commit id.
        external_id: Names the pull request: two of them may share a head.
        login: Under which our texts stand.
    """
    query = {"check_name": NAME, "filter": "all"}
    runs = await client.pages(f"/commits/{head}/check-runs", query, key="check_runs")
    ours = [run for run in runs if run["external_id"] == external_id and f"{_slug(run)}[bot]" == login]
    if not ours:
        return None
    run = max(ours, key=lambda each: int(each["id"]))
    output = run["output"]
    listed = await client.pages(f"/check-runs/{run['id']}/annotations") if output["annotations_count"] else []
    return StandingRun(
        run["id"],
        (run["conclusion"], output["title"], output["summary"]),
        frozenset(map(_read, listed)),
    )


async def complete_check(writer: Writer, job: Job, head: str, check: Check, standing: StandingRun | None) -> None:
    """Complete the check run; a run that says the same already is left alone.

    Annotations cannot be removed, so a run that has others is followed by a new one, and GitHub shows the newest.
    """
    if standing and standing.annotations <= frozenset(check.annotations):
        missing = [each for each in check.annotations if each not in standing.annotations]
        if missing or standing.verdict != (check.conclusion, check.title, check.summary):
            await _update(writer, standing.id, check, missing or ())
        return
    data = {
        "name": NAME,
        "head_sha": head,
        "external_id": str(job.key),
        **_completed(check, check.annotations[:AT_ONCE]),
    }
    run = await writer.post("/check-runs", data)
    if rest := check.annotations[AT_ONCE:]:
        await _update(writer, run["id"], check, rest)


async def _update(writer: Writer, run: int, check: Check, annotations: Sequence[Annotation]) -> None:
    for first in range(0, max(len(annotations), 1), AT_ONCE):
        data = _completed(check, annotations[first : first + AT_ONCE])
        await writer.patch(f"/check-runs/{run}", data)


def _completed(check: Check, annotations: Sequence[Annotation]) -> dict[str, Any]:
    output = {"title": check.title, "summary": check.summary, "annotations": [_write(each) for each in annotations]}
    return {"status": "completed", "conclusion": check.conclusion, "output": output}


def _write(annotation: Annotation) -> dict[str, Any]:
    return {
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "annotation_level": annotation.level,
        "title": annotation.title,
        "message": annotation.message,
    }


def _read(item: Mapping[str, Any]) -> Annotation:
    return Annotation(
        path=item["path"],
        start_line=item["start_line"],
        end_line=item["end_line"],
        level=item["annotation_level"],
        title=item["title"] or "",
        message=item["message"] or "",
    )


def _slug(run: Mapping[str, Any]) -> str:
    return str((run["app"] or {}).get("slug", ""))
