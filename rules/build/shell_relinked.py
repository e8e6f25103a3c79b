"""See shell_relinked.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    Problem,
    Run,
    Severity,
    Stage,
    quote,
    replace,
    rule,
)
from rules.build.shells.bash_constructs import SURELY
from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY

_SH = ("/bin/sh", "/usr/bin/sh")
_ANSWER = re.compile(r"\bdash/sh\s+boolean\s+false\b")
"""What debconf is told, so that the package dash leaves `/bin/sh` to bash."""


@rule(
    "shell-relinked",
    severity=Severity.INFO,
    category=Category.MAINTAINABILITY,
    default="info",
    keywords=("RUN",),
    mentions=("bin", "dash/sh"),
    aliases=("DL4005",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A RUN replaces /bin/sh by another shell."""
    for stage in change.stages:
        for run in stage.runs:
            for command, shell in _relinked(run):
                if not _has_none(stage) and not _is_its_own(stage, shell) and not _makes_first(stage, run, command):
                    yield _problem(stage, run, command, shell)


_OF_DISTRIBUTIONS = {
    **dict.fromkeys(DEBIAN_FAMILY, ("dash",)),
    **dict.fromkeys((*REDHAT_FAMILY, "archlinux", "opensuse", "sles"), ("bash",)),
    "alpine": ("ash", "busybox"),
}
"""What each distribution ships as `/bin/sh`."""


def _is_its_own(stage: Stage, shell: str) -> bool:
    """Whether the link leads where the distribution's own does: it changes nothing, or changes it back."""
    return shell.rpartition("/")[2] in _OF_DISTRIBUTIONS.get(stage.runtime.distribution or "", ())


_SHELLS = ("bash", "zsh", "ksh", "mksh", "dash", "ash")
"""Those that `SHELL` can name with `-c`; a BusyBox goes by the name that it is called by."""


def _line(shell: str) -> str | None:
    """Return the instruction that names a shell; `None` where what is linked may be none."""
    if shell.rpartition("/")[2] not in _SHELLS:
        return None
    return f'SHELL ["{shell if shell.startswith("/") else f"/bin/{shell}"}", "-c"]'


def _way_out(stage: Stage, run: Run, shell: str) -> str:
    """Offer SHELL to a RUN below that a shell reads; else it is for what runs in the image, which can say so."""
    line = _line(shell)
    below = any(one.index > run.index and one.instruction.exec_form is None for one in stage.runs)
    if line is not None and below:
        return f" If only this file needs that shell, say {quote(line)}."
    first = f"#!{shell if shell.startswith('/') else f'/bin/{shell}'}"
    return f" A script that needs it can say so in its first line ({quote(first)})." if line is not None else ""


def _problem(stage: Stage, run: Run, command: Command, shell: str) -> Problem:
    missing = shell.rpartition("/")[2] == "bash" and stage.runtime.lacks("bash")
    if missing:
        text = (
            f"{stage.label} puts {quote(shell)} in the place of `/bin/sh`, and {quote(stage.root.base_text or '')} "
            "has no bash, nor does anything install it. Whatever asks for `/bin/sh` finds nothing then, each `RUN` "
            "below included. Take it out, or install bash first."
        )
    else:
        text = (
            f"{stage.label} makes `/bin/sh` {quote(shell)} for every script of the image, "
            f"those of the distribution's packages included.{_way_out(stage, run, shell)}"
        )
    return Problem(
        command.span,
        text,
        Confidence.LIKELY if missing else Confidence.CERTAIN,
        doubt="a package or a script may bring bash along" if missing else "",
        instruction=run.instruction,
        stage=stage.key,
        fix=None if missing else _fix(stage, run, shell),
    )


def _fix(stage: Stage, run: Run, shell: str) -> Fix | None:
    """Say it by SHELL where a RUN below is seen to need bash: else the link is there for what runs in the image."""
    line = _line(shell)
    alone = len(run.commands) == 1 and "bash" in shell and run.instruction.exec_form is None
    later = (one for one in stage.runs if one.index > run.index)
    needed = any(construct.kind in SURELY | {"pipefail"} for one in later for construct in one.script.constructs)
    if line is None or not alone or not needed:
        return None
    return Fix("Use SHELL", (replace(run.instruction.source, run.instruction.span, line),))


def _has_none(stage: Stage) -> bool:
    """Whether the base has no `/bin/sh`, so that the link makes one: distroless, with its busybox elsewhere."""
    facts, reference = stage.facts, stage.root.reference
    named = facts is None and reference is not None and "distroless" in reference.path
    return stage.root.is_scratch or named or (facts is not None and facts.has_shell is False)


def _makes_first(stage: Stage, run: Run, command: Command) -> bool:
    """Whether a plain `ln -s` makes the link, which fails where there is one: nothing took the old one away."""
    if command.name != "ln" or command.has("-f", "--force", "-b", "--backup"):
        return False
    before = (one for step in stage.done_runs if step.at <= run.at for one in step.calls("rm", "mv", "unlink"))
    return not any(word.value.rpartition("/")[2] == "sh" for one in before for word in one.args)


def _relinked(run: Run) -> Iterator[tuple[Command, str]]:
    """Yield the commands that put another program at /bin/sh, and which."""
    if not run.calls("ln", "mv", "cp", "dpkg-reconfigure"):
        return
    folder = run.workdir.value or ""
    for command in run.calls("cd", "ln", "mv", "cp", "dpkg-reconfigure"):
        operands = command.operands(("-t", "-S"))
        match command.name:
            case "cd" if len(operands) == 1:
                folder = operands[0].value
            case "ln" | "mv" | "cp" if len(operands) == 2 and _in(folder, operands[1].value) in _SH:  # noqa: PLR2004 - from, to
                yield command, operands[0].value
            case "dpkg-reconfigure" if "dash" in [o.value for o in operands] and _ANSWER.search(run.instruction.text):
                yield command, "bash"


def _in(folder: str, path: str) -> str:
    return path if path.startswith("/") else f"{folder.rstrip('/')}/{path}"
