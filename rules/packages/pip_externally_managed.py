"""See pip_externally_managed.md."""

import re
from collections.abc import Iterator

from rules.api import (
    ROOT_NAMES,
    Category,
    Confidence,
    DockerfileChange,
    ImageFacts,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    once,
    quote,
    rule,
)
from rules.packages.options import spelled
from rules.packages.pins.python_indexes import is_configured
from rules.packages.versions.tools import is_of_python_2

_FIRST = {"debian": (12,), "ubuntu": (23, 4), "alpine": (3, 19)}
"""The first release whose Python carries the mark of PEP 668."""

_SHOWN = {"debian": "Debian 12", "ubuntu": "Ubuntu 23.04", "alpine": "Alpine 3.19"}
_BRINGS = {"apt": ("python3", "pipx"), "apk": ("python3", "py3-pip", "py-pip", "pipx")}
"""How the names begin of the packages with which the system's Python comes, by package manager."""

_WITH_VENV = ("python3-venv", "python3-full", "virtualenv", "python3-virtualenv")
"""Packages of Debian and Ubuntu without which `python3 -m venv` stops: “ensurepip is not available”."""

_PIPS = ("python3-pip", "py3-pip", "py-pip", "pip", "python3-full", "pipx")
_OWN_PLACE = ("--break-system-packages", "--target", "--prefix", "--root", "--dry-run", "--python")

_OF_PYTHON_ITSELF = re.compile(
    r"py(?:thon)?3-(?:pip|venv|virtualenv|dev|full|minimal|setuptools|wheel|distutils|doc|dbg|pkg-resources|cachecontrol|"
    r"setuptools-whl|pip-whl|build|tk|gdbm|lib2to3)(?:-.*)?"
)
"""Packages of the distribution that bring Python, or what installs for it; other `python3-…` are modules."""
_PACKING = frozenset({"bdist", "bdist_dumb", "bdist_rpm"})
"""Commands of `setup.py` that pack the folders of the Python that runs them, `venv/bin/shop` and all (tried)."""

_OTHER_PYTHONS = (
    *("-m venv", "virtualenv", "get-pip.py", "deadsnakes", "make altinstall", "uv venv", "uv python"),
    *("EXTERNALLY-MANAGED", "break-system-packages", "activate", "conda", "pyenv"),
)
"""What a RUN says that makes another Python, or an exception."""


