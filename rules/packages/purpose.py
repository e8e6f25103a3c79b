"""What a shipped image is for: to run a program, or to build and test with."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.stage import is_development_name

if TYPE_CHECKING:
    from rules.change import DockerfileChange
    from rules.model.settings import Start
    from rules.model.stage import Stage

_NAME = re.compile(
    r"(?:^|[._-])(?:dev|devel|develop|development|devenv|test|tests|testing|e2e|ci|build|builder|buildenv|sdk|toolchain|"
    r"compile|compiler|lint|debug|local|cross|workspace|jupyter|notebook|playground|sandbox|bench|benchmark|fuzz)"
    r"(?:$|[._-])",
    re.IGNORECASE,
)
_FOLDER = re.compile(
    r"(?:^|/)\.?(?:dev|devel|devcontainer|devcontainers|test|tests|testing|e2e|ci|sdk|toolchain|builder|builders|cross|"
    r"fuzz|fuzzing|bench|benchmarks?|jupyter|notebooks?|playground|github|gitlab|circleci|gitpod)/",
    re.IGNORECASE,
)
_TOOLS = frozenset(
    "make cmake ninja gcc g++ cc cargo rustc go mvn mvnw gradle gradlew ant sbt bazel bazelisk meson msbuild "
    "tox nox pytest fish sleep tail jupyter jupyter-lab start-notebook.sh code-server sshd nodemon "
    "tsc vite webpack air watchexec gcc-ar clang clang++ javac jshell R ghc stack cabal mix lein claude codex".split()
)
_DEVELOPING = re.compile(
    r"\b(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?(?:dev|develop|watch|test|build|start:dev|serve|lint)\b|\bnpx\s|\bgo\s+run\b|"
    r"\bcargo\s+(?:run|watch|test|build)\b|\bmvnw?\b|\bgradlew?\b|\bdotnet\s+(?:run|watch|test)\b|\bmake\b|--reload\b|"
    r"\bpytest\b|\bcompile\b|\bsleep\s+infinity\b|\btail\s+-f\s+/dev/null\b"
)


def builds_at_run_time(change: DockerfileChange, stage: Stage) -> bool:
    """Tell whether an image is there to build, test or develop with, so that tools and headers belong into it.

    Its stage, its file or its folder says so, or its command: a compiler, a build tool, a bare shell, or none at all,
    which leaves the image to be built upon or used by a build job.
    """
    names = (stage.name or "", posixpath.basename(change.path))
    if is_development_name(stage.name) or any(map(_NAME.search, names)) or _FOLDER.search(change.path):
        return True
    if "STI_SCRIPTS_PATH" in change.after.code:
        return True  # a Source-to-Image builder compiles what it is given
    starts = [setting.value for setting in stage.image.start_command if setting.set_in_file]
    return not starts or any(start is not None and _starts_tool(start) for start in starts)


def _starts_tool(start: Start) -> bool:
    if start.is_prompt or start.program in _TOOLS:
        return True
    return bool(_DEVELOPING.search(start.text))
