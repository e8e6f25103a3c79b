"""See copy_from_build_platform.md."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.api import (
    OS_MANAGERS,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Instruction,
    Note,
    Problem,
    Severity,
    Stage,
    is_build_only,
    meet,
    quote,
    rule,
    within,
)
from rules.base_image.purpose import compiles
from rules.copying.outputs.binaries import builds_of, program_of
from rules.copying.outputs.carried_runtimes import java_runtime
from rules.copying.outputs.node_addons import for_one_platform
from rules.copying.python.environments import environments
from rules.copying.python.wheels import wheel_folders
from rules.copying.stages.mounts import mounted_stages
from rules.quoting import listed

_ASKS_FOR_TARGET = re.compile(
    r"\bTARGET(?:ARCH|PLATFORM|OS|VARIANT)\b|\bGO(?:ARCH|ARM)\b|\bGOOS=(?!\W?linux\b)|\bxx-|--target\b|\bCARGO_BUILD_TARGET\b|"
    r"-linux-(?:gnu|musl)|\bzig\b|goreleaser|\bqemu\b|\bcross\b|--arch\b|uname -m|--print-architecture"
)
"""What in a stage says that somebody has thought of the platform that the image is for."""

_NATIVE = re.compile(
    r"\.so(?:\.\d+)*$|^/(?:usr/(?:local/)?)?(?:s?bin|lib(?:32|64|exec)?)(?:/[^/]+)?$|/site-packages(?:/|$)"
)
"""Programs and libraries of the system; packages of Python, of which many are compiled."""
_SCRIPTS = frozenset("composer corepack gradle mvn npm npx phpunit pnpm yarn".split())
"""Programs that an interpreter runs, the same on every platform."""
_OF_SCRIPT = re.compile(r"\.(?:jar|js|phar|php|pl|py|rb|sh)(?![\w.-])")
_FETCHING = frozenset({"curl", "wget", "git"})


@rule(
    "copy-from-build-platform",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("COPY", "RUN"),
    mentions=("buildplatform",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is copied out of a stage that has the builder's platform and was never told the image's."""
    by_platform = _chosen_by_platform(change)
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or _is_on_build_platform(stage):
            continue
        if not by_platform.isdisjoint(link.index for link in stage.chain):
            continue
        for copy in stage.copies:
            builder = copy.from_stage
            if builder is None or not _is_on_build_platform(builder) or _knows_target(builder):
                continue
            native = _native(copy, builder)
            wheels = next(filter(None, (_wheels(builder, copy.source_path(source)) for source in copy.sources)), None)
            if native is not None:
                yield _problem(stage, builder, copy, native)
            elif wheels is not None:
                yield _not_for_platform(stage, builder, copy.instruction, wheels)
            else:
                yield from _addons(change, stage, builder, copy)
        for run, mount, builder in mounted_stages(stage):
            path = _wheels(builder, mount.options.get("source")) if _is_on_build_platform(builder) else None
            if path is not None and not _knows_target(builder):
                yield _not_for_platform(stage, builder, run.instruction, path)


def _wheels(builder: Stage, path: str | None) -> str | None:
    """Return the path where it is, or lies in, a folder that `pip wheel` fills."""
    if path is None:
        return None
    clean = posixpath.normpath(posixpath.join("/", path))
    folder = posixpath.dirname(clean) if "*" in posixpath.basename(clean) else clean
    return folder if folder in wheel_folders(builder) else None


def _compiles(builder: Stage) -> bool:
    """Whether the stage installs what compiles: somebody has met packages that need it."""
    family = builder.facts.distro if builder.facts is not None else ""
    return any(
        is_build_only(one.name, family or "") for one in builder.packages.installed if one.manager in OS_MANAGERS
    )


def _chosen_by_platform(change: DockerfileChange) -> set[int]:
    """Return the stages among which `FROM runner-${TARGETARCH}` chooses: each is made for one platform."""
    choosing = (stage for stage in change.stages if stage.base_word is not None and "TARGET" in stage.base_word.text)
    return {one.index for stage in choosing for one in change.after.may_start_from(stage)}


def _is_on_build_platform(stage: Stage) -> bool:
    platform = stage.root.platform
    return platform is not None and "BUILDPLATFORM" in platform


def _knows_target(builder: Stage) -> bool:
    """Whether a step of the builder, or a FROM of its chain, goes by the platform that the image is for."""
    texts = [step.instruction.text for step in builder.all_steps]
    return any(_ASKS_FOR_TARGET.search(text) for text in (*texts, *(one.base_text or "" for one in builder.chain)))


class _Native(NamedTuple):
    """What holds machine code, as half a sentence.

    Attributes:
        text: The path, and what made it.
        portable: Whether the stage can be told to make it for another platform.
        loaded: What of it the program loads after its start, empty where it is what is started.
    """

    text: str
    portable: bool = True
    loaded: str = ""


