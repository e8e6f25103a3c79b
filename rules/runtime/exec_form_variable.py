"""See exec_form_variable.md."""

import json
import posixpath
import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Problem,
    Put,
    Severity,
    Stage,
    fix,
    is_script,
    once,
    quote,
    replace,
    rule,
)
from rules.runtime.starts.instructions import (
    Written,
    full_words,
    is_bare_init,
    is_script_entrypoint,
    reads_code,
    written,
)
from rules.runtime.starts.joined_words import joined
from rules.runtime.starts.literal_words import (
    ASSIGNMENT,
    BUILTINS,
    EXPANDS_ITSELF,
    HAS_CD,
    JOINTS,
    NEVER_COMMANDS,
    OPERATORS,
    TAKES_AS_IT_IS,
    VARIABLE,
    has_meaning_of_its_own,
    is_end_of_action,
    pattern_place,
    sets_property,
    shell_word,
)
from rules.runtime.starts.run_arrays import run_arrays, unread
from rules.runtime.starts.scripts import expands, script_above


@rule(
    "exec-form-variable",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"),
    mentions=("[",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The JSON form of a command holds a variable, a builtin or an operator, and no shell reads it."""
    yield from filter(None, map(unread, run_arrays(change)))
    for found in written(change, "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        words = _words(found)
        if found.start.form != "exec" or found.stage.runtime.is_windows or reads_code(words):
            continue
        if has_meaning_of_its_own(words):
            problem = _builtin(found) or _start_word(found) or _operator(found, JOINTS)
        else:
            problem = _builtin(found) or _start_word(found) or _variable(change, found) or _operator(found, OPERATORS)
        problem = problem or _pattern(found)
        if problem is not None:
            yield problem


def _words(found: Written) -> tuple[str, ...]:
    entrypoint = found.stage.image.entrypoint.value
    above = entrypoint.words if found.instruction.keyword == "CMD" and entrypoint is not None else ()
    return (*above, *found.start.words)


def _is_program(found: Written) -> bool:
    """Whether the first word is what is executed: not an argument of an ENTRYPOINT, unless that is an init."""
    under_init = found.instruction.keyword == "CMD" and is_bare_init(found.stage.image.entrypoint.value)
    return under_init or full_words(found) == found.start.words


def _builtin(found: Written) -> Problem | None:
    first = found.start.words[0]
    if first not in BUILTINS or found.instruction.keyword == "HEALTHCHECK":
        return None
    if not _is_program(found) and not (first in NEVER_COMMANDS and is_script_entrypoint(found.stage)):
        return None
    if first == "cd" and found.stage.runtime.package_manager in HAS_CD:
        return None
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(first)}, which is a word of the shell and not a program, and the JSON form "
        f"of `{found.instruction.keyword}` has no shell. The container exits at once with “executable file not found”. "
        'Name the program itself, or start a shell: `["sh", "-c", "…"]`.',
        Confidence.CERTAIN if _is_program(found) else Confidence.LIKELY,
        doubt="the script in front may hand it to a shell",
        stage=found.stage.key,
        fix=_fix(found) if first == "exec" else None,
    )


def _start_word(found: Written) -> Problem | None:
    """Speak of an assignment, or a `~`, in the place of the program."""
    first = found.start.words[0]
    assigns = ASSIGNMENT.match(first) is not None
    if not (assigns or (first.startswith("~/") and " " not in first)) or not _is_program(found):
        return None
    what, way_out = ("an assignment", "Set it with `ENV`") if assigns else ("a path below `~`", "Write the whole path")
    shell = "" if found.stage.runtime.has_shell is False else ', or start a shell: `["sh", "-c", "exec …"]`'
    return Problem(
        found.instruction.span,
        f"`{found.instruction.keyword}` of {found.stage.label} starts {quote(first)}: {what}, which only a shell "
        f"reads, and the JSON form has none. {_then(found).capitalize()}: no program has that name. {way_out}{shell}.",
        stage=found.stage.key,
        key=first,
    )


def _variable(change: DockerfileChange, found: Written) -> Problem | None:
    java = "java" in map(posixpath.basename, _words(found))
    read = ((i, word) for i, word in enumerate(found.start.words) if not (java and sets_property(word)))
    index, match = next(((i, match) for i, word in read if (match := VARIABLE.search(word))), (0, None))
    if match is None or _is_evaluated(found, match.group()):
        return None
    name, label, keyword = match.group(), found.stage.label, found.instruction.keyword
    script = script_above(change, found)
    kept = expands(script, EXPANDS_ITSELF) if script is not None else None
    if kept:
        return None
    if keyword == "HEALTHCHECK":
        then = f"The probe gets the text {quote(name)} itself, not a value"
    elif index == 0 and _is_program(found):
        then = f"The container looks for a program of the name {quote(found.start.words[0])} and exits"
    else:
        then = f"The program gets the text {quote(name)} itself, not a value"
    if kept is False and script is not None:
        then = f"{quote(posixpath.basename(script.path))} in front hands it on as it is. {then}"
    return Problem(
        found.instruction.span,
        f"`{keyword}` of {label} holds {quote(name)} in its JSON form, which neither the builder nor a shell expands. "
        f"{then}. {_way_out(found, name)}.",
        Confidence.LIKELY if kept is False and found.start.words[0].startswith("-") else _confidence(found, index),
        doubt="the program may expand it by itself",
        stage=found.stage.key,
        fix=_fix(found),
        key=name,
    )


def _then(found: Written) -> str:
    """Say what follows where there is no such program."""
    return "every probe fails" if found.instruction.keyword == "HEALTHCHECK" else "the container exits at once"


def _pattern(found: Written) -> Problem | None:
    """Speak of a `*` in the name of the file that is started."""
    place = pattern_place(found.start.words) if _is_program(found) else None
    if place is None:
        return None
    word = found.start.words[place]
    return Problem(
        found.instruction.span,
        f"`{found.instruction.keyword}` of {found.stage.label} starts {quote(word)}, and no shell fills in the `*` of "
        f"the JSON form: there is no file of that very name, and {_then(found)}. Give the file a name without the "
        "version where it is copied, and start that.",
        stage=found.stage.key,
        key=word,
    )


def _is_evaluated(found: Written, text: str) -> bool:
    """Whether it is a command among the arguments of a script: nobody writes that but for one that evaluates it."""
    under_script = not _is_program(found) and is_script_entrypoint(found.stage)
    return found.instruction.keyword == "CMD" and text.startswith("$(") and under_script


def _way_out(found: Written, name: str) -> str:
    if _lacks_shell(found):
        return "Write the value itself: there is no shell here that could expand it"
    gone = _is_gone(found, name)
    first = f"{quote(name)} is an `ARG`, gone when the container starts: hand it on with `ENV`. " if gone else ""
    if found.instruction.keyword == "HEALTHCHECK":
        return f"{first}Take the brackets away: the shell form expands it"
    if _are_arguments(found):
        return f"{first}Let the `ENTRYPOINT` in front of it expand it"
    if name[2:-1].isupper() and name.startswith("$("):  # as Kubernetes writes a variable, and a shell a command
        return f'{first}Kubernetes alone reads it. Write {quote(f"${name[2:-1]}")} in code: `["sh", "-c", "exec …"]`'
    return f'{first}Start it through a shell that makes way: `["sh", "-c", "exec …"]`'


def _lacks_shell(found: Written) -> bool:
    """Whether the image has no shell; a folder copied into one from `scratch` hardly brings one."""
    stage = found.stage
    return stage.runtime.has_shell is False or (stage.root.is_scratch and not stage.runtime.has_shell)


def _is_gone(found: Written, name: str) -> bool:
    """Whether a variable is an ARG of the stage, which no container sees."""
    bare = re.sub(r"\W.*", "", name.lstrip("${"))
    declared = (i for link in found.stage.chain for i in link.instructions if i.keyword == "ARG")
    is_arg = any(pair.text == bare for instruction in declared for pair, _ in instruction.pairs)
    return is_arg and bare not in found.stage.image.env


def _are_arguments(found: Written) -> bool:
    """Whether the words are options of the ENTRYPOINT, which no shell could start."""
    return not _is_program(found) and found.start.words[0].startswith(("-", "$"))


def _confidence(found: Written, index: int) -> Confidence:
    """A script in front may expand its arguments itself, and so may a program of which nothing is known."""
    if index == 0 and _is_program(found):
        return Confidence.CERTAIN
    entrypoint = found.stage.image.entrypoint
    of_base = entrypoint.known and not entrypoint.set_in_file  # official images' scripts end in `exec "$@"`
    behind_script = found.instruction.keyword == "CMD" and not _is_program(found) and not of_base
    return Confidence.LIKELY if not behind_script and _takes_as_it_is(found) else Confidence.POSSIBLE


def _may_fill_in(found: Written) -> bool:
    """Whether it is a launcher that may read its own arguments, which a shell around it would take from it."""
    first = found.start.words[0]
    return _is_program(found) and first != "exec" and not VARIABLE.search(first) and not _takes_as_it_is(found)


def _takes_as_it_is(found: Written) -> bool:
    """Whether the program is one that fills in nothing by itself, or the project's own, for which somebody wrote it."""
    commands = found.start.commands
    if not commands or commands[0].program is None:
        return False
    if TAKES_AS_IT_IS.fullmatch(commands[0].name):
        return True
    program = commands[0].program.value
    if is_script(program) or not OPERATORS.isdisjoint(found.start.words):
        return False  # who hands `&&` to a program of his own has most often taught it to
    return any(_is_own(put) for put in _of_name(found.stage).get(posixpath.basename(program), ()))


@once
def _of_name(stage: Stage) -> dict[str, list[Put]]:
    """What the files of a stage are, by the last part of their paths."""
    found: dict[str, list[Put]] = {}
    for put in stage.files.puts:
        found.setdefault(posixpath.basename(put.path), []).append(put)
    return found


def _is_own(put: Put) -> bool:
    """Whether a program comes from the build context, or out of a stage that works on files of it."""
    if put.kind == "context":
        return True
    builder = put.step.from_stage if put.kind == "stage" and isinstance(put.step, Copy) else None
    return builder is not None and any(each.from_context for each in builder.all_copies)


def _operator(found: Written, operators: frozenset[str]) -> Problem | None:
    operator = next((word for word in found.start.words if word in operators), None)
    if operator is None or (found.start.words[0] == "test" and operator not in ("&&", "||")):
        return None
    if is_end_of_action(found.start.words, operator):
        return None
    return Problem(
        found.instruction.span,
        f"`{found.instruction.keyword}` of {found.stage.label} holds {quote(operator)} in its JSON form, where no "
        f"shell reads it. {quote(found.start.words[0])} gets it, and everything behind it, as arguments. "
        "Start a shell for it: "
        '`["sh", "-c", "…"]`.',
        Confidence.LIKELY if operators is JOINTS or _takes_as_it_is(found) else Confidence.POSSIBLE,
        doubt="the program may make something of it by itself",
        stage=found.stage.key,
        key=operator,
    )


def _fix(found: Written) -> Fix | None:
    """The same words for a shell that makes way; an ENTRYPOINT hands on the arguments that come behind it."""
    stage, instruction = found.stage, found.instruction
    if _lacks_shell(found) or instruction.exec_form is None or "\n" in instruction.text:
        return None
    if instruction.keyword == "HEALTHCHECK" or _are_arguments(found) or _may_fill_in(found):
        return None
    if instruction.keyword == "CMD" and not (_is_program(found) or is_script_entrypoint(stage)):
        return None
    if any(_is_gone(found, match.group()) for word in found.start.words for match in VARIABLE.finditer(word)):
        return None
    words = found.start.words[1:] if found.start.words[0] == "exec" else found.start.words
    hands_on = instruction.keyword == "ENTRYPOINT"
    written_words = [shell_word(word) for word in words if word not in ("$@", "$*")]
    if not written_words or joined(words) is not None or any("\n" in word or "$(" in word for word in words):
        return None  # what is joined, a shell would keep together; `exec-form-one-word` speaks of it
    line = " ".join(["exec", *written_words, *(['"$@"'] if hands_on else [])])
    array = json.dumps(["sh", "-c", line, *(["sh"] if hands_on else [])], ensure_ascii=False)
    return fix("Let a shell expand it", replace(instruction.source, instruction.value_span, array))
