"""Fold the instructions of a stage into its image, as BuildKit's converter does (convert.go, `dispatch`)."""

from __future__ import annotations

import posixpath
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from rules.dockerfile.expand import expand_words
from rules.lazily import once
from rules.model.copies import copy_of
from rules.model.scope import Scope, Variable, arg_variables, env_variables
from rules.model.settings import ABSENT, UNKNOWN_SETTING, Image, Origin, Setting, Start, read_port
from rules.model.steps import Run, Step
from rules.model.windows import DRIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.dockerfile.nodes import Instruction
    from rules.facts.images import ImageFacts
    from rules.model.stage import Stage

T = TypeVar("T")
_DEFAULT_SHELL = ("/bin/sh", "-c")


def fold(stage: Stage) -> tuple[tuple[Step, ...], Image, Scope]:
    """Return a stage's steps, its image, and the variables at its end."""
    fold_ = _Fold(stage)
    inherited = stage.parent.image.onbuild if stage.parent is not None else ()
    for instruction in (*(i.trigger for i in inherited if i.trigger is not None), *stage.instructions):
        fold_.take(instruction)
    image = fold_.end()
    return tuple(fold_.steps), image, fold_.scope


def _absent() -> Setting[Any]:
    return ABSENT


def _from_base(value: T | None, *, empty: T) -> Setting[T]:
    """A value of the base image: `None` is unknown, `empty` is known not to be set."""
    if value is None:
        return UNKNOWN_SETTING  # type: ignore[return-value]  # holds a value of no type
    return Setting(value, Origin.BASE) if value != empty else _absent()


def _base_start(words: tuple[str, ...] | None) -> Setting[Start]:
    if words is None:
        return UNKNOWN_SETTING  # type: ignore[return-value]  # holds a value of no type
    return Setting(Start("exec", words), Origin.BASE) if words else _absent()


def _inherit(setting: Setting[T]) -> Setting[T]:
    return replace(setting, origin=Origin.STAGE) if setting.origin is Origin.HERE else setting


def _nothing(setting: Setting[Any], workdir: Setting[str], shell: Setting[tuple[str, ...]]) -> Image:
    return Image(
        user=setting,
        workdir=workdir,
        entrypoint=setting,
        cmd=setting,
        healthcheck=setting,
        shell=shell,
        stopsignal=setting,
        env={},
        labels={},
    )


def _image_of_base(facts: ImageFacts | None, *, scratch: bool) -> Image:
    if scratch:
        return _nothing(_absent(), Setting("/", Origin.ABSENT), Setting(_DEFAULT_SHELL, Origin.ABSENT))
    if facts is None:
        return _nothing(UNKNOWN_SETTING, UNKNOWN_SETTING, Setting(_DEFAULT_SHELL, Origin.UNKNOWN))  # type: ignore[arg-type]  # as above
    probe = None if facts.healthcheck is None else ("(the base image's)",) if facts.healthcheck else ()
    return Image(
        user=_from_base(facts.user, empty=""),
        workdir=_from_base(None if facts.workdir is None else facts.workdir or "/", empty=""),
        entrypoint=_base_start(facts.entrypoint),
        cmd=_base_start(facts.cmd),
        healthcheck=_base_start(probe),
        shell=Setting(facts.shell or _DEFAULT_SHELL, Origin.BASE if facts.shell else Origin.ABSENT),
        stopsignal=_from_base(facts.stopsignal, empty=""),
        env={name: Setting(value, Origin.BASE) for name, value in (facts.env or {}).items()},
        labels={},
        ports=tuple(read_port(text, None) for text in facts.ports or ()),
        volumes=tuple(Setting(path, Origin.BASE) for path in facts.volumes or ()),
    )


_BARE = frozenset({"alpine", "busybox", "debian", "ubuntu"})
"""Official images whose configuration holds `PATH` alone, as their recipes in docker-library say."""


