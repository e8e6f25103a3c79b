"""See start_path_missing.md."""

import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Note,
    Origin,
    Problem,
    Put,
    Severity,
    Stage,
    quote,
    replace,
    rule,
    within,
)
from rules.purpose import is_called_for_development
from rules.runtime.programs.left_modules import module_left_out
from rules.runtime.scripts.files import file_of_script
from rules.runtime.scripts.given import script_of
from rules.runtime.starts.code_by_name import code_by_name, may_be_handed_on
from rules.runtime.starts.instructions import SHELLS, Written, executes_cmd, full_words, is_script_entrypoint, shipped
from rules.runtime.starts.paths import (
    OF_THE_SYSTEM,
    has_siblings_on_path,
    is_nowhere,
    local_path,
    makes_files,
    misplaced,
    not_on_path,
    package_path,
    renamed,
    spilled,
)
from rules.runtime.starts.started_folders import started_folder
from rules.runtime.starts.started_paths import absolute_of, is_open, words_of
from rules.runtime.starts.text import only_command

_NAMED_SCRIPT = re.compile(r"\.(?:[cm]?js|ts|py|rb|php|pl|sh|R|jar|dll)\Z")
_EXITS = "The container exits with “no such file or directory”"


@rule(
    "start-path-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a file that is elsewhere in the image, or nowhere."""
    for found in shipped(change):
        if found.stage.runtime.is_windows or is_open(change, found):
            continue
        left_out = file_of_script(change, found)
        if left_out is not None and not is_called_for_development(change, found.stage):
            yield left_out
        problem = _spilled(found)
        if problem is not None:
            yield problem
            continue
        program = _program(found)
        if program is None or "$" in program or program.startswith(("-", "[")):
            continue
        operand = script_of(found.start.words) if found.start.form == "exec" else None
        if operand is not None and not makes_files(found.stage):
            put = misplaced(found.stage, absolute_of(found.stage, operand))
            if put is not None and "$" not in operand:
                then = f"The container exits: {quote(found.start.program)} finds no such file"
                yield _misplaced(found, operand, put, "which nothing puts there", then)
                continue
        problem = _packaged(found, program) or _folder(found, program) or _elsewhere(found, program)
        problem = problem or code_by_name(found, program)
        if problem is None and not (is_called_for_development(change, found.stage) or _is_mounted(found, program)):
            # to a development image the project comes with a volume
            problem = _nowhere(found, program) or (_unread(found, operand) if operand is not None else None)
            problem = problem or module_left_out(change, found)
        if problem is not None:
            yield problem


def _is_mounted(found: Written, program: str) -> bool:
    """Whether an image of tools, into which nothing is copied, works in a folder that is mounted when it runs."""
    stage = found.stage
    if stage.all_copies:
        return False
    if program.startswith("./"):
        return stage.image.workdir.set_in_file
    folder = posixpath.dirname(program)
    return folder.startswith("/") and folder != "/" and not folder.startswith(OF_THE_SYSTEM)


def _program(found: Written) -> str | None:
    """Return what is executed; `None` where that cannot be told, or where it is an argument."""
    start, stage = found.start, found.stage
    if start.form == "exec":
        unknown = found.instruction.keyword == "CMD" and not stage.image.entrypoint.known
        if unknown or full_words(found) == start.words or executes_cmd(stage):
            return start.words[0]
        return None
    entrypoint = stage.image.entrypoint
    below = entrypoint.origin is Origin.BASE and is_script_entrypoint(stage)  # which runs `/bin/sh -c` with the CMD
    if found.instruction.keyword == "CMD" and entrypoint and not below:
        return None
    command = only_command(start)
    return command.program.value if command is not None and command.program is not None else None


def _packaged(found: Written, program: str) -> Problem | None:
    """A program of a package or of an official image, in a folder where that does not put it."""
    stage = found.stage
    own, packaged = local_path(stage, program), package_path(stage, program)
    right = own or packaged
    if right is None:
        return None
    base = quote(stage.root.base_text or "")
    where = f"which {base} has at {quote(right)}" if own else f"and the package puts it at {quote(right)} there"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(program)}, {where}. The container exits with “no such file or directory”. "
        f"Write {quote(right)}.",
        Confidence.LIKELY if own else Confidence.CERTAIN,
        doubt="a command that was not understood may link it",
        stage=stage.key,
        key=program,
        fix=_replaced(found, program, right),
    )


def _folder(found: Written, program: str) -> Problem | None:
    path = absolute_of(found.stage, program) if "/" in program else None
    return started_folder(found, program, path) if path is not None else None


def _elsewhere(found: Written, program: str) -> Problem | None:
    """A file of the project's own, in a folder other than the one that is named or searched."""
    stage = found.stage
    if "/" in program:
        put = misplaced(stage, absolute_of(stage, program))
        problem = "which nothing puts there"
        if put is None and (other := renamed(stage, absolute_of(stage, program))) is not None:
            return _misplaced(found, program, other, problem, right=other.path)
    else:
        put = not_on_path(stage, program) if not may_be_handed_on(found, program) else None
        problem = "and no folder of `PATH` has it"
    return _misplaced(found, program, put, problem) if put is not None else None


