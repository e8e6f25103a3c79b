"""Variables for Java that an image keeps while what read them goes: the start script of a server."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.runtime.starts.instructions import behind_init

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Setting, Stage

READ_BY_SCRIPTS = frozenset({"JAVA_OPTS", "CATALINA_OPTS"})
"""Variables that the start scripts of Java servers read, and Java itself does not.

`java` reads `JDK_JAVA_OPTIONS` (from 9 on; its manual, "Using the JDK_JAVA_OPTIONS Launcher Environment Variable"), the
virtual machine `JAVA_TOOL_OPTIONS` (JVM Tool Interface, "The JAVA_TOOL_OPTIONS Environment Variable").
"""


def unread_options(change: DockerfileChange, stage: Stage, was: Stage) -> Iterator[tuple[str, Setting[str]]]:
    """Yield the variables of that kind that both images have, and that nothing reads any more."""
    if not starts_java(stage) or not is_java_server(was) or is_java_server(stage):
        return
    for name in sorted(READ_BY_SCRIPTS):
        setting, before = stage.image.env.get(name), was.image.env.get(name)
        if setting is None or before is None or setting.instruction is None or before.instruction is None:
            continue
        own = setting.stage is not None and setting.stage in stage.chain
        if own and setting.value and not is_named_elsewhere(change, name):
            yield name, setting


def starts_java(stage: Stage) -> bool:
    """Tell whether the file's own start command is `java` by itself, with no shell and no script in front."""
    starts = [setting for setting in stage.image.start_command if setting.value is not None]
    first = starts[0] if starts else None
    if first is None or first.value is None or not first.set_in_file or first.value.form != "exec":
        return False
    words = behind_init(first.value.words)
    return bool(words) and posixpath.basename(words[0]) == "java"


def is_java_server(stage: Stage) -> bool:
    """Tell whether it is a server's image, whose script starts Java."""
    return stage.facts is not None and stage.facts.kind == "server" and "java" in stage.facts.languages


def is_named_elsewhere(change: DockerfileChange, name: str) -> bool:
    """Tell whether the file hands it on, or another file of the repository that was read speaks of it."""
    if re.search(rf"\$\{{?{name}\b", change.source.text):
        return True
    files = change.repository.files
    return any(name.encode() in files[path] for path in files if path != change.path)
