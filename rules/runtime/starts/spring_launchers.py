"""The class that starts an unpacked program of Spring Boot, which another release has elsewhere.

spring-projects/spring-boot#37667 and the release notes of 3.2: the launchers moved from
`org.springframework.boot.loader` to `org.springframework.boot.loader.launch`, and
`loaderImplementation` keeps the old ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, fix, quote, replace
from rules.base_image.moved.version_contracts import texts_near
from rules.numbers import number_of

if TYPE_CHECKING:
    from rules.api import DockerfileChange, Fix, Instruction
    from rules.runtime.starts.instructions import Written

_PACKAGE = "org.springframework.boot.loader"
_CLASS = re.compile(rf"{re.escape(_PACKAGE)}\.(?P<moved>launch\.)?(?P<name>(?:Jar|War|Properties)Launcher)(?![\w.])")
_FIRST_MOVED = (3, 2)
_VERSION = re.compile(
    r"spring-boot-(?:starter-parent|dependencies)</artifactId>\s*<version>\s*(?P<pom>\d+\.\d+)[\d.]*"
    r"|org\.springframework\.boot[\"']\)?\s+version\s*\(?\s*[\"'](?P<gradle>\d+\.\d+)"
)
_KEEPS = re.compile(
    r"loaderImplementation|spring-boot-loader-classic|spring-boot-maven-plugin</artifactId>\s*<version>", re.IGNORECASE
)
"""What gives the program another launcher than that of the release: a setting, or a plugin of another version."""
_COMMENT = re.compile(r"<!--.*?-->|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)


def launcher_moved(change: DockerfileChange, found: Written) -> Problem | None:
    """Return what there is to say of a start with a launcher that the project's Spring Boot has not at that place."""
    named = _CLASS.search(found.instruction.value)
    version = _version(change) if named is not None else None
    if named is None or version is None:
        return None
    path, number = version
    major, minor = map(number_of, number.split("."))
    is_new = (major, minor) >= _FIRST_MOVED
    if is_new == bool(named["moved"]):
        return None
    right = f"{_PACKAGE}.{'launch.' if is_new else ''}{named['name']}"
    since = "it moved with 3.2" if is_new else "it moved there with 3.2"
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(named[0])}, and {quote(path)} has Spring Boot {number}, where that class "
        f"is not there: {since}. Java exits with “Could not find or load main class”. Write {quote(right)}.",
        Confidence.LIKELY,
        doubt="the program may be built from another project",
        instruction=found.instruction,
        stage=found.stage.key,
        key=named[0],
        fix=_fix(found.instruction, named, right),
    )


def _version(change: DockerfileChange) -> tuple[str, str] | None:
    """Return the file that says which Spring Boot the project has, and the release; `None` where files disagree."""
    near = texts_near(change, "pom.xml", "build.gradle", "build.gradle.kts")
    texts = [(path, _COMMENT.sub("", text)) for path, text in near]
    if any(_KEEPS.search(text) for _, text in texts):
        return None
    found = {match["pom"] or match["gradle"]: path for path, text in texts for match in _VERSION.finditer(text)}
    return next(((path, number) for number, path in found.items()), None) if len(found) == 1 else None


def _fix(instruction: Instruction, named: re.Match[str], right: str) -> Fix | None:
    start = instruction.value_span.start + named.start()
    span = instruction.source.span(start, start + len(named[0]))
    if instruction.source.cut(span) != named[0]:
        return None  # a line is continued above it
    return fix("Name the class of this release", replace(instruction.source, span, right))
