"""See sdk_image_shipped.md."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rules.api import (
    BY_ARGUMENT,
    OS_MANAGERS,
    Category,
    Command,
    Confidence,
    DockerfileChange,
    ImageReference,
    Problem,
    Severity,
    Stage,
    parse_reference,
    quote,
    rule,
    supported_reference,
)
from rules.base_image.choices import is_argued
from rules.base_image.ended.go_ways_out import may_link_with_c, needs_folders
from rules.base_image.explained import is_explained
from rules.base_image.jdks import JAVA, is_jdk, runs_a_jar, ships_a_jre_elsewhere
from rules.base_image.named_images import facts_named
from rules.base_image.purpose import (
    compiles,
    foreign_program,
    is_workshop,
    needs_toolchain,
    runs_toolchain,
    starts_with_script,
)
from rules.base_image.sources_without_build import OF_GO, checks_library
from rules.base_image.tags import is_over
from rules.facts.names import path_name
from rules.packages.libraries.cgo_modules import module_that_needs_cgo
from rules.quoting import listed
from rules.runtime.ports.probes import asked_with
from rules.user.accounts.running import is_root
from rules.user.root.docker_actions import is_action

_NAMED_SDK = re.compile(r"(?:^|/)(?:dotnet/sdk|[\w.-]*openjdk[\w.-]*:[\w.-]*jdk|nvidia/cuda:[\w.-]*-devel|sbtscala/)")
_COMPILERS = re.compile(r"(?:^|/)(?:gcc|buildpack-deps|nvidia/cuda|dart|swift|haskell|rust|golang)\b")
_INTERPRETED = frozenset({"python", "node", "php", "ruby"})
_FOR_LIBRARIES = frozenset({"make", "cmake", "ninja", "gcc", "g++"})
"""Tools that build a native library beside the program rather than the program."""
_WITH_JDK = re.compile(r"[:-]jdk(?![a-z])")
"""How tags of servers and tools name the JDK that they bring: `tomcat:9-jdk11`, `gradle:8-jdk17`."""
_CHOSEN = "the program may call its tools when it runs"


@rule(
    "sdk-image-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("FROM",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image that ships starts from an image made for building."""
    for stage, was in change.shipped():
        reference = stage.root.reference
        if reference is None or not _is_sdk(stage, reference.text) or is_workshop(change, stage):
            continue
        if is_action(change):
            continue  # it is built where it runs, with the larger image at hand
        if (
            is_explained(stage.root)
            or runs_toolchain(stage)
            or not _ships_a_program(change, stage)
            or _keeps_a_tool(stage)
        ):
            continue
        if not (is_jdk(reference) and ships_a_jre_elsewhere(change)):
            held = was is not None and (_shipped_a_jdk(was) if is_jdk(reference) else _shipped_it(was, reference))
            cause = "" if held else f"{stage.key} in one stage"
            yield replace(_problem(change, stage, reference), held_before=held, cause=cause)


def _shipped_a_jdk(was: Stage) -> bool:
    """Whether the image had a JDK before: a JDK's or a build tool's upon one, or a server's whose tag names it."""
    reference = was.root.reference
    if reference is None:
        return False
    java = was.facts is not None and "java" in was.facts.languages
    return _WITH_JDK.search(reference.text) is not None or (
        (java or is_jdk(reference)) and _is_sdk(was, reference.text)
    )


def _shipped_it(was: Stage, reference: ImageReference) -> bool:
    """Whether the same image shipped before with a program that was compiled in it, wherever its sources came from."""
    earlier = was.root.reference
    if earlier is None or path_name(earlier) != path_name(reference) or runs_toolchain(was):
        return False
    built = any(compiles(command) for run in was.all_runs for command in run.commands)
    return built and _is_sdk(was, earlier.text)