@rule(
    "pip-externally-managed",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("pip",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python that belongs to the distribution is asked to take packages from pip, and refuses."""
    for stage, run, call in change.after.layers.all_calls:
        distro = _refusing(stage)
        if distro is None or not _meets_the_mark(stage, run, call):
            continue
        yield Problem(
            call.command.span,
            f"{stage.label} calls {quote(spelled(call))} for the system's own Python. From {_SHOWN[distro]} on that "
            f"Python is managed by {'apk' if distro == 'alpine' else 'apt'} alone (PEP 668): {_refusal(call)}, and the "
            f"build with it. {_way_out(stage, run, call)}",
            Confidence.LIKELY,
            doubt="the image may have another Python in front of it",
            stage=stage.key,
            decision="externally managed",
        )


def is_refused_upon(stage: Stage, newer: ImageFacts | None) -> bool:
    """Tell whether the Python of a newer image of the stage's distribution refuses what its own takes from pip."""
    distro = _managing(stage)
    if distro is None or newer is None or newer.distro != distro or newer.release is None:
        return False
    if _release(stage) >= _FIRST[distro] or newer.release.numbers < _FIRST[distro]:
        return False
    return any(_meets_the_mark(stage, run, call) for run in stage.runs for call in run.package_calls)


def _meets_the_mark(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether a call installs into the system's Python, and nothing lets it do so where that is marked."""
    if not _is_for_the_system(call) or call.has(*_OWN_PLACE) or call.command.after == "||":
        return False
    return _is_systems_python(run, call) and not is_configured(run) and _has_pip(stage, call)


def _is_for_the_system(call: PackageCall) -> bool:
    """Whether it installs into the Python that it finds: pip does by itself, uv where it is told to."""
    if call.manager == "uv":
        wanted = call.has("--system") or call.env.get("UV_SYSTEM_PYTHON") in ("1", "true")
        return call.verb == "pip install" and wanted and not call.env.get("UV_BREAK_SYSTEM_PACKAGES")
    return call.manager == "pip" and call.action == "install" and not is_of_python_2(call)  # which knows no PEP 668


def _refusal(call: PackageCall) -> str:
    if call.manager == "uv":
        return "uv stops with “The interpreter at /usr is externally managed”"
    return "pip stops with `externally-managed-environment`"


def _way_out(stage: Stage, run: Run, call: PackageCall) -> str:
    """Name an environment of one's own; Debian's and Ubuntu's Python makes one with a package more, uv without."""
    place = "/opt/venv" if run.user.value in (None, *ROOT_NAMES) else "~/venv"
    if call.manager == "uv":
        return (
            f"Install into a virtual environment: {quote(f'uv venv {place}')}, {quote(f'VIRTUAL_ENV={place}')}, its "
            f"{quote('bin')} first in {quote('PATH')}, and no {quote('--system')}."
        )
    lacks = stage.runtime.package_manager == "apt" and not stage.packages.has(*_WITH_VENV)
    more = f"{quote('python3-venv')} from apt, " if lacks else ""
    seen = " --system-site-packages" if _uses_modules(stage) else ""
    return (
        f"Install into a virtual environment: {more}{quote(f'python3 -m venv{seen} {place}')}, and its {quote('bin')} "
        f"first in {quote('PATH')}.{_kept_below(stage, call)}"
    )


def _uses_modules(stage: Stage) -> bool:
    """Whether modules come from the distribution's packages, which an environment does not see by itself."""
    names = (item.name for item in stage.packages.present if item.manager in _BRINGS)
    return any(name.startswith(("python3-", "py3-")) and not _OF_PYTHON_ITSELF.fullmatch(name) for name in names)


def _kept_below(stage: Stage, call: PackageCall) -> str:
    """Name a later command that has to stay with the system's Python: an archive of its own folders is made there."""
    below = (command for run in stage.done_runs for command in run.calls("python3", "python"))
    for command in below:
        words = {word.value for word in command.args}
        if command.start > call.command.start and "setup.py" in words and not _PACKING.isdisjoint(words):
            return (
                f" {quote(str(command), 60)} (line {command.line}) then packs the environment's folders: call "
                "`/usr/bin/python3` there."
            )
    return ""


@once
def _refusing(stage: Stage) -> str | None:
    """Return the distribution where its own Python is the only one and refuses pip."""
    distro = _managing(stage)
    return distro if distro is not None and _release(stage) >= _FIRST[distro] else None


def _managing(stage: Stage) -> str | None:
    """Return the distribution where its own Python is the only one, in whatever release."""
    facts = stage.facts
    if facts is None or facts.distro not in _FIRST:
        return None
    if "python" in facts.languages or not facts.is_plain:
        return None
    brought = any(
        item.manager in _BRINGS and item.name.startswith(_BRINGS[item.manager]) for item in stage.packages.installed
    )
    return facts.distro if brought else None


def _has_pip(stage: Stage, call: PackageCall) -> bool:
    """Whether a package brings the system's pip, without which another fault stops the build; uv needs none."""
    return call.manager == "uv" or stage.packages.has(*_PIPS)


def _release(stage: Stage) -> tuple[int, ...]:
    """Return the numbers of the base's release; of an Alpine that names none, or the 3 alone, those of the newest."""
    facts, reference = stage.facts, stage.root.reference
    newest = facts is not None and facts.name == "alpine" and reference is not None and reference.digest is None
    if newest and reference is not None and reference.tag in (None, "latest", "3"):
        return _FIRST["alpine"]
    return facts.release.numbers if facts is not None and facts.release is not None else ()


def _is_systems_python(run: Run, call: PackageCall) -> bool:
    """Whether nothing says that another Python, or an exception, is meant."""
    program = call.command.program
    if program is None or "/" in program.value or "$" in program.value or call.env.get("PIP_BREAK_SYSTEM_PACKAGES"):
        return False
    other = _another_python(run.stage)
    if other is not None and other.at <= run.at:
        return False
    return "venv" not in str(call.env.get("PATH", ""))


@once
def _another_python(stage: Stage) -> Run | None:
    """Return the first RUN that makes another Python, or lets the system's take packages."""
    texts = ((run, run.instruction.whole_value.replace('"', "").replace("'", "")) for run in stage.all_runs)
    return next((run for run, text in texts if any(mark in text for mark in _OTHER_PYTHONS)), None)
