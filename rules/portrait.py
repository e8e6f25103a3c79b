"""What an image is, row by row, and what a change does to it: for the table that a review shows.

Nothing is judged here. A value that cannot be known is `None`, and never taken for one that is absent.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.facts.eol import all_end_of_life
from rules.installed import KINDS, Size, installed, size_of, size_text
from rules.lazily import once
from rules.matching.delegated import installs_by_script
from rules.model.settings import Origin, Setting
from rules.model.steps import Copy
from rules.quoting import quote
from rules.secrets.named.names import names_a_secret
from rules.user.writing.volumes_before import as_it_was

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from rules.change import DockerfileChange
    from rules.facts.eol import EndOfLife
    from rules.model.settings import Start
    from rules.model.stage import Stage

_DIGEST = re.compile(r"(@sha256:[0-9a-f]{12})[0-9a-f]{52}\Z")
_LAYERS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
"""Instructions that make a layer (BuildKit, `dockerfile2llb/convert.go`, `commitToHistory` with a layer)."""
_VALUE_LIMIT, _COMMAND_LIMIT = 60, 100
_BY_DEFAULT = " by default"
_FROM_BASE = " (from the base image)"


class Item(NamedTuple):
    """One value of a row.

    Attributes:
        key: What tells it from others: equal keys are equal values.
        text: How it is shown, as Markdown.
    """

    key: str
    text: str


Items = tuple[Item, ...]


class Row(NamedTuple):
    """What changed in one respect.

    Attributes:
        name: The respect, such as `User`.
        before: The values that were, without those that stay; `None` when unknown.
        after: The values that are, without those that were.
        several: Whether an image has any number of them: then nothing on one side means that only the other changed.
    """

    name: str
    before: Items | None
    after: Items | None
    several: bool


class ImageChange(NamedTuple):
    """What a change does to one image that ships.

    Attributes:
        stage: The stage that makes it.
        new: Whether there was no such image before.
        rows: What changed; for a new image, all that is known of it.
    """

    stage: Stage
    new: bool
    rows: tuple[Row, ...]


@once
def image_changes(change: DockerfileChange) -> tuple[ImageChange, ...]:
    """Return what a change does to each image that ships; images that stay as they are have no rows.

    Args:
        change: One Dockerfile.
    """
    return tuple(_image_change(change, stage, was) for stage, was in change.shipped())


def _image_change(change: DockerfileChange, stage: Stage, was: Stage | None) -> ImageChange:
    before = _portrait(was, change.today) if was is not None else {}
    rows = tuple(_rows(before, _portrait(stage, change.today), new=was is None))
    if was is not None and installs_by_script(change, stage) != installs_by_script(as_it_was(change), was):
        return ImageChange(stage, new=False, rows=tuple(row for row in rows if row.name not in KINDS))
    size = _size_row(stage, was)
    return ImageChange(stage, was is None, (*rows, size) if size else rows)


def images_gone(change: DockerfileChange) -> tuple[Stage, ...]:
    """Return the stages before the change that shipped, and that no longer do: removed, or no build's target now.

    Args:
        change: One Dockerfile.
    """
    kept = {was.index for _, was in change.shipped() if was is not None}
    return tuple(stage for stage in change.before.shipped if stage.index not in kept) if change.before else ()


def _rows(before: Mapping[str, Items | None], after: Mapping[str, Items | None], *, new: bool) -> Iterator[Row]:
    for name in dict.fromkeys([*after, *before]):
        several = name not in _SINGLE
        old, now = before.get(name, ()), after.get(name, ())
        if new and now:
            yield Row(name, (), now, several)
        elif not new and _keys(old) != _keys(now):
            yield Row(name, _without(old, now) if several else old, _without(now, old) if several else now, several)


def _keys(items: Items | None) -> frozenset[str] | None:
    return None if items is None else frozenset(item.key for item in items)


def _without(items: Items | None, others: Items | None) -> Items | None:
    known = _keys(others) or frozenset()
    return None if items is None else tuple(item for item in items if item.key not in known)


_SINGLE = frozenset("Base image|User|Entrypoint|Command|Working directory|Health check|Layers".split("|"))


def _portrait(stage: Stage, today: date | None) -> dict[str, Items | None]:
    image = stage.image
    return {
        "Base image": _base(stage),
        "Security fixes": _support(stage, today),
        "User": _user(image.user),
        "Entrypoint": _start(image.entrypoint),
        "Command": _start(image.cmd),
        "Working directory": _plain(image.workdir),
        "Ports": _distinct((_port(port.text), port.text) for port in image.ports if port.instruction),
        "Volumes": _distinct((v.value, v.value) for v in image.volumes if v.set_in_file and v.value),
        "Health check": _start(image.healthcheck),
        "Environment": tuple(_variable(name, setting) for name, setting in image.env.items() if _is_read(setting)),
        **{name: tuple(Item(*pair) for pair in pairs) for name, pairs in installed(stage).items()},
        "Copied in": _copied(stage),
        "Layers": (_counted(stage),),
    }


def _base(stage: Stage) -> Items | None:
    text = stage.root.base_text
    if text is None:
        word = stage.root.base_word
        return (Item(f"?{word.text}", f"unknown: {quote(word.text)}"),) if word is not None else None
    short = _DIGEST.sub(r"\1…", text)
    return (Item(text, quote(short)),)


def _support(stage: Stage, today: date | None) -> Items | None:
    if stage.root.is_scratch or today is None:
        return ()
    reference = stage.root.reference
    found = all_end_of_life(reference, today) if reference is not None else ()
    return tuple(_supported(one) for one in found if one.date or one.already_over) or None


def _supported(one: EndOfLife) -> Item:
    words = "ended" if one.already_over else "until"
    day = f" {one.date.isoformat()}" if one.date else ""
    name = f"{one.product} {one.cycle}" if one.link else one.product  # an abandoned image has no release lines
    return Item(f"{name}{day}", f"{quote(name)}: {words}{day}")


def _user(setting: Setting[str]) -> Items | None:
    if setting.origin is Origin.ABSENT:
        return (Item("root", f"root{_BY_DEFAULT}"),)
    return _plain(setting)


def _plain(setting: Setting[str]) -> Items | None:
    value = setting.value
    if value is None:
        return _unknown(setting)
    return (Item(value, f"{quote(value)}{_FROM_BASE if setting.origin is Origin.BASE else ''}"),)


def _unknown(setting: Setting[str] | Setting[Start]) -> Items | None:
    """Return what is written where a build argument decides; nothing where nothing is set; `None` where a base does."""
    if setting.origin is Origin.ABSENT:
        return ()
    if setting.instruction is None:
        return None
    text = setting.instruction.value
    return (Item(f"?{text}", f"unknown: {quote(text, _VALUE_LIMIT)}"),)


def _start(setting: Setting[Start]) -> Items | None:
    start = setting.value
    if start is None:
        return _unknown(setting)
    if not start:
        return ()
    if setting.origin is Origin.BASE and start.text.startswith("("):
        return (Item("base", "the base image's"),)
    text = json.dumps(list(start.words), ensure_ascii=False) if start.form == "exec" else start.text
    note = _FROM_BASE if setting.origin is Origin.BASE else " (in a shell)" if start.form == "shell" else ""
    return (Item(text, f"{quote(text, _COMMAND_LIMIT)}{note}"),)


def _port(text: str) -> str:
    return text.lower().removesuffix("/tcp")


def _distinct(pairs: Iterable[tuple[str, str]]) -> Items:
    return tuple(Item(key, quote(text)) for key, text in dict(pairs).items())


def _is_read(setting: Setting[str]) -> bool:
    """Whether the file sets a variable, and the builder reads the ENV: a word without `=` in it stops the build."""
    pairs = setting.instruction.pairs if setting.set_in_file and setting.instruction is not None else ()
    return bool(pairs) and all(value is not None for _, value in pairs)


def _variable(name: str, setting: Setting[str]) -> Item:
    value = setting.value
    if value is None:
        return Item(f"{name}=?", f"{quote(name)} (unknown)")
    if names_a_secret(name):
        return Item(f"{name}={value}", f"{quote(name)} (not shown)")
    return Item(f"{name}={value}", quote(f"{name}={value}", _VALUE_LIMIT))


def _copied(stage: Stage) -> Items:
    return _unique(
        Item(f"{text}{step.destination}", f"{text}{_to(step)}")
        for step in stage.done_steps
        if isinstance(step, Copy)
        for text in _sources(step)
    )


def _to(step: Copy) -> str:
    """Name the destination, where it is another path than the source."""
    same = len(step.sources) == 1 and not step.from_context and step.sources[0].path == step.destination
    return "" if same else f" to {quote(step.destination or '?')}"


def _unique(items: Iterable[Item]) -> Items:
    return tuple({item.key: item for item in items}.values())


def _sources(step: Copy) -> Iterator[str]:
    origin = "" if step.from_context else f" from {quote(_origin(step))}"
    for source in step.sources:
        whole = step.brings_context_root and source.is_root
        yield "the whole build context" if whole else f"{quote(source.path or source.word.text)}{origin}"
    for _ in step.heredocs:
        yield "text written in place"


def _origin(step: Copy) -> str:
    stage = step.from_stage
    if stage is not None:
        return stage.name_word.text if stage.name_word else f"stage of line {stage.from_.line}"
    return step.from_text or "?"


def _counted(stage: Stage) -> Item:
    count = sum(step.instruction.keyword in _LAYERS for step in stage.done_steps)
    return Item(str(count), f"{count} on top of the base image")


def _size_row(stage: Stage, was: Stage | None) -> Row | None:
    """Return the row of estimated sizes; `None` when the packages in the layers stay, or nothing is known of either."""
    now, then = size_of(stage), size_of(was) if was is not None else None
    if then is None:
        return Row("Estimated size", (), (_size(now),), several=True) if now.packages else None
    if now.packages == then.packages or (now.bytes is None and then.bytes is None and now.why == then.why):
        return None
    after = _size(now)
    if now.bytes is not None and then.bytes is not None and "most" not in (now.bound, then.bound):
        sign = "+" if now.bytes >= then.bytes else "−"
        text = f"{after.text} ({sign}{size_text(abs(now.bytes - then.bytes))})"
        after = Item(text, text)
    return Row("Estimated size", (_size(then),), (after,), several=False)


def _size(of: Size) -> Item:
    if of.bytes is None:
        return Item(of.why, f"unknown: {of.why}")
    if not of.bytes:
        return Item("", "packages that the base image has" if of.packages else "no packages")
    bound = f"at {of.bound} " if of.bound else ""
    return Item("", f"{bound}{size_text(of.bytes)} of packages")
