"""See remote_script_piped_to_shell.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, once, quote, rule

_SHELLS = frozenset("sh bash ash dash zsh ksh python python3 perl ruby node php".split())
_PINNED = re.compile(r"(?<![0-9A-Za-z])(?:v?\d+\.\d+(?:\.\d+)?|[0-9a-f]{40})(?![0-9A-Za-z])")

_FED = re.compile(r"(?:\s-[a-z]*[ce]\s*[\"']?\s*(?:\$\(|`)|<\()\s*$")
"""What leads to a download whose answer is the script itself: `sh -c "$(`, `bash <(`."""


@rule(
    "remote-script-piped-to-shell",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("curl", "wget"),
    aliases=("DF021",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A script is downloaded and run unseen."""
    for stage in change.stages:
        for run in stage.runs:
            found = _piped(run)
            if found is not None:
                yield _problem(stage, run, *found)


def _piped(run: Run) -> tuple[Command, Command] | None:
    """Return the download and the shell that runs it: through a pipe, or as `sh -c "$(curl …)"`."""
    for command in run.commands:
        if command.name not in ("curl", "wget"):
            continue
        after = next(
            (c for c in run.pipelines[command.pipeline] if c.part > command.part and _runs_stdin(c)),
            None,
        )
        if after is not None:
            return command, after
        if command.nested:
            outer = next((c for c in _shells(run) if c.start < command.start < c.end), None)
            if outer is not None and _FED.search(command.source.text[outer.start : command.start]):
                return command, outer
    return None


@once
def _shells(run: Run) -> list[Command]:
    return [command for command in run.commands if command.name in _SHELLS]


def _runs_stdin(command: Command) -> bool:
    """Whether a shell reads its script from the pipe: it has no script of its own and no `-c`."""
    if command.name not in _SHELLS or command.has("-c", "-m", "-e"):
        return False
    operands = command.operands(("-o", "-O"))
    return not operands or operands[0].value in ("-", "/dev/stdin") or command.has("-s")


def _problem(stage: Stage, run: Run, download: Command, shell: Command) -> Problem:
    url = next((w.value for w in download.args if "://" in w.value), "")
    pinned = bool(_PINNED.search(url)) and download.pipefail
    return Problem(
        download.span,
        f"{stage.label} runs a script from {quote(url) if url else 'the network'} unseen: {quote(download.name)} "
        "pipes it "
        f"into {quote(shell.name)}. Whoever controls that address, today or next year, runs commands in this build, "
        "and a download that breaks off runs half of them. Download it, check its SHA-256, then run it.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=url,
        severity=Severity.INFO if pinned else None,
    )
