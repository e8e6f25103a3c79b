"""The stages of a Dockerfile as a Mermaid flowchart: what is built on what, what is copied where, what ships."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.review.images import Block, changed
from bot.review.manner import counted
from bot.review.markdown import code
from rules.model.steps import Copy, Run
from rules.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage

FEWEST, MOST = 3, 25
"""Stages below which a picture says nothing new, and above which nobody reads it."""
MOST_DIAGRAMS = 3
LABEL_LIMIT = 40
PATHS_SHOWN, PATHS_LIMIT = 3, 28
"""Paths in a label, and characters that they may have together."""
# What Mermaid could take for syntax or Markdown, in quotes too; it reads `#35;` as the character of that number.
_SPECIAL = re.compile(r"[^A-Za-z0-9 ./_:,@+-]")
_LIST = re.compile(r"^(\d*)([.+-])(?= )")
"""What begins a list in Markdown, which Mermaid refuses in a label."""
_STYLE = "  classDef changed stroke:#bf8700,stroke-width:3px"
_IMAGE = "image "


class Edge(NamedTuple):
    """An arrow: from a node to a stage, with what it says."""

    source: str
    target: str
    label: str
    dotted: bool


def diagrams(changes: Iterable[DockerfileChange]) -> tuple[Block, ...]:
    """Return a flowchart for each changed Dockerfile of three to twenty-five stages, the first few of them.

    Args:
        changes: The changed Dockerfiles.
    """
    fitting = [change for change in changed(changes) if FEWEST <= len(change.stages) <= MOST]
    shown, more = fitting[:MOST_DIAGRAMS], fitting[MOST_DIAGRAMS:]
    blocks = [
        Block(f"Stages of {code(change.path)}", "Stages", f"```mermaid\n{flowchart(change)}\n```") for change in shown
    ]
    if more:
        left_out = f"No flowchart is drawn for {counted(len(more), 'more file')}."
        blocks[-1] = blocks[-1]._replace(text=f"{blocks[-1].text}\n\n{left_out}")
    return tuple(blocks)


def flowchart(change: DockerfileChange) -> str:
    """Return the stages of a file as a Mermaid flowchart, in the order of the file."""
    edges = [edge for stage in change.stages for edge in _edges(stage)]
    images = dict.fromkeys(edge.source for edge in edges if edge.source.startswith(_IMAGE))
    names = {image: f"i{number}" for number, image in enumerate(images)}
    lines = ["flowchart LR"]
    lines += [f'  {names[image]}(["{label(image.removeprefix(_IMAGE))}"])' for image in images]
    lines += [_node(stage, changed=_is_changed(change, stage)) for stage in change.stages]
    lines += [_arrow(edge._replace(source=names.get(edge.source, edge.source))) for edge in dict.fromkeys(edges)]
    return "\n".join([*lines, _STYLE])


def label(text: str) -> str:
    """Return text of any origin for a quoted label of Mermaid."""
    shown = visible(text)
    if len(shown) > LABEL_LIMIT:
        shown = f"{shown[: LABEL_LIMIT - 1]}…"
    shown = _SPECIAL.sub(_numbered, shown)
    return _LIST.sub(lambda found: found[1] + _numbered(found[2]), shown)


def _numbered(found: re.Match[str] | str) -> str:
    return f"#{ord(found[0])};"


def _node(stage: Stage, *, changed: bool) -> str:
    name = stage.name_word.text if stage.name_word is not None else f"stage of line {stage.from_.line}"
    marks = [word for word, holds in (("ships", stage.ships), ("changed", changed)) if holds]
    text = "<br/>".join([label(name), *([", ".join(marks)] if marks else [])])
    shape = f'[["{text}"]]' if stage.ships else f'["{text}"]'
    return f"  s{stage.index}{shape}{':::changed' if changed else ''}"


def _is_changed(change: DockerfileChange, stage: Stage) -> bool:
    was = change.was(stage)
    return was is None or _text(stage) != _text(was)


def _text(stage: Stage) -> list[str]:
    return [" ".join(instruction.text.split()) for instruction in (stage.from_, *stage.instructions)]


def _edges(stage: Stage) -> Iterator[Edge]:
    """Give the arrows into a stage: what it is built on, what it copies from, what it mounts."""
    target = f"s{stage.index}"
    if stage.parent is not None:
        yield Edge(f"s{stage.parent.index}", target, "", dotted=False)
    elif stage.base_word is not None:
        yield Edge(f"{_IMAGE}{stage.base_text or stage.base_word.text}", target, "", dotted=False)
    copied: dict[str, list[str]] = {}
    for step in stage.steps:
        if isinstance(step, Copy) and (source := _origin(step)):
            copied.setdefault(source, []).extend(each.path or each.word.text for each in step.sources)
    for source, paths in copied.items():
        yield Edge(source, target, _paths(paths), dotted=True)
    mounted = {f"s{found.index}" for step in stage.steps if isinstance(step, Run) for found in _mounted(stage, step)}
    for source in sorted(mounted - copied.keys()):
        yield Edge(source, target, "mount", dotted=True)


def _origin(step: Copy) -> str:
    if step.from_stage is not None:
        return f"s{step.from_stage.index}"
    return "" if step.from_context or not step.from_text else f"{_IMAGE}{step.from_text}"


def _mounted(stage: Stage, run: Run) -> Iterator[Stage]:
    for mount in run.mounts if run.instruction.flags else ():
        found = stage.model.copied_stage(mount.options.get("from", ""), stage.index)
        if found is not None:
            yield found


def _paths(paths: list[str]) -> str:
    """Name as many whole paths as a label holds, and count the others."""
    unique = list(dict.fromkeys(paths))
    shown = 1
    while shown < min(len(unique), PATHS_SHOWN) and len(", ".join(unique[: shown + 1])) <= PATHS_LIMIT:
        shown += 1
    rest = len(unique) - shown
    return ", ".join(unique[:shown]) + (f" and {rest} more" if rest > 0 else "")


def _arrow(edge: Edge) -> str:
    if not edge.dotted:
        return f"  {edge.source} --> {edge.target}"
    return f'  {edge.source} -. "{label(edge.label)}" .-> {edge.target}'
