"""See checksum_of_another_file.md."""

import re
from collections.abc import Iterator, Sequence

from rules.api import (
    Category,
    Confidence,
    DockerfileChange,
    Note,
    Problem,
    Severity,
    Span,
    Stage,
    Step,
    Variable,
    names_read,
    once,
    quote,
    rule,
)
from rules.model.variants import names_like
from rules.secrets.downloads.sums import Summed, summed

_PLATFORM = re.compile(
    r"\$\{?(?:TARGETPLATFORM|\w*(?<!se)(?<!mon)arch)\b|"  # no `ELASTICSEARCH`
    r"\$\((?:uname -m|dpkg --print-architecture|apk --print-arch|arch)\)",
    re.IGNORECASE,
)
"""What stands in an address for the platform that is built for."""
_CHOOSES = re.compile(
    r"\bcase\b|\|\|[^;&|]*\|\s*(?:sha|md5)\w*sum\b|\bexit\s+[1-9]|"
    r"(?:\btest|\[)\s[^\n;&|]*(?:arch\b|platform\b|uname -m)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+")
_RELEASES = re.compile(r"\d+(?:\.\d+)+")
_SHORT = 12


@rule(
    "checksum-of-another-file",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN", "ADD"),
    mentions=("sha1", "sha2", "sha3", "sha5", "md5", "checksum"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A download is tested against the checksum of another version, or of the file for another platform."""
    builds = change.repository.builds_of(change.path)
    for_one = bool(builds) and all(build.platforms == 1 for build in builds)
    for stage in change.stages:
        was = change.was(stage)
        old = [
            one for each in ((was,) if was else change.before.stages if change.before else ()) for one in summed(each)
        ]
        for now in summed(stage):
            if _is_for_several(now) and "$" in (stage.root.platform or "$") and not _is_for_a_platform(stage):
                yield from () if for_one else (_for_one_platform(stage, now),)
            elif old:
                yield from _stale(stage, now, old)


def _is_for_several(now: Summed) -> bool:
    """Whether the address differs by platform, and the checksum does not; no script chooses, or refuses the others."""
    if len(now.sums) != 1 or now.chosen or _PLATFORM.search(now.filled) is None:
        return False  # filled: an `ARCH` with a default is for one platform
    return not _chooses(now.step)


@once
def _chooses(step: Step) -> bool:
    return _CHOOSES.search(step.instruction.whole_value) is not None


@once
def _is_for_a_platform(stage: Stage) -> bool:
    """Whether a FROM chooses the stage, or one below it, by the platform: `FROM build-${TARGETARCH}`."""
    choosing = [
        one.base_word.text
        for one in stage.model.stages
        if one.base_word is not None and one.base_stage is not None and _PLATFORM.search(one.base_word.text)
    ]
    names = [names_like(text) for text in choosing]
    return any(
        (link.base_word is not None and link.base_word.text in choosing)
        or any(link.name and name.fullmatch(link.name) for name in names)
        for link in stage.chain
    )


def _for_one_platform(stage: Stage, now: Summed) -> Problem:
    (total,) = now.sums
    parts = now.url.split("/")
    first = next((i for i, part in enumerate(parts) if _PLATFORM.search(part)), len(parts) - 1)
    name = quote("/".join(parts[first:]), 60)
    return Problem(
        now.span,
        f"{stage.label} downloads another file for each platform, {name}, and tests them all against one checksum, "
        f"{quote(total[:_SHORT] + '…')}. The build stops at the test on every platform but one. Choose the "
        "checksum by the architecture, as the address does.",
        Confidence.LIKELY,
        doubt="the file may be built for one platform only",
        instruction=now.step.instruction,
        stage=stage.key,
        key=now.url,
    )


def _stale(stage: Stage, now: Summed, old: Sequence[Summed]) -> Iterator[Problem]:
    """Find a download that the change gave another version, and whose checksums are all the old ones."""
    same = [one for one in old if one.sums == now.sums]
    if not same or not all(_is_other_version(now, one) for one in same):
        return
    place, variable = _changed(now, same[-1])
    new, known = _tail(now.filled, same[-1].filled), _tail(same[-1].filled, now.filled)
    yield Problem(
        place,
        f"{stage.label} now takes {quote(new, 60)} and still tests it against the checksum of {quote(known, 60)}, "
        f"{quote(min(now.sums)[:_SHORT] + '…')}. Another file has another checksum: the build stops at the test. Renew "
        "it with the version.",
        Confidence.LIKELY,
        doubt="both addresses may answer the same file",
        instruction=variable.instruction if variable is not None and variable.instruction else now.step.instruction,
        stage=stage.key,
        notes=() if place == now.span else (Note(now.span, "downloaded here"),),
        key=now.url,
    )


def _is_other_version(now: Summed, was: Summed) -> bool:
    """Whether two addresses differ in their numbers; of what the shell fills in, only the same text may be compared.

    Where both name one release, it is another mirror's number that differs, unless it stands in the file's own name.
    """
    unknown = ["$" in one.filled for one in (now, was)]
    if (any(unknown) and now.url != was.url) or unknown[0] != unknown[1]:
        return False  # the one version, or both, are the build's to say
    new, old = set(_RELEASES.findall(_path(now.filled))), set(_RELEASES.findall(_path(was.filled)))
    if new & old and (new <= old or old <= new):
        name, known = now.filled.rpartition("/")[2], was.filled.rpartition("/")[2]
        return name != known and _NUMBERS.sub("#", name) == _NUMBERS.sub("#", known)
    return _NUMBERS.findall(_path(now.filled)) != _NUMBERS.findall(_path(was.filled))


def _path(url: str) -> str:
    """Return what stands behind the host of an address: its numbers are those of a version, and of little else."""
    return url.partition("://")[2].partition("/")[2]


def _tail(url: str, other: str) -> str:
    """Return the end of an address: from the first part that another address has otherwise."""
    parts, others = url.split("/"), other.split("/")
    same = next((i for i, (a, b) in enumerate(zip(parts, others, strict=False)) if a != b), len(parts))
    return "/".join(parts[min(same, len(parts) - 1) :])


def _changed(now: Summed, was: Summed) -> tuple[Span, Variable | None]:
    """Return where the other version was written: in a variable of the address, or in the address itself."""
    for name in names_read(now.url):
        variable = now.step.scope.get(name)
        if variable is not None and now.step.scope.value_of(name) != was.step.scope.value_of(name):
            span = _written(variable, name)
            if span is not None:
                return span, variable
    return now.span, None


def _written(variable: Variable, name: str) -> Span | None:
    pairs = variable.instruction.pairs if variable.instruction is not None else ()
    return next((value.span for one, value in pairs if one.text == name and value is not None), None)
