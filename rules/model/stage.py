"""A stage of a Dockerfile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.dockerfile.reference import parse_reference
from rules.facts.images import image_facts
from rules.lazily import cached_property, without_answers
from rules.model.files import Files
from rules.model.fold import fold
from rules.model.packages import Packages
from rules.model.runtime import Runtime
from rules.model.settings import Origin, Setting
from rules.model.squashes import squashed_by
from rules.model.steps import Copy, Run
from rules.model.users import Users
from rules.model.windows import platform_of
from rules.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.nodes import Instruction, Word
    from rules.dockerfile.reference import ImageReference
    from rules.facts.images import ImageFacts
    from rules.model.model import Model
    from rules.model.scope import Scope
    from rules.model.settings import Image
    from rules.model.steps import Step


class Stage:
    """One FROM and what follows it.

    Attributes:
        model: The file.
        index: From 0, in the order of the file.
        from_: The FROM instruction.
        name: Behind AS, in lower case; `None` without.
        instructions: Those behind the FROM.
        base_stage: The earlier stage that FROM names, if it names one; where the platform chooses (`base-$TARGETARCH`),
            that of linux/amd64.
        parent: The same; `None` where more is inherited than a person writes, and the base then counts as unknown.
        depth: Stages of the chain before this one.
        weight: Characters of the whole chain's instructions.
    """

    def __init__(self, model: Model, index: int, from_: Instruction, instructions: tuple[Instruction, ...]) -> None:
        self.model = model
        self.index = index
        self.from_ = from_
        self.instructions = instructions
        words = from_.words
        named = len(words) >= 3 and words[1].text.lower() == "as"  # noqa: PLR2004 - `image AS name`
        self.name_word: Word | None = words[2] if named else None
        self.name = words[2].text.lower() if named else None
        self.base_stage = self._base_stage()
        self.parent = self.base_stage if self.base_stage is None or model.inherits(self.base_stage) else None
        if self.parent is not self.base_stage:
            self.base_text = None
        parent = self.parent
        self.depth: int = parent.depth + 1 if parent is not None else 0
        written = self.last_instruction.span.end - from_.span.start
        self.weight: int = written + (parent.weight if parent is not None else 0)

    def _base_stage(self) -> Stage | None:
        """Return the stage that FROM names; of those that the platform chooses from, the usual platform's."""
        if self.base_text is not None:
            return self.model.earlier_stage(self.base_text, self.index)
        word = self.base_word if _names_one(self.from_) else None
        return self.model.stage_of_usual_platform(word.text, self.index) if word is not None else None

    def __repr__(self) -> str:
        """Name the file, the line and the stage."""
        return f"<Stage {self.label} {self.from_!r}>"

    @property
    def label(self) -> str:
        """What messages call the stage: its name in backticks, `the image`, `the final stage`, or its base and line.

        A number would be another one for Docker, which counts stages from 0.
        """
        if self.name_word is not None:
            return f"`{self.name_word.text}`"
        if len(self.model.stages) == 1:
            return "the image"
        if self.is_last:
            return "the final stage"
        base = self.base_word.text.partition("@")[0] if self.base_word is not None else ""
        line = self.from_.line
        return f"the stage from {quote(base)} (line {line})" if base else f"the stage of line {line}"

    @property
    def key(self) -> str:
        """What fingerprints call the stage: its name, `final`, or its number."""
        return self.name or ("final" if self.is_last else str(self.index + 1))

    @property
    def is_last(self) -> bool:
        """Whether it is the last stage, which a build without a target makes."""
        return self.index == len(self.model.stages) - 1

    @property
    def is_alias(self) -> bool:
        """Whether it is another stage of the file, and nothing more: `FROM app`."""
        return self.base_stage is not None and not self.instructions

    @property
    def ships(self) -> bool:
        """Whether its image is built as a target."""
        return self in self.model.shipped

    @property
    def base_word(self) -> Word | None:
        """The image or stage as written behind FROM."""
        return self.from_.words[0] if self.from_.words else None

    @cached_property
    def base_text(self) -> str | None:
        """The image or stage behind FROM, expanded with the defaults of the ARGs above; `None` when unknown.

        So it is where FROM cannot be read: of `FROM docker pull alpine` nobody knows that `docker` is meant.
        """
        word = self.base_word
        return self.model.base_of(word.text) if word is not None and _names_one(self.from_) else None

    @cached_property
    def reference(self) -> ImageReference | None:
        """The external image that FROM names; `None` for a stage, `scratch`, or when unknown."""
        text = self.base_text
        return None if self.parent is not None or not text or text == "scratch" else parse_reference(text)

    @property
    def is_scratch(self) -> bool:
        """Whether it starts from nothing."""
        return self.parent is None and self.base_text == "scratch"

    @cached_property
    def squashed(self) -> Stage | None:
        """The stage whose files the root begins with, below an empty image; see `squashed_by`."""
        return squashed_by(self) if self.root is self else self.root.squashed

    @property
    def platform(self) -> str | None:
        """What `--platform` says, as written."""
        flag = self.from_.flag("platform")
        return flag.value if flag is not None else None

    @cached_property
    def chain(self) -> tuple[Stage, ...]:
        """The stages this one is built from, the root first, itself last."""
        return (*(self.parent.chain if self.parent is not None else ()), self)

    @property
    def root(self) -> Stage:
        """The stage of the chain that starts from an external image or from scratch."""
        return self.chain[0]

    @cached_property
    def facts(self) -> ImageFacts | None:
        """What the fact tables know of the external image at the root of the chain; `None` when unknown or scratch."""
        reference = self.root.reference
        return image_facts(reference, platform=platform_of(self)) if reference is not None else None

    @property
    def base_known(self) -> bool:
        """Whether we know what the image at the root brings: it is scratch, or the fact tables have it."""
        return self.root.is_scratch or self.facts is not None

    @cached_property
    def _folded(self) -> tuple[tuple[Step, ...], Image, Scope]:
        return fold(self)

    def as_user(self, user: str) -> Stage:
        """Return the stage as if its image ran as another account: rules can judge what it reaches before it is set.

        Args:
            user: What `USER` would say at its end. No instruction stands for it.
        """
        switched = without_answers(self)
        switched.__dict__.pop("users", None)
        image = replace(self.image, user=Setting(user, Origin.HERE, None, switched))
        switched.__dict__["_folded"] = (self.steps, image, self.scope)
        return switched

    @property
    def steps(self) -> tuple[Step, ...]:
        """The instructions behind FROM, each with the state it runs in; ONBUILD triggers of the parent come first."""
        return self._folded[0]

    @property
    def image(self) -> Image:
        """The configuration of this stage's image, inheritance included."""
        return self._folded[1]

    @property
    def scope(self) -> Scope:
        """The variables in force at the end of the stage."""
        return self._folded[2]

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The RUNs of this stage, deferred ones (ONBUILD) included."""
        return tuple(step for step in self.steps if isinstance(step, Run))

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        """The COPYs and ADDs of this stage, deferred ones included."""
        return tuple(step for step in self.steps if isinstance(step, Copy))

    @property
    def layers_ship(self) -> bool:
        """Whether its layers are in an image that ships: its own, or one that stands on it."""
        return self.index in self.model.in_shipped_images

    @property
    def files_ship(self) -> bool:
        """Whether what it holds is in an image that ships: by its layers, or squashed into one."""
        return self.index in self.model.in_shipped_files

    @cached_property
    def all_steps(self) -> tuple[Step, ...]:
        """The steps of the whole chain, the root's first: everything that made this image."""
        return tuple(step for stage in self.chain for step in stage.steps)

    @cached_property
    def all_runs(self) -> tuple[Run, ...]:
        """The RUNs of the whole chain."""
        return tuple(step for step in self.all_steps if isinstance(step, Run))

    @cached_property
    def all_copies(self) -> tuple[Copy, ...]:
        """The COPYs and ADDs of the whole chain."""
        return tuple(step for step in self.all_steps if isinstance(step, Copy))

    @cached_property
    def done_steps(self) -> tuple[Step, ...]:
        """The steps of the whole chain that have run when the image is built: all but the deferred ones."""
        return tuple(step for step in self.all_steps if not step.deferred)

    @cached_property
    def done_runs(self) -> tuple[Run, ...]:
        """The RUNs among them."""
        return tuple(step for step in self.done_steps if isinstance(step, Run))

    @cached_property
    def files(self) -> Files:
        """What is on the file system, and where it came from."""
        return Files(self)

    @cached_property
    def packages(self) -> Packages:
        """The packages that the chain installs."""
        return Packages(self)

    @cached_property
    def users(self) -> Users:
        """The accounts that exist."""
        return Users(self)

    @cached_property
    def runtime(self) -> Runtime:
        """Languages, libc, shell, tools."""
        return Runtime(self)

    @cached_property
    def sources(self) -> tuple[Stage, ...]:
        """The stages that it starts from, copies from or mounts, itself: all of them stand above it."""
        return (*((self.base_stage,) if self.base_stage is not None else ()), *stage_sources(self))

    def needs(self, other: Stage) -> bool:
        """Tell whether this one is built from another or copies out of it, over any number of steps."""
        return other.index < self.index and bool(self.model.needed[self.index] >> other.index & 1)

    @property
    def last_instruction(self) -> Instruction:
        """The stage's last instruction, the FROM when it has no other: where lines are appended."""
        return self.instructions[-1] if self.instructions else self.from_


def _names_one(from_: Instruction) -> bool:
    """Tell whether a FROM names one image: alone, in front of AS, or of a comment that should not be there."""
    if any(flag.value is None for flag in from_.flags):  # `--platform linux/amd64 alpine`
        return False
    second = from_.words[1].text if len(from_.words) > 1 else "as"
    return second.lower() == "as" or second.startswith("#")


def stage_sources(stage: Stage) -> Iterator[Stage]:
    """Yield the stages that a stage copies from or mounts."""
    for step in stage.steps:
        if isinstance(step, Copy) and step.from_stage is not None:
            yield step.from_stage
        elif isinstance(step, Run) and step.instruction.flags:
            for mount in step.mounts:
                found = stage.model.copied_stage(mount.options.get("from", ""), stage.index)
                if found is not None:
                    yield found