def _ships_a_program(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the stage brings a program of its own: a script that starts may call the tools, unless they ran here."""
    checks = [checks_library(change, c) for run in stage.all_runs for c in run.calls("go") if c.subcommand in OF_GO]
    if checks and all(checks):
        return False
    if starts_with_script(stage):
        commands = [command for run in stage.all_runs for command in run.commands]
        if not stage.all_copies and not any(c.name == "git" and c.subcommand == "clone" for c in commands):
            return False  # what starts is mounted: the image is a place to build in
        return any(compiles(command) and command.name not in _FOR_LIBRARIES for command in commands)
    return bool(stage.all_copies) or runs_a_jar(stage)


def _keeps_a_tool(stage: Stage) -> bool:
    """Whether the container may call a tool that needs the SDK: one of .NET behind a script, a server for editors.

    `rust-analyzer` asks cargo and rustc of the projects that it is given (its manual, "Installation").
    """
    if "rust-analyzer" in stage.model.code:
        return True
    tools = (c for run in stage.all_runs for c in run.calls("dotnet") if c.subcommand == "tool")
    return starts_with_script(stage) and any(word.value in ("install", "restore") for c in tools for word in c.args)


def _is_sdk(stage: Stage, text: str) -> bool:
    facts = stage.facts
    if facts is not None and facts.kind is not None:
        compiles = not _INTERPRETED.intersection(facts.languages) and bool(facts.languages or _COMPILERS.search(text))
        return facts.kind == "sdk" and compiles and "jre" not in text and "headless" not in text
    return bool(_NAMED_SDK.search(text))


def _problem(change: DockerfileChange, stage: Stage, reference: ImageReference) -> Problem:
    text, word = reference.text, stage.root.base_word
    assert word is not None, "a stage with a reference has a word for it"
    facts = stage.facts
    runtime = [
        name
        for name in (facts.relatives.runtime if facts is not None else ())
        if _starts_it(stage, name) and _has_all(name, _asked(change, stage))
    ]
    twin = _supported(change, _twin(text) or (runtime[0] if runtime else None))
    if twin is not None and is_root(stage, stage.image.user) is not False:
        twin = twin.removesuffix(":nonroot")  # what belongs to root, a socket or a folder of data, is closed to another
    return Problem(
        word.span,
        f"{stage.label} ships in {quote(text)}, {_fact(change, stage, reference, twin)}",
        _confidence(stage, reference),
        doubt=BY_ARGUMENT if is_argued(stage) else _CHOSEN,
        stage=stage.key,
        key=path_name(reference),  # another tag of it is no other image
    )


def _fact(change: DockerfileChange, stage: Stage, reference: ImageReference, twin: str | None) -> str:
    """Say what is too much in an image; of a JDK it is asked, for programs compile with it, attach and look inside."""
    text = reference.text
    if is_jdk(reference) and foreign_program(stage) is None:
        smaller = quote(twin) if twin else "a JRE"
        way_out = (
            f"build here, and copy the result into a stage from {smaller}" if _builds(stage) else f"{smaller} is enough"
        )
        return (
            "with the Java compiler and its tools. If the program neither compiles nor attaches with them when it "
            f"runs, {way_out}."
        )
    return (
        f"an image made for building{_brings(text)}. The program needs only what runs it; the rest is more to pull, "
        f"more to patch, and tools for whoever breaks in. {_way_out(change, stage, text, twin)}"
    )


def _supported(change: DockerfileChange, name: str | None) -> str | None:
    """Return the image, or the nearest like it that is still maintained, where its own release has ended."""
    reference = parse_reference(name) if name is not None else None
    if reference is None or change.today is None or "dotnet/" in reference.path:
        return name  # a program of .NET runs on the line that it was built for (its documentation, "Roll forward")
    return supported_reference(reference, change.today) or (None if is_over(change, reference) else name)


def _starts_it(stage: Stage, name: str) -> bool:
    """Whether an image can start what the stage starts, and take what its RUNs install, where they only install.

    A script, a shell form or a RUN needs a shell.
    """
    if name == "scratch":
        return False
    facts = facts_named(name)
    starts = starts_with_script(stage) or any(s.value and s.value.form == "shell" for s in stage.image.start_command)
    stays = bool(stage.all_runs) and not _builds(stage)
    if facts is None or not (starts or stays or needs_folders(stage)):
        return True
    managers = {call.manager for run in stage.all_runs for call in run.package_calls} & OS_MANAGERS
    return facts.has_shell is not False and (not stays or not managers or facts.package_manager in managers)


def _has_all(name: str, programs: Iterable[str]) -> bool:
    """Whether an image has the programs that a health check finds in the one that is meant to go."""
    facts = facts_named(name)
    return all(facts is not None and facts.has_tool(program) for program in programs)


def _builds(stage: Stage) -> bool:
    """Whether a step of the stage needs what an image made for running lacks, so that it has to be done here."""
    return any(needs_toolchain(command) for run in stage.all_runs for command in run.commands)


def _way_out(change: DockerfileChange, stage: Stage, text: str, twin: str | None) -> str:
    commands = [command for run in stage.all_runs for command in run.commands]
    foreign = foreign_program(stage)
    if foreign is not None:
        built = ", and copy what is built here into it" if _builds(stage) else ""
        return f"What starts is {quote(foreign)}: start from an image that is made for that{built}."
    if not _builds(stage):
        small = quote(twin) if twin else _small(change, stage)
        if stage.parent is None:
            return f"Start this stage from {small}."
        parent = f"what it has from {stage.parent.label}"
        return f"Start {stage.label} (line {stage.from_.line}) from {small}, and copy {parent} into it."
    where = f"a stage from {quote(twin)}" if twin else _small(change, stage)
    bare = twin is not None and ("static" in twin or (twin == "alpine" and "alpine" not in text))
    linked = "golang" in text and bare and not _is_static(stage, commands)
    module = module_that_needs_cgo(change, stage) if linked else None
    if module is not None:
        return _with_c_library(stage, module, with_shell="static" not in (twin or ""))
    if linked and may_link_with_c(change, stage):
        return "Build here, and copy the result into a small image with the same C library and what else it links with."
    how = " with `CGO_ENABLED=0`, so that the program needs no library" if linked else ""
    besides = ", with what it reads when it runs," if linked else ""
    return f"Build here{how}, and copy the result{besides} into {where}."


def _small(change: DockerfileChange, stage: Stage) -> str:
    """Speak of an image for running, with what a health check calls: no image that is known has both."""
    asked = _asked(change, stage)
    return f"a small runtime image{f' with {listed(map(quote, asked))}, which the health check calls' if asked else ''}"


def _asked(change: DockerfileChange, stage: Stage) -> list[str]:
    """The programs of the image that a health check calls."""
    return [name for name in asked_with(change, stage) if stage.facts is not None and stage.facts.has_tool(name)]


def _with_c_library(stage: Stage, module: str, *, with_shell: bool) -> str:
    """Say where a program goes that is linked with the C library, and perhaps with that of C++, of its builder."""
    if stage.runtime.libc == "musl":
        where = "alpine"
    else:
        where = "debian:trixie-slim" if with_shell else "gcr.io/distroless/cc-debian13"
    return (
        f"Build here with cgo, which {quote(module)} in `go.mod` needs, and copy the result into a stage with the same "
        f"C library, such as {quote(where)}."
    )


def _is_static(stage: Stage, commands: list[Command]) -> bool:
    set_for_all = stage.image.env.get("CGO_ENABLED")
    return (set_for_all is not None and set_for_all.value == "0") or any(
        "CGO_ENABLED=0" in command.source.text for command in commands
    )


def _brings(text: str) -> str:
    return ", with the Java compiler and its tools" if JAVA.search(text) else ", with compilers and build tools"


def _twin(text: str) -> str | None:
    """Return the runtime image of the same version, where the publisher names both alike."""
    if "dotnet/sdk:" in text:
        return text.replace("dotnet/sdk:", "dotnet/aspnet:")
    if "nvidia/cuda:" in text and "-devel" in text:
        return text.replace("-devel", "-runtime")
    if "-jdk" in text and "openjdk" not in text:  # that image was given up
        twin = text.partition("@")[0].replace("-jdk", "-jre")
        facts = facts_named(twin)
        return twin if facts is not None and facts.listed else None
    return None


def _confidence(stage: Stage, reference: ImageReference) -> Confidence:
    if "cuda" in reference.text:
        return Confidence.POSSIBLE  # frameworks that compile kernels while they run are common there
    return Confidence.POSSIBLE if is_jdk(reference) and foreign_program(stage) is None else Confidence.LIKELY