class _Fold:
    """The state between two instructions."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.steps: list[Step] = []
        self.cmd_set_here = False
        parent = stage.parent
        if parent is not None:
            self.image = copy(_left_to_children(parent))
            self.scope = parent.scope
        else:
            facts = stage.facts
            self.image = _image_of_base(facts, scratch=stage.is_scratch)
            env = (facts.env if facts is not None else None) or {}
            base = {name: Variable(name, value, "base") for name, value in env.items()}
            self.scope = Scope(
                base, stage.is_scratch, stage.model.dockerfile.escape, facts is not None and facts.name in _BARE
            )
        self.environment, self.labels = dict(self.image.env), dict(self.image.labels)
        self.ports, self.volumes, self.triggers = (
            list(self.image.ports),
            list(self.image.volumes),
            list(self.image.onbuild),
        )

    def end(self) -> Image:
        """Return the image, once all is applied."""
        image = self.image
        image.env, image.labels = self.environment, self.labels
        image.ports, image.volumes, image.onbuild = tuple(self.ports), tuple(self.volumes), tuple(self.triggers)
        self._give_triggers_their_state()
        return image

    def _give_triggers_their_state(self) -> None:
        """Set user, folder and shell of ONBUILD triggers: a child begins with those that this image ends with."""
        image, scope = self.image, self.scope
        self.image = copy(image)
        for index, step in enumerate(self.steps if self.triggers else ()):
            if step.deferred:
                self.scope = step.scope
                self.steps[index] = self._made(step.instruction, index, deferred=True)
                handler = _FOUND_BY_TRIGGERS.get(step.instruction.keyword)
                if handler is not None:
                    handler(self, step.instruction)
        self.image, self.scope = image, scope

    def take(self, instruction: Instruction) -> None:
        """Apply one instruction."""
        self._step(instruction, deferred=False)
        handler = _HANDLERS.get(instruction.keyword)
        if handler is not None:
            handler(self, instruction)

    def _step(self, instruction: Instruction, *, deferred: bool) -> None:
        self.steps.append(self._made(instruction, len(self.steps), deferred=deferred))

    def _made(self, instruction: Instruction, index: int, *, deferred: bool) -> Step:
        image = self.image
        make = _STEPS.get(instruction.keyword, Step)
        scope = self.scope.in_shell() if instruction.keyword == "RUN" else self.scope
        return make(instruction, self.stage, index, image.user, image.workdir, scope, image.shell, deferred)

    def _here(self, value: T | None, instruction: Instruction) -> Setting[T]:
        return Setting(value, Origin.HERE, instruction, self.stage)

    def user(self, instruction: Instruction) -> None:
        """USER."""
        self.image.user = self._here(self.scope.expand(instruction.value), instruction)

    def workdir(self, instruction: Instruction) -> None:
        """WORKDIR: relative to the one before."""
        path = self.scope.expand(instruction.value)
        before = self.image.workdir.value
        if path is not None and not DRIVE.match(path) and not path.startswith("/"):
            path = posixpath.join(before, path) if before is not None else None
        value = path if path is None or DRIVE.match(path) else posixpath.normpath("/" + path.lstrip("/"))
        self.image.workdir = self._here(value, instruction)

    def _start(self, instruction: Instruction) -> Setting[Start]:
        words = instruction.exec_form
        if words is None:
            return self._here(Start("shell", (instruction.value,), instruction), instruction)
        return self._here(Start("exec", tuple(word.text for word in words), instruction), instruction)

    def entrypoint(self, instruction: Instruction) -> None:
        """ENTRYPOINT: clears a CMD that this stage did not set itself."""
        image = self.image
        image.entrypoint = self._start(instruction)
        if not self.cmd_set_here:
            if image.cmd.value:
                image.cleared_cmd = image.cmd
            image.cmd = _absent()

    def cmd(self, instruction: Instruction) -> None:
        """CMD."""
        self.cmd_set_here = True
        self.image.cmd = self._start(instruction)

    def healthcheck(self, instruction: Instruction) -> None:
        """HEALTHCHECK: only the last one counts."""
        kind = instruction.words[0].text.upper() if instruction.words else "NONE"
        start = Start("exec", (), instruction)
        if kind != "NONE":
            array = instruction.exec_form
            text = instruction.value[len(kind) :].strip()
            words = tuple(word.text for word in array) if array is not None else (text,)
            start = Start("exec" if array is not None else "shell", words, instruction)
        self.image.healthcheck = self._here(start, instruction)

    def shell(self, instruction: Instruction) -> None:
        """SHELL."""
        words = instruction.exec_form
        if words:
            self.image.shell = self._here(tuple(word.text for word in words), instruction)

    def stopsignal(self, instruction: Instruction) -> None:
        """STOPSIGNAL."""
        self.image.stopsignal = self._here(self.scope.expand(instruction.value), instruction)

    def env(self, instruction: Instruction) -> None:
        """ENV."""
        added = env_variables(instruction, self.scope)
        self.scope = self.scope.with_(added)
        settings = {v.name: self._here(v.value if isinstance(v.value, str) else None, instruction) for v in added}
        self.environment.update(settings)

    def arg(self, instruction: Instruction) -> None:
        """ARG."""
        known = self.stage.model.global_scope.variables
        self.scope = self.scope.with_(arg_variables(instruction, self.scope, known))

    def label(self, instruction: Instruction) -> None:
        """LABEL."""
        settings = {
            self.scope.expand(name.text) or name.text: self._here(self.scope.expand(value.text), instruction)
            for name, value in instruction.pairs
            if value is not None
        }
        self.labels.update(settings)

    def expose(self, instruction: Instruction) -> None:
        """EXPOSE."""
        texts = [t for word in instruction.words for t in (expand_words(word.text, self.scope.lookup) or [word.text])]
        self.ports += (read_port(text, instruction) for text in texts)

    def volume(self, instruction: Instruction) -> None:
        """VOLUME."""
        array = instruction.exec_form
        words = array if array is not None else instruction.words
        self.volumes += (self._here(self.scope.expand(word.text), instruction) for word in words)

    def onbuild(self, instruction: Instruction) -> None:
        """ONBUILD: kept for children; its trigger is a deferred step."""
        if instruction.trigger is not None:
            self._step(instruction.trigger, deferred=True)
        self.triggers.append(instruction)


_HANDLERS = {
    "USER": _Fold.user,
    "WORKDIR": _Fold.workdir,
    "ENTRYPOINT": _Fold.entrypoint,
    "CMD": _Fold.cmd,
    "HEALTHCHECK": _Fold.healthcheck,
    "SHELL": _Fold.shell,
    "STOPSIGNAL": _Fold.stopsignal,
    "ENV": _Fold.env,
    "ARG": _Fold.arg,
    "LABEL": _Fold.label,
    "EXPOSE": _Fold.expose,
    "VOLUME": _Fold.volume,
    "ONBUILD": _Fold.onbuild,
}


_FOUND_BY_TRIGGERS = {keyword: _HANDLERS[keyword] for keyword in ("USER", "WORKDIR", "SHELL")}
"""What one ONBUILD trigger changes for those below it."""


@once
def _left_to_children(stage: Stage) -> Image:
    """The image that a child stage starts with: everything but ONBUILD (SEMANTICS: FROM a stage clones its config)."""
    image = stage.image
    return replace(
        image,
        user=_inherit(image.user),
        workdir=_inherit(image.workdir),
        entrypoint=_inherit(image.entrypoint),
        cmd=_inherit(image.cmd),
        healthcheck=_inherit(image.healthcheck),
        shell=_inherit(image.shell),
        stopsignal=_inherit(image.stopsignal),
        env={name: _inherit(value) for name, value in image.env.items()},
        labels={name: _inherit(value) for name, value in image.labels.items()},
        volumes=tuple(_inherit(volume) for volume in image.volumes),
        onbuild=(),
        cleared_cmd=_absent(),
    )


_STEPS: dict[str, Callable[..., Step]] = {"RUN": Run, "COPY": copy_of, "ADD": copy_of}
