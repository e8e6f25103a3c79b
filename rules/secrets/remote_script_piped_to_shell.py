"""See remote_script_piped_to_shell.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, Confidence, DockerfileChange, Problem, Run, Severity, Stage, once, quote, rule
from rules.dockerfile.shell.nested import SHELLS
from rules.secrets.downloads.addresses import branch_of, is_by_content, named_risk
from rules.secrets.downloads.fetched import urls, versionless
from rules.secrets.downloads.known_installers import instead_of

_INTERPRETERS = re.compile(r"(?:python|perl|ruby|node|php)[\d.]*")
_PINNED = re.compile(r"(?<![0-9A-Za-z])v?\d+\.\d+(?:\.\d+)?(?![0-9A-Za-z])")

_WHOLE = re.compile(
    r"https?://(?:sh\.rustup\.rs|get\.docker\.com|test\.docker\.com|astral\.sh/(?:uv|ruff)/|get\.k3s\.io|"
    r"(?:releases\.)?nixos\.org/(?:[\w./-]+/)?install\b|(?:www\.)?tailscale\.com/install\.sh|install\.ohmyz\.sh|"
    r"raw\.github(?:usercontent)?\.com/(?:(?:nvm-sh|creationix)/nvm|(?:ohmyzsh|robbyrussell)/(?:ohmyzsh|oh-my-zsh))/)"
)
"""Well-known scripts that run nothing before their last line has come: all is in functions or in braces.

Their own texts; of nvm, Tailscale and Nix comments in them say that it is for this reason.
"""
_READ_TEXT = frozenset({"eval", "source", "."})
"""What the shell itself runs."""
_FED = re.compile(r"(?:\s-[a-z]*[ce]\s*[\"']?\s*(?:\$\(|`)|<\()\s*$")
"""What leads to a download whose answer is the script itself: `sh -c "$(`, `bash <(`."""
_EVALUATED = re.compile(r"(?:eval|source|\.)\s+[\"']?(?:\$\(|`|<\()\s*$")
_POWERSHELL = re.compile(
    r"(?:\b(?:iex|Invoke-Expression)\b[^;\n]*?\b(?:DownloadString|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b[^;\n]*|"
    r"\b(?:DownloadString|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b[^;\n]*\|\s*(?:iex|Invoke-Expression)\b)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://[^\s'\"`)]+")


@rule(
    "remote-script-piped-to-shell",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("curl", "wget", "iex", "invoke-expression"),
    aliases=("DF021",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A script is downloaded and run unseen."""
    for stage in change.stages:
        for run in stage.runs:
            found = piped(run)
            if found is None:
                yield from _in_powershell(stage, run)
            elif not is_by_content(run.scope.expand(url := _url(run, found[0])) or url):
                yield _problem(stage, run, *found, url)


def piped(run: Run) -> tuple[Command, Command] | None:
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
            around = [c for c in _shells(run) if c.start < command.start < c.end]
            for outer in around:
                pattern = _EVALUATED if outer.name in _READ_TEXT else _FED
                if pattern.search(command.source.text[outer.start : command.start]):
                    return command, outer
    return None


@once
def _shells(run: Run) -> list[Command]:
    return [command for command in run.commands if command.name in _READ_TEXT or _reads_scripts(command.name)]


def _reads_scripts(name: str) -> bool:
    return name in SHELLS or _INTERPRETERS.fullmatch(name) is not None


def _runs_stdin(command: Command) -> bool:
    """Whether a shell reads its script from the pipe: it has no script of its own and no `-c`."""
    if not _reads_scripts(command.name):
        return False
    operands = command.operands(("-o", "-O"))
    if operands and operands[0].value in ("-", "/dev/stdin"):
        return True  # what follows are arguments of the script
    if command.has("-c") or (command.name not in SHELLS and command.has("-m", "-e", "-r")):
        return False  # the script stands in the words; to a shell, -e, -m and -r are settings
    if command.name in SHELLS and command.has("-n"):
        return False  # which reads a script and runs none of it
    words = [word.value for word in command.args]
    only_arguments = command.name == "php" and words[:1] == ["--"]
    return not operands or only_arguments or command.has("-s")


def _in_powershell(stage: Stage, run: Run) -> Iterator[Problem]:
    """Find `iex (… DownloadString(…))` and `irm … | iex`; PowerShell itself is not read."""
    instruction = run.instruction
    text = instruction.text.lower()
    match = _POWERSHELL.search(instruction.text) if "iex" in text or "invoke-expression" in text else None
    address = _ADDRESS.search(match[0]) if match is not None else None
    url = address[0] if address is not None else ""
    if match is None or is_by_content(url):
        return
    start = instruction.span.start + match.start()
    yield Problem(
        instruction.source.span(start, start + len(match[0])),
        f"{stage.label} runs a script from {quote(url) if url else 'the network'} unseen: PowerShell evaluates what it "
        "answers. Whoever controls that address, today or next year, runs commands in this build. "
        f"{_way_out(run, url, 'SHA-256 (`Get-FileHash`)')}",
        Confidence.CERTAIN,
        instruction=instruction,
        stage=stage.key,
        key=versionless(url),
        wherever=True,
    )


def _way_out(run: Run, url: str, check: str) -> str:
    """Say what to do instead: a sum holds for what keeps still, and of the rest something else is wanted."""
    known = instead_of(url, run.stage.model.code)
    if known is not None:
        return known
    if not url or named_risk(run, url) is None:
        return f"Download it, check its {check}, then run it."
    branch = branch_of(url)
    moves = f"`{branch}` is another file after each commit" if branch else "The file there may change with each release"
    return (
        f"{moves}, so no sum of it lasts: take the script from a tag or a commit, check the {check} of that, then run "
        "it. Or do without: install a package, or copy the program of a version out of its image."
    )


def _url(run: Run, download: Command) -> str:
    return next((one.word.value if "://" in one.word.value else one.text for one in urls(download, run)), "")


def _problem(stage: Stage, run: Run, download: Command, shell: Command, url: str) -> Problem:
    how = "hands it to" if shell.start < download.start < shell.end else "pipes it into"
    parted = shell.name in {*SHELLS, *_READ_TEXT} and not _WHOLE.match(url)
    half = ", and a download that breaks off may run half of them" if parted else ""
    pinned = bool(_PINNED.search(url)) and download.pipefail
    return Problem(
        download.span,
        f"{stage.label} runs a script from {quote(url) if url else 'the network'} unseen: {quote(download.name)} "
        f"{how} {quote(shell.name)}. Whoever controls that address, today or next year, runs commands in this build"
        f"{half}. {_way_out(run, url, 'SHA-256')}",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage.key,
        key=versionless(run.scope.expand(url) or url),
        wherever=True,
        severity=Severity.INFO if pinned else None,
    )
