"""See from_platform_constant.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Fix,
    Flag,
    Problem,
    Severity,
    Stage,
    delete_word,
    is_development_name,
    quote,
    rule,
)
from rules.base_image.chosen_platforms import is_chosen_beside, is_there_for_others
from rules.base_image.explained import said_above
from rules.comments import is_on_purpose
from rules.copying.outputs.binaries import is_empty_base
from rules.packages.projects.files import in_repository
from rules.packages.scripts_run import scripts_run
from rules.quoting import listed

_BUILDER = re.compile(r"[\"']?\$(?:BUILDPLATFORM\b|\{BUILDPLATFORM\b)")
_NAMED = re.compile(r"amd64|x86_64|i386|arm32|arm64|armhf|armv\d|aarch64|ppc64le|s390x|riscv64|mips64", re.IGNORECASE)
_SAID = re.compile(
    rf"{_NAMED.pattern}|(?<![\w-])(?:(?:cross|multi|single)-)?(?:platforms?|architectures?)(?:-specific)?(?![\w-])|"
    r"(?<![\w-])(?:x86|intel|apple silicon|m[1-5](?: macs?)?|macs?|macbooks?)(?![\w-])",
    re.IGNORECASE,
)
"""What a comment says that gives the reason; in the name of another tool's rule it says none."""
_OF_MACHINES = {
    "amd64": re.compile(r"(?<![A-Za-z0-9])(?:amd64|x86[-_]?64|x64|linux64|i386)(?![A-Za-z0-9])", re.IGNORECASE),
    "arm64": re.compile(r"(?<![A-Za-z0-9])(?:arm64(?:v8)?|aarch64)(?![A-Za-z0-9])", re.IGNORECASE),
}
"""What the two common architectures are called in addresses, packages and options."""
_ARCHITECTURE = re.compile(r"amd64|x86|i386|386|arm|aarch|ppc64|s390x|riscv|mips|windows|linux", re.IGNORECASE)


