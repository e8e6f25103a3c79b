"""Package sources that a build adds to those of its distribution."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lazily import once
from rules.model.puts import folders_of, within_any
from rules.model.steps import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.dockerfile.package_calls import PackageCall
    from rules.model.puts import Put
    from rules.model.stage import Stage

_ADDS = (
    (
        ("/etc/apt/", ".list", "-repository", "extrepo", "-key", "ppa:", "nodesource", "packagecloud"),
        re.compile(
            r"/etc/apt/(?:sources|trusted|keyrings|preferences)|sources\.list|add-apt-repository|apt-add-repository|"
            r"extrepo|apt-key|ppa:(?<!\wppa:)|deb\.nodesource|packagecloud"
        ),
    ),
    ((".deb",), re.compile(r"(?:release|config|repo|keyring|apt)[^/\s]{0,60}\.deb\b")),
    (
        ("curl", "wget"),
        re.compile(r"(?:curl|wget)(?<!\w{5})\b[^|;&]{0,300}\|\s*(?:sudo\s+)?(?:-E\s+)?(?:\S*/)?(?:ba|da|z)?sh\b"),
    ),
    (("$(", "<("), re.compile(r"\b(?:ba|da|z)?sh\s+(?:-\w+\s+)?[\"']?(?:\$\(|<\()\s*(?:curl|wget)\b")),
)
"""What adds a source to apt's, or may: a list or a key, a repository's own package, a script out of the net.

Each pattern is searched for where one of the words in front of it stands, which takes a tenth of the time.
"""
_BRINGS = re.compile(r"/etc/ap[tk]\b|\.deb\b|dpkg\b|snapshot\.debian|archive\.debian")
"""What else may bring a package: any setting of the managers', a package file, the distribution's own archives."""
NODESOURCE = "deb.nodesource.com/setup_"
"""NodeSource's set-up scripts, which run `apt-get update`, first of all and at their end."""
_OF_NODESOURCE = frozenset({"", "curl", "wget", "bash", "sh", "set", "echo", "apt-get", "apt", "rm"})
_SETTINGS = re.compile(r"/etc/dpkg/dpkg\.cfg\.d/[\w.-]+|/etc/apt/apt\.conf\.d/[\w.-]+")
"""Files of settings, which bring no packages unless they name where to ask."""
_NAMES_A_PLACE = re.compile(r"proxy|mirror|://|sources|::dir|insecure|trusted", re.IGNORECASE)
_OWN_MIRRORS = re.compile(
    r"echo\s+(?:-e\s+)?(?P<quote>[\"'])deb(?:-src)?(?:\s+\[[^\]\"'$]{0,200}\])?\s+https?://"
    r"(?:(?:[a-z]{2}\.)?archive\.ubuntu\.com/ubuntu|security\.ubuntu\.com/ubuntu|deb\.debian\.org/debian)/?\s+"
    r"(?P<suite>[\w-]+)[\w\s-]{0,200}(?P=quote)\s*(?:>>?|\|\s*tee\s+(?:-a\s+)?)\s*/etc/apt/sources\.list(?!\.)"
)
"""A line that names what the distribution's own image asks."""
_OF_THE_SYSTEM = ("/etc", "/usr", "/var", "/bin", "/sbin", "/lib", "/lib64")
_OF_SCRIPTS = re.compile(r"/(?:build|docker|scripts?)(?:[-_]?(?:build|files?|scripts?))?(?:/|\Z)")
"""How folders of scripts are called that a RUN may call by a name which it looks up."""
_HARMLESS_COPY = ("/usr/share", "/usr/local/share", "/usr/src", "/var/www")
"""Where no manager reads its sources, as long as no RUN calls a program there."""