def _native(copy: Copy, builder: Stage) -> _Native | None:
    """Return the first path copied that holds machine code, with what makes it so; `None` when that is not clear."""
    program = program_of(copy)
    if program is not None:
        compiled, build = program
        call = " ".join(part for part in (build.command.name, build.command.subcommand) if part)
        return _Native(f"{quote(compiled)}, which {quote(call)} compiles")
    for source in copy.sources:
        path = copy.source_path(source)
        if path is None or path == "/":
            continue
        if any(within(environment.path, path) for environment in environments(builder)):
            text = f"{quote(path)}, a virtual environment with that machine's packages"
            return _Native(text, portable=False, loaded="what is compiled in it")
        if any(meet(path, folder) for folder in _runtimes(builder)):
            return _Native(f"{quote(path)}, a Java runtime of `jlink`", portable=False)
        if _NATIVE.search(path.rstrip("/")) and not source.has_wildcard and not _is_script(builder, path):
            packages = "/site-packages" in path
            loaded = "what is compiled in it" if packages else "it" if ".so" in path else ""
            return _Native(quote(path), portable=not packages and _is_made(builder), loaded=loaded)
    return None


def _addons(change: DockerfileChange, stage: Stage, builder: Stage, copy: Copy) -> Iterator[Problem]:
    """Speak of the first `node_modules` copied that hold packages with machine code."""
    for source in copy.sources:
        path = copy.source_path(source)
        names = for_one_platform(change, stage, builder, path.rstrip("/")) if path is not None else ()
        if path is not None and names:
            held = f"{quote(path)}, in which {listed(map(quote, names))} {'has' if len(names) == 1 else 'have'}"
            yield _problem(stage, builder, copy, _Native(f"{held} machine code", loaded="them"), modules=True)
            return


def _runtimes(builder: Stage) -> Iterator[str]:
    """Yield the folders that `jlink` writes to."""
    for run in builder.done_runs:
        yield from filter(None, (java_runtime(run, command) for command in run.calls("jlink")))


def _is_script(builder: Stage, path: str) -> bool:
    """Whether a file comes from the context, and is a script as likely as not, or is one by its name or its source."""
    if posixpath.basename(path) in _SCRIPTS:
        return True
    puts = [put for put in builder.files.covering(path) if not put.makes_folder]
    named = (str(put.command or put.step.instruction) for put in puts if put.path == path)
    return any(put.kind == "context" for put in puts) or any(map(_OF_SCRIPT.search, named))


def _is_made(builder: Stage) -> bool:
    """Whether the stage fetches or compiles anything, or may: what its base or a package has it cannot choose."""
    commands = (command for run in builder.done_runs for command in run.commands)
    return bool(builder.files.opaque_commands) or any(c.name in _FETCHING or compiles(c) for c in commands)


def _not_for_platform(stage: Stage, builder: Stage, instruction: Instruction, path: str) -> Problem:
    return Problem(
        instruction.span,
        f"{stage.label} installs the wheels in {quote(path)}, which {builder.label} makes on the platform of the "
        f"machine that builds ({quote(f'--platform={builder.root.platform}')}). pip compiles for that one only: built "
        "for another, the install is refused with “not a supported wheel on this platform”. Leave the stage on the "
        "target's platform.",
        Confidence.LIKELY if _compiles(builder) else Confidence.POSSIBLE,
        doubt="whether the packages have compiled parts is not known",
        stage=stage.key,
        instruction=instruction,
        notes=(Note(builder.root.from_.span, "the builder's platform"),),
    )


def _problem(stage: Stage, builder: Stage, copy: Copy, native: _Native, *, modules: bool = False) -> Problem:
    fetches = any(run.calls("curl", "wget") for run in builder.done_runs) and not builds_of(builder)
    cure = "Fetch or compile it" if fetches else "Compile"
    cure = "Install for the target in a stage of its own" if modules else f"{cure} for `TARGETARCH`"
    fails = f"cannot load {native.loaded}" if native.loaded else "fails with “exec format error”"
    leave = f"{cure}, or leave" if native.portable else "Leave"
    return Problem(
        copy.instruction.span,
        f"{stage.label} copies {native.text}, out of {builder.label}, which has the platform of the machine that "
        f"builds ({quote(f'--platform={builder.root.platform}')}) and is never told the image's. Built for another "
        f"platform, the program {fails}. {leave} the stage on the target's platform.",
        Confidence.LIKELY,
        doubt="settings that are not read may make it build for the other platform",
        stage=stage.key,
        notes=(Note(builder.root.from_.span, "the builder's platform"),),
    )
