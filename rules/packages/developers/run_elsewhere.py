"""Commands that files beside a Dockerfile run in its image: tests in a workflow, a migration before each release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.dockerfile.nodes import is_dockerfile
from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts
from rules.lazily import once
from rules.purpose import is_for_development
from rules.repository.built_images import value_of
from rules.repository.composes import IS_COMPOSE, lines_of_other_images
from rules.repository.container_runs import dockerfiles_of, runs_in
from rules.repository.yamls import SIZE_LIMIT, line_of, mapping, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.repository.container_runs import ContainerRun

_ENGINE = re.compile(r"\b(?:docker|podman|nerdctl|kubectl|docker-compose)\b")
_RUNS = re.compile(r"\s(?:run|exec)\s")
_TOOL = re.compile(
    r"(?<!\S)(?:npm|npx|yarn|pnpm|pnpx|bunx?|node|uvx?|poetry|pdm|python3?|pytest|php|composer|vendor/bin/\S+)(?=\s|$)"
)
_COMPOSED = re.compile(r"docker(?:-|[ \t]+)compose\b(?P<rest>[^\n;&|]*)")
_RELEASE = re.compile(
    r"^[ \t]*[\"']?(?:release_command|releaseCommand|preDeployCommand)[\"']?[ \t]*[:=](?P<said>.*)", re.MULTILINE
)
"""What hosting platforms run in a new image before it takes over (Fly's `fly.toml`, Render's and Railway's files)."""
_MARKS = str.maketrans(dict.fromkeys("\"',[]\n\\", " "))


@once
def lines_run_elsewhere(change: DockerfileChange) -> tuple[str, ...]:
    """Return what other files of the repository run in the image, one by one, beginning with the tool that is called.

    What is known to run in another image is left out: a published one, one that another Dockerfile makes, a service
    of compose that is neither built from this one nor unknown. A file with a stage for developers has its own place for
    their tools.
    """
    if any(is_for_development(change, stage) for stage in change.stages):
        return ()
    files = change.repository.files.items()
    texts = ((path, data.decode("utf-8", "replace")) for path, data in files if _may_run(path, data))
    return tuple(line for path, text in texts for line in _lines(change, path, text))


def _may_run(path: str, data: bytes) -> bool:
    return len(data) <= SIZE_LIMIT and not is_dockerfile(path) and not path.endswith((".md", ".lock"))


def _lines(change: DockerfileChange, path: str, text: str) -> Iterator[str]:
    commands = [found["said"] for found in _RELEASE.finditer(text)]
    for line in text.replace("\\\n", " ").splitlines() if _ENGINE.search(text) else ():
        engine = _ENGINE.search(line)
        runs = _RUNS.search(line, engine.end()) if engine is not None else None
        if engine is not None and runs is not None and not _is_of_another(change, path, text, line[engine.start() :]):
            commands.append(line[runs.end() :])
    for command in commands:
        said = " ".join(command.translate(_MARKS).replace(" - ", " ").split())
        tool = _TOOL.search(said)
        if tool is not None:
            yield said[tool.start() :]


def _is_of_another(change: DockerfileChange, path: str, text: str, call: str) -> bool:
    """Whether a call is known to run in another image than the one that the Dockerfile makes."""
    composed = _COMPOSED.match(call)
    if composed is not None:
        words = (word.strip("\"'") for word in composed["rest"].replace(",", " ").split())
        named = next((word for word in words if word in _services(change)), None)
        return named is not None and not _services(change)[named]
    runs = (run._replace(name=value_of(run.image, text)) for run in runs_in(path, call))
    return any(_is_of_other_image(change, run) for run in runs)


def _is_of_other_image(change: DockerfileChange, run: ContainerRun) -> bool:
    built = dockerfiles_of(change.repository, run)
    if built:
        return change.path not in built
    reference = parse_reference(run.name)
    return reference is not None and image_facts(reference) is not None


@once
def _services(change: DockerfileChange) -> dict[str, bool]:
    """The services of compose files by their names, each with whether one of the name may run this image."""
    found: dict[str, bool] = {}
    for path, data in change.repository.files.items():
        if IS_COMPOSE.search(path) is None or len(data) > SIZE_LIMIT:
            continue
        services = mapping(mapping(read(data)).get("services"))
        others = lines_of_other_images(path, data, change.path)
        for name in map(str, services):
            own = not any(line_of(services, name) in one for one in others)
            found[name] = found.get(name, False) or own
    return found
