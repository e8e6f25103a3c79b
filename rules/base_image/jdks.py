"""What tells a JDK from the other images that programs are built in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api import DockerfileChange, ImageReference, Stage

JAVA = re.compile(r"(?:^|/)java$|jdk|temurin|corretto|openjdk|zulu|liberica|semeru|sapmachine|graalvm")
"""How images with a JDK are called."""
_JRE = re.compile(rb"^[ \t]*FROM[ \t][^\n#]*[:-]jre\b", re.IGNORECASE | re.MULTILINE)


def is_jdk(reference: ImageReference) -> bool:
    """Tell whether it is the JDK itself, and no build tool's image: programs that compile and attach need it."""
    return JAVA.search(reference.path) is not None


def ships_a_jre_elsewhere(change: DockerfileChange) -> bool:
    """Tell whether another Dockerfile that was read starts from a JRE: its author knows both, and took the JDK here."""
    files = change.repository.files
    return any(_JRE.search(files[path]) for path in files if path != change.path and "dockerfile" in path.lower())


def runs_a_jar(stage: Stage) -> bool:
    """Tell whether it starts an archive of Java's, which a RUN may have fetched."""
    return any("-jar" in s.value.text.split() for s in stage.image.start_command if s.set_in_file and s.value)