def adds_source_before(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Tell whether a package may come from another source than the distribution's, under a name that both have.

    Args:
        stage: The stage whose chain is looked at.
        run: The RUN of the install.
        call: The install.
    """
    return _is_before(_first_source(stage), run, call)


def has_other_sources(stage: Stage) -> bool:
    """Tell whether packages can come from elsewhere at all: a source or file that is added, a copy that may be one."""
    return _first_other(stage) is not None


def may_come_from_elsewhere(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Tell whether that is so by the time of an install: what is added further down is not asked yet.

    Args:
        stage: The stage whose chain is looked at.
        run: The RUN of the install.
        call: The install.
    """
    return _is_before(_first_other(stage), run, call)


def _is_before(first: tuple[int, int, int] | None, run: Run, call: PackageCall) -> bool:
    return first is not None and first < (*run.at, call.command.start)


@once
def _first_other(stage: Stage) -> tuple[int, int, int] | None:
    """Return the place of the first thing that may bring packages from elsewhere, as `_first_source` has it."""
    source = _first_source(stage)
    return min([*_others(stage)] if source is None else [*_others(stage), source], default=None)


def may_ask_other_mirrors(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Tell whether apt may ask other mirrors for the distribution's own packages than the base image names.

    NodeSource's script adds a list beside that of the distribution, which stays as it is.

    Args:
        stage: The stage whose chain is looked at.
        run: The RUN of the call.
        call: What fetches the lists.
    """
    return _is_before(_first_other_mirror(stage), run, call)


@once
def _first_other_mirror(stage: Stage) -> tuple[int, int, int] | None:
    """Return the same place, where what only pipes NodeSource's script is no such thing."""
    harmless = {run.at for run in stage.all_runs if only_adds_nodesource(run)}
    found = [place for place in (*_others(stage), *_sources(stage)) if place[:2] not in harmless]
    return min(found, default=None)


@once
def only_adds_nodesource(run: Run) -> bool:
    """Tell whether a RUN pipes NodeSource's script into a shell, and installs packages at most beside that."""
    return NODESOURCE in run.instruction.whole_value and {command.name for command in run.commands} <= _OF_NODESOURCE


def _others(stage: Stage) -> Iterator[tuple[int, int, int]]:
    """Yield the places of what may bring packages and is no source that is added."""
    for run in stage.done_runs:
        if (match := _BRINGS.search(_text(run))) is not None:
            yield (*run.at, run.instruction.span.start + match.start())
    for put in stage.files.puts:
        if put.kind in ("context", "stage") and _may_bring(stage, put):
            yield (*put.step.at, 0)


def _may_bring(stage: Stage, put: Put) -> bool:
    """Whether what a COPY puts somewhere may hold a list of sources, or a program that adds one."""
    if put.path == "/" or put.path.rstrip("/") in _called(stage):
        return True
    if _OF_SCRIPTS.match(put.path):
        return put.tree
    return within_any(put.path, _OF_THE_SYSTEM) and not within_any(put.path, _HARMLESS_COPY)


@once
def _called(stage: Stage) -> frozenset[str]:
    """The programs that the RUNs call by their full path, with the folders above them."""
    programs = (c.program.value for run in stage.done_runs for c in run.commands if c.program is not None)
    return frozenset(place for program in programs if program.startswith("/") for place in folders_of(program))


@once
def _first_source(stage: Stage) -> tuple[int, int, int] | None:
    """Return the place of the first source that a chain adds: its stage's, its step's, and that in the file."""
    return min(_sources(stage), default=None)


def _sources(stage: Stage) -> Iterator[tuple[int, int, int]]:
    for run in stage.all_runs:
        for match in _adds(_text(run)):
            yield (*run.at, run.instruction.span.start + match.start())
    for put in stage.files.puts:
        if put.path.startswith("/etc/apt/sources") and not _is_own(put):
            yield (*put.step.at, put.command.start if put.command is not None else 0)


@once
def _text(run: Run) -> str:
    """Return a RUN with blanks for settings that name no place, and for the mirrors that the image has anyhow."""
    text = run.instruction.text
    if "/etc/" not in text:
        return text
    if _NAMES_A_PLACE.search(text) is None:
        return _SETTINGS.sub(_blanks, text)
    release = run.stage.runtime.release
    codename = release.codename if release is not None else None
    return _OWN_MIRRORS.sub(lambda found: _blanks(found) if found["suite"] == codename else found[0], text)


def _is_own(put: Put) -> bool:
    """Whether a RUN writes there what the image asks anyhow, and nothing else."""
    run = put.step
    return isinstance(run, Run) and "/etc/apt/sources" in run.instruction.text and "/etc/apt/sources" not in _text(run)


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _adds(text: str) -> Iterator[re.Match[str]]:
    """Yield the first place of each kind at which a text adds a source."""
    for signs, pattern in _ADDS:
        if any(sign in text for sign in signs) and (match := pattern.search(text)) is not None:
            yield match
