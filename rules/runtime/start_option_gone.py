"""See start_option_gone.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import Category, Confidence, DockerfileChange, Instruction, Problem, Severity, Stage, quote, rule
from rules.copying.outputs.java_classes import has_other_java, java_release
from rules.runtime.starts.instructions import behind_init, shipped
from rules.runtime.starts.spring_launchers import launcher_moved

Version = tuple[int, int]
"""Major and minor."""


class Gone(NamedTuple):
    """An option that a program no longer knows.

    Attributes:
        since: The first version that refuses it.
        instead: What to do.
    """

    since: Version
    instead: str = "Take it out"


_LOG = "Write `-Xlog:gc*` with its options in its place"
_HEAP = "Take it out: Java keeps to the memory of its container by itself"
_JAVA = {
    "UseConcMarkSweepGC": Gone((15, 0), "Take it out, or choose a collector that is there: `-XX:+UseG1GC`"),
    "UseParNewGC": Gone((11, 0)),
    "CMSInitiatingOccupancyFraction": Gone((15, 0)),
    "UseCMSInitiatingOccupancyOnly": Gone((15, 0)),
    "CMSParallelRemarkEnabled": Gone((15, 0)),
    "AggressiveOpts": Gone((13, 0)),
    "MaxPermSize": Gone((17, 0)),
    "PermSize": Gone((17, 0)),
    "UseCGroupMemoryLimitForHeap": Gone((12, 0), _HEAP),
    **dict.fromkeys(
        (
            "PrintGCDateStamps",
            "PrintGCTimeStamps",
            "PrintHeapAtGC",
            "PrintTenuringDistribution",
            "UseGCLogFileRotation",
            "NumberOfGCLogFiles",
            "GCLogFileSize",
        ),
        Gone((9, 0), _LOG),
    ),
}
"""Options of HotSpot, and the release from which it stops at them (JEP 271 for the log, JEP 363 for CMS, and
`obsolete_jvm_flags` of each release's `arguments.cpp`: a flag is ignored for a while, and refused afterwards)."""
_NATIVE = "Write `--mysql-native-password=ON`, which lets that plugin be used, or take the option out"
_WITHOUT_NATIVE = 9
"""The first MySQL without `mysql_native_password` and its option (release notes of 9.0.0)."""
_MYSQL = {
    "default-authentication-plugin": Gone((8, 4), _NATIVE),
    **dict.fromkeys(("query-cache-size", "query-cache-type", "query-cache-limit"), Gone((8, 0))),
}
"""Options of MySQL's server (MySQL Server Version Reference, "Option and Variable Changes")."""
_READ_BY_JAVA = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
_XX = re.compile(r"-XX:[+-]?(\w+)")
_IGNORES = "IgnoreUnrecognizedVMOptions"
_OF_MYSQL = re.compile(r"--([a-z][\w-]*)")
_MINOR = re.compile(r"(\d+)\.(\d+)")


@rule(
    "start-option-gone",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT", "ENV"),
    mentions=("-xx:", "--default", "--query", "launcher"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships is started with an option, or a class, that this version of the program no longer knows."""
    for found in shipped(change):
        moved = launcher_moved(change, found)
        if moved is not None:
            yield moved
        java = _java(found.stage)
        if java is not None and any(posixpath.basename(c.name) == "java" for c in found.start.commands):
            yield from _of_java(found.stage, java, found.instruction, found.start.text)
        elif _is_mysqld(found.start.words):
            yield from _of_mysql(found.stage, found.instruction, found.start.words)
    for stage, _ in change.shipped():
        java = _java(stage)
        for name in _READ_BY_JAVA if java is not None else ():
            setting = stage.image.env.get(name)
            if java is not None and setting is not None and setting.instruction is not None and setting.value:
                yield from _of_java(stage, java, setting.instruction, setting.value)


def _java(stage: Stage) -> Version | None:
    """Return the release of HotSpot that a base image brings; OpenJ9 passes over options that it does not know."""
    release = java_release(stage)
    if release is None or has_other_java(stage) or re.search(r"semeru|openj9|graal|native", stage.root.base_text or ""):
        return None
    return release, 0


def _of_java(stage: Stage, version: Version, instruction: Instruction, text: str) -> Iterator[Problem]:
    if _IGNORES in text:
        return
    for match in _XX.finditer(text):
        gone = _JAVA.get(match[1])
        if gone is not None and version >= gone.since:
            refuses = f"The virtual machine stops at once with “Unrecognized VM option”. {gone.instead}."
            yield _problem(stage, instruction, match.group(), f"Java {version[0]}", str(gone.since[0]), refuses)
            return


def _is_mysqld(words: tuple[str, ...]) -> bool:
    """Whether it is MySQL's server, or options of it, in front of which the image's script puts its name."""
    rest = behind_init(words)
    return bool(rest) and (posixpath.basename(rest[0]) == "mysqld" or rest[0].startswith("--"))


def _of_mysql(stage: Stage, instruction: Instruction, words: tuple[str, ...]) -> Iterator[Problem]:
    reference = stage.reference
    version = _MINOR.match((reference.tag if reference is not None else None) or "")
    if reference is None or reference.familiar != "mysql" or version is None:
        return
    for word in words:
        option = _OF_MYSQL.match(word)
        gone = _MYSQL.get(option[1].replace("_", "-")) if option is not None else None
        if option is not None and gone is not None and (int(version[1]), int(version[2])) >= gone.since:
            since = ".".join(map(str, gone.since))
            instead = "Take it out" if int(version[1]) >= _WITHOUT_NATIVE else gone.instead
            refuses = f"The server stops at once with “unknown variable”. {instead}."
            yield _problem(stage, instruction, option.group(), f"MySQL {version.group()}", since, refuses)


def _problem(stage: Stage, instruction: Instruction, option: str, program: str, since: str, refuses: str) -> Problem:
    base = quote(stage.root.base_text or "")
    return Problem(
        instruction.span,
        f"{stage.label} gives {program} of {base} the option {quote(option)}, which it has not known since {since}. "
        f"{refuses}",
        Confidence.LIKELY,
        doubt="the version is that of the tag",
        instruction=instruction,
        stage=stage.key,
        key=option,
    )
