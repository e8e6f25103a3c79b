"""See pip_externally_managed.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, PackageCall, Problem, Run, Severity, Stage, quote, rule
from rules.packages.options import spelled

_FIRST = {"debian": 12.0, "ubuntu": 23.04}
"""The first release whose Python carries the mark of PEP 668."""

_OWN_PLACE = ("--break-system-packages", "--target", "--prefix", "--root", "--dry-run", "--python")


@rule(
    "pip-externally-managed",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    default="info",
    keywords=("RUN",),
    mentions=("pip",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A Python that belongs to the distribution is asked to take packages from pip, and refuses."""
    for stage, run, call in change.after.layers.all_calls:
        if call.manager != "pip" or call.action != "install" or call.has(*_OWN_PLACE):
            continue
        release = _refusing_release(stage)
        if release is None or not _is_systems_python(run, call):
            continue
        yield Problem(
            call.command.span,
            f"{stage.label} calls {quote(spelled(call))} for the system's own Python. From {release} on that Python is "
            "managed by apt alone (PEP 668): pip stops with `externally-managed-environment`, and the build with it. "
            f"Install into a virtual environment: {quote('python3 -m venv /opt/venv')}, and its {quote('bin')} first "
            "in "
            f"{quote('PATH')}.",
            Confidence.LIKELY,
            doubt="the image may have another Python in front of it",
            stage=stage.key,
        )


def _refusing_release(stage: Stage) -> str | None:
    """Return the distribution's release where apt's Python is the only one and refuses pip."""
    facts = stage.facts
    if facts is None or facts.kind != "os" or facts.distro not in _FIRST or facts.release is None:
        return None
    if not any(
        item.manager == "apt" and item.name.startswith(("python3", "pipx")) for item in stage.packages.installed
    ):
        return None
    number = facts.release.number
    if number is None or float(number) < _FIRST[facts.distro]:
        return None
    return f"{facts.distro.capitalize()} {_FIRST[facts.distro]:g}"


def _is_systems_python(run: Run, call: PackageCall) -> bool:
    """Whether nothing says that another Python, or an exception, is meant."""
    program = call.command.program
    if program is None or "/" in program.value or "$" in program.value or call.env.get("PIP_BREAK_SYSTEM_PACKAGES"):
        return False
    for other in run.stage.all_runs:
        text = other.instruction.value
        if any(mark in text for mark in ("EXTERNALLY-MANAGED", "break-system-packages", "activate", "conda", "pyenv")):
            return False
        if any(
            mark in text for mark in ("-m venv", "virtualenv", "get-pip.py", "deadsnakes", "make altinstall", "uv venv")
        ):
            return False
        if other is run:
            break
    return "venv" not in str(call.env.get("PATH", ""))