def _misplaced(found: Written, program: str, put: Put, problem: str, then: str = _EXITS, right: str = "") -> Problem:
    stage, right = found.stage, right or _place_of(put, program)
    way_out = f"Copy it there, or write {quote(right)}" if "/" in program else f"Write {quote(right)}"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(program)}, {problem}: line {put.step.instruction.line} puts it at "
        f"{quote(right)}. {then}. {way_out}.",
        Confidence.LIKELY if stage.base_known else Confidence.POSSIBLE,
        doubt="a command may put or link it there too",
        stage=stage.key,
        key=program,
        fix=_replaced(found, program, right),
    )


def _spilled(found: Written) -> Problem | None:
    """A file in a folder whose contents were copied, and not the folder."""
    stage, words = found.stage, words_of(found)
    named = (script_of(words) or words[0]) if words else ""
    path = absolute_of(stage, named) if "/" in named and "$" not in named else None
    put = spilled(stage, path) if path is not None and not makes_files(stage) else None
    if put is None or path is None:
        return None
    folder = posixpath.basename(put.source.rstrip("/"))
    right = posixpath.join(put.path, posixpath.relpath(path, posixpath.join(put.path, folder)))
    line = put.step.instruction.line
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(named)}, which nothing puts there: line {line} copies what is "
        f"in {quote(put.source)} and not the folder itself, so the file lies at {quote(right)}. The container exits: "
        f"no such file. Copy to {quote(posixpath.join(put.path, folder))}, or start {quote(right)}.",
        Confidence.LIKELY,
        doubt=f"{quote(put.source)} may hold another {quote(folder)}",
        stage=stage.key,
        key=named,
        notes=(Note(put.step.instruction.span, "copied here"),),
    )


def _nowhere(found: Written, program: str) -> Problem | None:
    stage = found.stage
    path = absolute_of(stage, program) if "/" in program else None
    if not stage.root.is_scratch and (posixpath.basename(program) in SHELLS or stage.runtime.lacks(program)):
        return None  # of which start-tool-missing says how it is had
    if not (is_nowhere(stage, path) if path is not None else has_siblings_on_path(stage, program)):
        return None
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(program)}, which no instruction puts into the image and "
        f"{quote(stage.root.base_text or '')} does not hold. The container exits with “no such file or directory”. "
        "Copy it, or name the path that it has.",
        Confidence.LIKELY,
        doubt="a command that was not understood may make it",
        stage=stage.key,
        key=program,
        wherever=True,
    )


def _unread(found: Written, operand: str) -> Problem | None:
    """A script that an interpreter is given, and that nothing can have brought."""
    stage, path = found.stage, absolute_of(found.stage, operand)
    by_name = _NAMED_SCRIPT.search(operand) is not None and "$" not in operand
    if path is None or not by_name or not (_has_sources_beside(stage, path) or _is_at_root(stage, operand)):
        return None
    if not is_nowhere(stage, path, as_script=True):
        return None
    where = "there" if operand == path else f"at {quote(path)}"
    return Problem(
        found.instruction.span,
        f"{stage.label} starts {quote(operand)}, which no instruction puts {where}. The container exits: "
        f"{quote(found.start.program)} finds no such file. Copy it, or name the path that it has.",
        Confidence.LIKELY,
        doubt="a command that was not understood may make it, or a volume bring it",
        stage=stage.key,
        key=operand,
    )


def _has_sources_beside(stage: Stage, path: str) -> bool:
    """Whether programs of the project, or folders of it, are copied beside a file: else a volume may bring it all."""
    folder = posixpath.dirname(path)
    return any(
        put.kind in ("context", "stage")
        and within(put.path, folder)
        and (_NAMED_SCRIPT.search(put.path) or (put.tree and put.path != folder))
        for put in stage.files.puts
    )


def _is_at_root(stage: Stage, operand: str) -> bool:
    """Whether a file is sought in a folder of the root, over which no volume lies, and the project is elsewhere."""
    if stage.image.workdir.value != "/" or operand.startswith("/") or "/" not in operand:
        return False
    return any(put.kind in ("context", "stage") and put.tree and put.path != "/" for put in stage.files.puts)


def _place_of(put: Put, program: str) -> str:
    name = posixpath.basename(program)
    return put.path if posixpath.basename(put.path) == name else posixpath.join(put.path, name)


def _replaced(found: Written, program: str, right: str) -> Fix | None:
    """The right path in the place of the wrong one."""
    if found.start.form != "exec" or (program != found.start.words[0] and not program.startswith("/")):
        return None  # what is relative to WORKDIR may be right, and WORKDIR wrong
    word = next((word for word in found.instruction.exec_form or () if word.text == program), None)
    if word is None or '"' in right or "\\" in right:
        return None
    return Fix(f"Start {right}", (replace(found.instruction.source, word.span, f'"{right}"'),))
