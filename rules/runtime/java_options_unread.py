"""See java_options_unread.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Fix,
    Instruction,
    Problem,
    Setting,
    Severity,
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.runtime.lost.unread_options import READ_BY_SCRIPTS, is_java_server, is_named_elsewhere, starts_java

_NAMES = (*sorted(READ_BY_SCRIPTS), "JAVA_ARGS", "JAVA_OPTIONS", "JVM_OPTS", "JVM_OPTIONS")
"""Variables of scripts, which Java itself does not read (unread_options.py)."""
_READ = "JAVA_TOOL_OPTIONS"
_OF_THE_MACHINE = re.compile(
    r"-(?:X\S+|D\S+|(?:javaagent|agentlib|agentpath):\S+|verbose\S*|ea|-enable-preview"
    r"|-(?:add-(?:opens|exports|modules|reads)|enable-native-access)=\S+)"
)
"""Words that `JAVA_TOOL_OPTIONS` may hold. With another one Java stops at “Unrecognized option”: those of the launcher,
as `-server` and `-cp`, and arguments of the program (tried with Java 17).
"""


@rule(
    "java-options-unread",
    severity=Severity.WARNING,
    category=Category.RELIABILITY,
    keywords=("ENV",),
    mentions=tuple(name.lower() for name in _NAMES),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Options for Java stand in a variable that nothing reads, because the container starts Java by itself."""
    for stage in change.after.shipped:
        if is_java_server(stage) or not starts_java(stage):
            continue
        found = dict[str, Setting[str]]()
        for name in _NAMES:
            setting = stage.image.env.get(name)
            own = setting is not None and setting.stage is not None and setting.stage in stage.chain
            if setting is None or setting.instruction is None or not own or "-" not in (setting.value or ""):
                continue
            if _READ not in stage.image.env and not is_named_elsewhere(change, name):
                found[name] = setting
        for name, setting in found.items():
            yield _problem(stage, name, setting, alone=len(found) == 1)


def _problem(stage: Stage, name: str, setting: Setting[str], *, alone: bool) -> Problem:
    instruction = setting.instruction
    assert instruction is not None, "the caller looked"
    fits = alone and all(map(_OF_THE_MACHINE.fullmatch, (setting.value or "").split()))
    way_out = f"Call it `{_READ}`, which the virtual machine reads, or put the options" if fits else "Put them"
    return Problem(
        instruction.span,
        f"{stage.label} sets {quote(name)}, and nothing reads it: the container starts `java` by itself, no script in "
        "front hands it on, and Java does not know that variable. The options in it have no effect. "
        f"{way_out} into the start command.",
        Confidence.LIKELY,
        doubt="the program may read it by itself",
        instruction=instruction,
        stage=stage.key,
        key=name,
        fix=_fix(name, instruction) if fits else None,
    )


def _fix(name: str, instruction: Instruction) -> Fix | None:
    word = next((word for word, _ in instruction.pairs if word.text == name), None)
    return fix(f"Call it {_READ}", replace(instruction.source, word.span, _READ)) if word is not None else None