@rule(
    "from-platform-constant",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("FROM",),
    mentions=("--platform",),
    aliases=("DL3029", "FromPlatformFlagConstDisallowed", "DF061"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """FROM names one platform, whatever the build asks for."""
    used = _used(change)
    for stage in change.stages:
        flag = stage.from_.flag("platform")
        if flag is None or not flag.value or "$" in flag.value or _runs_nothing(stage):
            continue
        if _is_explained(stage):
            continue
        if _NAMED.search(change.path) or (stage.base_text is not None and _NAMED.search(stage.base_text)):
            continue
        if stage.index in used or (stage.name is not None and _ARCHITECTURE.search(stage.name)):
            continue
        if _is_for_one_machine(change, stage, flag.value) or is_chosen_beside(change, flag.value):
            continue  # whoever wrote the one wrote the other
        yield _problem(change, stage, flag)
    if change.stages:
        yield from _of_the_builder(change, change.stages[-1])


def _is_explained(stage: Stage) -> bool:
    """Whether the comment on a FROM says why it is of one platform, or that it is meant; one further above, both."""
    if any(_SAID.search(comment.text) or is_on_purpose(comment.text) for comment in stage.from_.comments):
        return True
    return any(_SAID.search(text) and is_on_purpose(text) for text in said_above(stage))


def _of_the_builder(change: DockerfileChange, stage: Stage) -> Iterator[Problem]:
    """Yield the flag that gives what ships, and starts something, the platform of the machine that builds."""
    flag = stage.root.from_.flag("platform")
    if flag is None or not _BUILDER.match(flag.value or "") or not stage.ships or is_development_name(stage.name):
        return
    if is_empty_base(stage) or not any(start.set_in_file for start in stage.image.start_command):
        return
    parts = _parts(change, stage)  # what another image is told is its own
    texts = [step.instruction.text for one in parts for step in one.steps] + [one.from_.text for one in parts]
    targets = any(name in text for name in ("TARGETPLATFORM", "TARGETARCH") for text in texts)
    several = any(build.platforms > 1 for build in change.repository.builds_of(change.path))
    way_out = (
        "The flag belongs to builders alone: drop it here."
        if targets
        else "Drop the flag here, and in builders that do not build for `TARGETARCH`."
    )
    native = _names_builder(stage)
    if native:
        way_out += f" {_BY_TARGET}"
    yield Problem(
        flag.span,
        f"{stage.label} is of the platform of the machine that builds ({quote(flag.value or '')}), whatever the build "
        "asks for. A build for several platforms puts that machine's system and programs under each name. "
        f"{way_out}",
        Confidence.CERTAIN if several or targets else Confidence.LIKELY,
        doubt="" if several or targets else _UNSAID,
        stage=stage.key,
        fix=Fix("Drop the flag", (delete_word(change.source, flag.span),))
        if stage.root is stage and targets and not native
        else None,
    )


def _is_for_one_machine(change: DockerfileChange, stage: Stage, platform: str) -> bool:
    """Whether a step of what makes up a stage names the same architecture and no other: the program is built for it."""
    named = _OF_MACHINES.get(platform.strip("\"'").partition("/")[2].lower())
    if named is None:
        return False
    texts = [step.instruction.text for one in _parts(change, stage) for step in one.steps]
    texts += [text for text in _scripts(change, stage) if text is not None]
    others = [pattern for pattern in _OF_MACHINES.values() if pattern is not named]
    return any(map(named.search, texts)) and not any(other.search(text) for other in others for text in texts)


def _scripts(change: DockerfileChange, stage: Stage) -> Iterator[str | None]:
    """Yield what the scripts of the project say that steps of what makes up a stage run; `None` for one not read."""
    for run in (run for one in _parts(change, stage) for run in one.runs):
        for _, put in scripts_run(run):
            path = in_repository(change, put.source)
            yield change.repository.text(path) if path is not None else None


def _parts(change: DockerfileChange, stage: Stage) -> list[Stage]:
    """Return the stages that one needs, and itself."""
    return [one for one in change.stages if one is stage or stage.needs(one)]


def _is_fixed(stage: Stage) -> bool:
    flag = stage.from_.flag("platform")
    return flag is not None and "$" not in (flag.value or "$")


_UNREAD = "a script of the project that was not read may fetch what there is for that platform alone"
_ALONE = "the base image, or what is fetched, may exist for that platform alone"
_UNSAID = "no file that was read says for which platforms it is built"
_BY_TARGET = "What is fetched for `BUILDARCH` is then to be fetched for `TARGETARCH`."


def _names_builder(stage: Stage) -> bool:
    """Whether a stage asks for the machine that builds, such as in the address of a program."""
    return any(name in text for text in _texts(stage) for name in ("BUILDARCH", "BUILDOS"))


def _texts(stage: Stage) -> Iterator[str]:
    for step in stage.steps:
        if step.instruction.keyword != "LABEL":
            yield step.instruction.whole_value


def _runs_nothing(stage: Stage) -> bool:
    """Whether a stage only gathers files in the empty image: no program of it is emulated."""
    return stage.is_scratch and not stage.runs


def _used(change: DockerfileChange) -> frozenset[int]:
    """Return the stages that others use, by name or by a variable: one may be there for one architecture only."""
    found: set[int] = set()
    for stage in change.stages:
        if stage.parent is not None:
            found.add(stage.parent.index)
        texts = [stage.base_word.text] if stage.base_word is not None else []
        for step in stage.steps:
            if isinstance(step, Copy) and step.from_stage is not None:
                found.add(step.from_stage.index)
            elif isinstance(step, Copy):
                flag = step.instruction.flag("from")
                texts += [flag.value] if flag is not None and flag.value else []
        found |= {other.index for other in change.stages for text in texts if _may_name(text, other)}
    return frozenset(found)


def _may_name(text: str, stage: Stage) -> bool:
    head = text.partition("$")[0].lower()
    return "$" in text and bool(head) and stage.name is not None and stage.name.startswith(head)


def _problem(change: DockerfileChange, stage: Stage, flag: Flag) -> Problem:
    windows = (flag.value or "").strip("\"'").lower().startswith("windows")
    several = not windows and any(build.platforms > 1 for build in change.repository.builds_of(change.path))
    native, unread = _names_builder(stage), None in _scripts(change, stage)
    same = [one for one in _parts(change, stage) if one is not stage and _is_fixed(one)]
    where = f", here and in {listed(one.label for one in same)}," if same else ","
    cure = "" if windows else f" Drop the flag{where} and choose the platform where the image is built."
    if native and not windows:
        cure += f" {_BY_TARGET}"
    then = _consequence(stage, flag, windows=windows, several=several)
    certain = Confidence.CERTAIN if several else Confidence.LIKELY
    alone = not several and not is_there_for_others(stage)
    keep = windows or same or native or unread or alone
    return Problem(
        flag.span,
        f"{stage.label} is always {quote(flag.value or '')}, whatever the build asks for. {then}{cure}",
        Confidence.POSSIBLE if windows or unread or alone else certain,
        doubt="" if windows else _UNREAD if unread else _ALONE if alone else _UNSAID,
        stage=stage.key,
        fix=None if keep else Fix("Drop the flag", (delete_word(change.source, flag.span),)),
    )


def _consequence(stage: Stage, flag: Flag, *, windows: bool, several: bool) -> str:
    if windows:  # on another platform there is no such image, emulated or not
        return "A build that is told `--platform` needs no flag here; any other build needs it."
    if several:
        return "The repository builds it for several platforms, and all of them get this one's programs."
    other = "of x86" if "arm" in (flag.value or "").lower() else "an ARM laptop or server"
    then = f"On another machine, {other}, it runs emulated, slowly or not at all"
    if not any("TARGETARCH" in text or "TARGETPLATFORM" in text for text in _texts(stage)):
        then += ", and a build for several platforms puts this one's programs under each name"
    return f"{then}."
