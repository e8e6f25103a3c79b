"""Commands that files beside a Dockerfile run in its image: tests in a workflow, a migration before each release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.lazily import once
from rules.purpose import is_for_development
from rules.repository.yamls import SIZE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange

_ENGINE = re.compile(r"\b(?:docker|podman|nerdctl|kubectl|docker-compose)\b")
_RUNS = re.compile(r"\s(?:run|exec)\s")
_TOOL = re.compile(
    r"(?<!\S)(?:npm|npx|yarn|pnpm|pnpx|bunx?|node|uvx?|poetry|pdm|python3?|pytest|php|composer|vendor/bin/\S+)(?=\s|$)"
)
_RELEASE = re.compile(
    r"^[ \t]*[\"']?(?:release_command|releaseCommand|preDeployCommand)[\"']?[ \t]*[:=](?P<said>.*)", re.MULTILINE
)
"""What hosting platforms run in a new image before it takes over (Fly's `fly.toml`, Render's and Railway's files)."""
_MARKS = str.maketrans(dict.fromkeys("\"',[]\n\\", " "))


@once
def lines_run_elsewhere(change: DockerfileChange) -> tuple[str, ...]:
    """Return what other files of the repository run in the image, one by one, beginning with the tool that is called.

    Which of several images is meant is not asked. A file with a stage for developers has its own place for their tools.
    """
    if any(is_for_development(change, stage) for stage in change.stages):
        return ()
    files = change.repository.files.items()
    texts = (data.decode("utf-8", "replace") for path, data in files if _may_run(path, data))
    return tuple(line for text in texts for line in _lines(text))


def _may_run(path: str, data: bytes) -> bool:
    return len(data) <= SIZE_LIMIT and not is_dockerfile(path) and not path.endswith((".md", ".lock"))


def _lines(text: str) -> Iterator[str]:
    commands = [found["said"] for found in _RELEASE.finditer(text)]
    for line in text.splitlines() if _ENGINE.search(text) else ():
        engine = _ENGINE.search(line)
        runs = _RUNS.search(line, engine.end()) if engine is not None else None
        if runs is not None:
            commands.append(line[runs.end() :])
    for command in commands:
        said = " ".join(command.translate(_MARKS).replace(" - ", " ").split())
        tool = _TOOL.search(said)
        if tool is not None:
            yield said[tool.start() :]
