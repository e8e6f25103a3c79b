"""What a COPY or an ADD says: sources, destination, and where it copies from (Dockerfile reference, "COPY")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rules.dockerfile.reference import parse_reference
from rules.model.copy_source import CopySource
from rules.model.steps import Copy, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.nodes import Instruction, Word


_OF_A_SHELL = re.compile(r"\|\|?|&&|;|\d?>>?(?:&\d|/.*)?|&(?:>.*)?|#.*")
"""Words that a shell understands, and that no file is called."""


def shell_words(instruction: Instruction) -> tuple[Word, ...]:
    """Return what a COPY or an ADD has behind its destination as if a shell read it: `2>/dev/null || true`, `# all`.

    The builder takes these for names, so that it stops. What the author means is what stands in front of them.
    """
    return () if instruction.exec_form is not None else tuple(instruction.words[_meant(instruction) :])


def _meant(instruction: Instruction) -> int:
    """How many words of a COPY or an ADD are meant for the builder: at least a source and the destination."""
    words = instruction.words
    found = (at for at, word in enumerate(words) if at > 1 and _OF_A_SHELL.fullmatch(word.text))
    return next(found, len(words)) if not instruction.heredocs else len(words)


def copy_of(*state: Any) -> Copy:
    """Read a COPY or an ADD.

    Args:
        state: The fields of its `Step`, in their order.
    """
    step = Step(*state)
    instruction, scope = step.instruction, step.scope
    words = instruction.exec_form or instruction.words[: _meant(instruction)]
    sources = _sources(step, words)
    last = words[-1] if len(words) > 1 else None
    written = scope.expand(last.text) if last is not None else None
    several = len(sources) + len(instruction.heredocs) > 1
    from_text = _from_text(step)
    from_stage = step.stage.model.copied_stage(from_text, step.stage.index) if from_text else None
    return Copy(
        step.instruction,
        step.stage,
        step.index,
        step.user,
        step.workdir,
        step.scope,
        step.shell,
        step.deferred,
        sources=sources,
        heredocs=instruction.heredocs,
        destination=step.resolve(written),
        destination_word=last,
        into_folder=several or (written is not None and _is_folder(written)),
        from_text=from_text,
        from_stage=from_stage,
        from_image=parse_reference(from_text) if from_text and from_stage is None else None,
    )


def _is_folder(written: str) -> bool:
    """Whether it is written as a folder: a slash behind it, or a dot for its last part (buildkit, `keepSlash`)."""
    return written in (".", "..") or written.endswith(("/", "/.", "/.."))


def _sources(step: Step, words: Sequence[Word]) -> tuple[CopySource, ...]:
    """The words in front of the destination that are no here-documents."""
    heredocs = {f"<<{heredoc.name}" for heredoc in step.instruction.heredocs}
    return tuple(
        CopySource(word, step.scope.expand(word.text))
        for word in words[:-1]
        if word.text.replace("-", "").replace('"', "").replace("'", "") not in heredocs
    )


def _from_text(step: Step) -> str | None:
    """What `--from` says: with the variables of the stage, else with those above the first FROM."""
    flag = step.instruction.flag("from")
    if flag is None:
        return ""
    text = step.scope.expand(flag.value or "")
    return text if text is not None else step.stage.model.global_scope.expand(flag.value or "")
