"""Variables that a script of a RUN reads and that nothing gives it, though something of their name stands elsewhere."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from rules.api import PLATFORM_ARGS, names_read
from rules.build.variables.namesakes import unused_namesake
from rules.build.variables.of_base import is_bare
from rules.lazily import once

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rules.api import Model, Run, Stage, Step

_MOST_NAMES = 200
"""Variables among which a misspelt one is looked for."""
_FEW = 30
"""Variables among which the misspelt one of a RUN is looked for."""
_SHORTEST = 4
"""Letters of a name that may be misspelt: fewer make another name."""
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?<!\S)#[^\n]*", re.DOTALL)
"""Strings of a script: in single quotes nothing is filled in, and nothing in a comment."""
_SETS_ANY = r"(?:^|[\s;&|(])(?:\.|source|eval|set -a)\s"
"""What may set any variable."""
_SETS_NAMED = r"(?:for|select|export|local|declare|typeset|readonly|mapfile|readarray|getopts|let|unset|printf\s+-v)"
"""What sets the variables that it names, or says that they come from elsewhere."""
_TEXT_OPENED = re.compile(r"<<-?[ \t]*(?:\\|(?P<quote>['\"]))(?P<end>\w+)")
"""The beginning of a here-document in which a shell fills in nothing."""


def read_unset(run: Run, lost: Collection[str] = ()) -> Iterator[str]:
    """Yield what a RUN reads and does not set itself: global ARGs, the builder's values, what is set elsewhere.

    Args:
        run: The RUN.
        lost: What was set before the change, and counts as well.
    """
    code = _script(run)
    names = set(names_read(code)) - run.scope.variables.keys() - {mount.options.get("env") for mount in run.mounts}
    if not names or run.deferred or run.stage.runtime.is_windows:
        return
    elsewhere = names & (_set_somewhere(run.stage.model) | set(lost))
    misspelt = {name for name in names - elsewhere if f"{name}=" not in code and _is_misspelt(run, name)}
    if not elsewhere and not misspelt:
        return
    code = _QUOTED.sub(lambda quoted: "" if quoted[0][0] in "'#" else quoted[0], code)
    if re.search(_SETS_ANY, code):
        return
    guarded = re.search(r":[-=+]|\bread\b", code) is not None
    for name in sorted(elsewhere | misspelt):
        if guarded and name not in lost:
            continue
        word = re.escape(name)
        made = rf"(?<![\w${{]){word}\b" if name in misspelt else _made(word)
        if re.search(rf"(?<![\\$])\$(?:{{{word}(?:[}}#%/]|:(?![-=+]))|{word}\b)", code) and not re.search(made, code):
            yield name


def _made(word: str) -> str:
    """Return the pattern of what gives a variable a value; `VERSION=$VERSION make` hands on the one it has."""
    itself = rf"[\"']?\$(?:{{{word}}}|{word}\b)[\"']?(?=[\s;&|]|$)"
    return rf"(?:^|[\s;&|(]){word}=(?!{itself})|\b{_SETS_NAMED}\s(?:[^;&|\n]*[\s\"'])?{word}\b"


def _script(run: Run) -> str:
    """Return the text of a RUN in which a shell fills in variables: here-documents that are data may be left as is."""
    value, heredocs = run.instruction.value, run.instruction.heredocs
    if run.script.shell is not None and run.script.origin is not None and run.instruction.exec_form is not None:
        return run.script.origin[0].view  # the quotes around it are those of the array
    bodies = [one.body for one in heredocs if one.expands or value.startswith("<<")]
    return "\n".join((value, *map(_without_texts, bodies)))


def _without_texts(script: str) -> str:
    """Leave out the here-documents within a script whose delimiters are quoted."""
    if "<<" not in script:
        return script
    kept, end = [], ""
    for line in script.split("\n"):
        if end:
            end = "" if line.strip() == end else end
            continue
        opened = _TEXT_OPENED.search(line)
        end = opened["end"] if opened is not None else ""
        kept.append(line)
    return "\n".join(kept)


def _is_misspelt(run: Run, name: str) -> bool:
    """Whether a name that a script reads is almost that of a variable above it, where the base sets none."""
    if name.isupper() and unused_namesake(run, name) is not None:
        return True
    return name.isupper() and len(run.scope.variables) <= _FEW and is_bare(run.stage) and bool(nearest_set(run, name))


def nearest_set(step: Step, name: str) -> str | None:
    """Return the variable of the step that a name is a misspelling of."""
    known = step.scope.variables
    if len(known) > _MOST_NAMES or len(name) < _SHORTEST:
        return None
    alike = next((one for one in known if one.lower() == name.lower()), None)
    return alike or next(iter(difflib.get_close_matches(name, list(known), 1, 0.8)), None)


@once
def _set_somewhere(model: Model) -> frozenset[str]:
    """What the file or BuildKit gives a value, if not in every stage."""
    above = (word.text for argument in model.global_args for word, _ in argument.pairs)
    return PLATFORM_ARGS.union(above, setting_stages(model))


@once
def setting_stages(model: Model) -> dict[str, list[Stage]]:
    """Return the stages that set each variable, in the order of the file."""
    found: dict[str, dict[int, Stage]] = {}
    for stage in model.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("ARG", "ENV"):
                for word, _ in instruction.pairs:
                    found.setdefault(word.text, {})[stage.index] = stage
    return {name: list(stages.values()) for name, stages in found.items()}
