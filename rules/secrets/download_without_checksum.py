"""See download_without_checksum.md."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from rules.api import (
    Category,
    Command,
    Confidence,
    Copy,
    CopySource,
    DockerfileChange,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    Step,
    once,
    quote,
    rule,
    written_by,
)
from rules.quoting import listed
from rules.secrets.downloads.addresses import SCRIPT, TRUST, is_by_content, judged, named_risk
from rules.secrets.downloads.checked_later import SAVING, address_of, is_checked
from rules.secrets.downloads.checks import forgiven_checks
from rules.secrets.downloads.fetched import (
    FETCHERS,
    Url,
    added_name,
    in_the_clear,
    is_in_substitution,
    is_local,
    is_saved,
    keeps_nothing,
    saved_name,
    split_url,
    stages_that_count,
    urls,
    versionless,
)
from rules.secrets.downloads.kept_releases import keeper_of
from rules.secrets.downloads.names import downloaded_name
from rules.secrets.downloads.opened_unseen import is_opened_unseen
from rules.secrets.downloads.scripts_run import INTERPRETERS, is_executed, is_interpreted, is_run_behind

_ARTIFACT = re.compile(
    r"\.(?:tar(?:\.\w+)?|t[gbx]z2?|zip|jar|war|deb|rpm|gz|xz|bz2|zst|whl|bin|exe|run|msi|appimage|so|phar|dll)(?:[?#]|$)|"
    r"/(?:tar|zip)ball(?:/|$)",
    re.IGNORECASE,
)
_NO_PROGRAM = re.compile(
    r"\.(?:asc|(?:mini)?sig|sigstore|gpg|key|pub|list|repo|sha\d*|sha\d+sum|md5|txt|json|ya?ml|conf|cfg|html?|xml|md|sh|py|css|pem|crt)(?:[?#]|$)|KEY|[Kk]eyring|/gpg(?:[?#]|$)",
    re.IGNORECASE,
)
_API = re.compile(r"://api\.|/api/v?\d|/info/refs\b", re.IGNORECASE)
"""Where a server answers questions: `ADD` of the head of a branch renews the layers below when it moves."""
_PAPERS = re.compile(
    r"(?:^|[/._-])(?:licen[cs]e|copying|notice|readme|changelog|\w*sums?)(?:\.\w+)?(?:[?#]|$)", re.IGNORECASE
)
"""Texts that come with a program, and the list of its sums."""
_BESIDE = re.compile(r"\.(?:asc|(?:mini)?sig|sha\d+\w*|md5\w*|sigstore(?:\.json)?)$")
"""The ending under which a file's signature or sum lies beside it."""
_PLATFORM = re.compile(r"\$\{?\w+\}?|\$\([^()]*\)|`[^`]*`|(?:amd|arm|aarch)(?:64|hf)|x86_64|x64")
_RELEASE = re.compile(r"v?#(?:\.#)*(?:[-.]?(?:alpha|beta|dev|final|post|pre|rc|[a-z])(?![a-z])#?)?", re.IGNORECASE)
"""What a release comes to without its numbers, written out or by a variable: `3.4`, `v1.0rc2`, `1.1.1w`."""
_PROGRAMS = ("/bin", "/sbin")
_VERSIONS = re.compile(r"[-_.]?v?\d+(?:\.\d+)*|\$\{?\w+\}?")


@rule(
    "download-without-checksum",
    severity=Severity.INFO,
    category=Category.SECURITY,
    default="info",
    keywords=("RUN", "ADD"),
    mentions=("https://", "http://", "ftp://", "ftps://"),
    aliases=("S6474",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program is downloaded and nothing checks that it is the right one."""
    for stage in stages_that_count(change):
        for step in stage.steps:
            if isinstance(step, Run):
                yield from _in_run(change, stage, step)
            elif isinstance(step, Copy) and step.is_add and step.instruction.flag("checksum") is None:
                yield from _in_add(stage, step)


def _in_run(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[Problem]:
    """Yield one problem for all that a RUN downloads and does not check, and name what is new of it."""
    found = {_identity(url.text): url for url in reversed(_unchecked(run))}
    if not found:
        return
    urls_found = tuple(reversed(found.values()))
    names = tuple(_name(url.text) for url in urls_found)
    fresh = change.fresh("download-without-checksum", stage, names)
    new = [url for url, name in zip(urls_found, names, strict=True) if name in fresh]
    first, *others = sorted(new, key=lambda url: _keeper(run, url) is not None)
    risk = named_risk(run, first.text), _keeper(run, first)
    alike = [first.text, *(u.text for u in others if (named_risk(run, u.text), _keeper(run, u)) == risk)]
    piped = is_in_substitution(first.command) or len({c.part for c in run.pipelines[first.command.pipeline]}) > 1
    problem = _problem(stage, run, alike, first.word.span, piped=piped, items=tuple(dict.fromkeys(names)))
    problem = replace(problem, cause=in_the_clear((url.text for url in new), run.instruction.span))
    sure = problem.confidence is Confidence.LIKELY and all(is_opened_unseen(run, url) for url in new)
    yield replace(problem, confidence=Confidence.CERTAIN) if sure else problem


def _keeper(run: Run, url: Url) -> str | None:
    return keeper_of(run.scope.expand(url.text) or url.text)


def _unchecked(run: Run) -> list[Url]:
    fetchers = run.calls(*SAVING)
    executable = bool(fetchers) and any(command.name in ("chmod", "install") for command in run.commands)
    found: list[Url] = []
    for command in fetchers:
        if _is_run_unseen(run, command) or (command.before == "||" and found):
            continue  # behind `||` the same is sought in another place
        url = next((url for url in urls(command, run) if _is_program(run, url, executable=executable)), None)
        if url is not None and not is_checked(run, saved_name(url)) and not _is_left_to_script(run, url):
            found.append(url)
    return found


def _name(url: str) -> str:
    """Return what tells a download from those of before the change, whichever mirror it comes from."""
    return downloaded_name(url) or _identity(url)


def _identity(url: str) -> str:
    """Return what tells a download from others, whatever its version and its platform are, `v` in front or not."""
    return _RELEASE.sub("#", versionless(_PLATFORM.sub("#", url.partition("://")[2])))


def _is_run_unseen(run: Run, download: Command) -> bool:
    """Whether a shell reads the download, which is `remote-script-piped-to-shell`."""
    beside = (command for command in run.pipelines[download.pipeline] if command.start != download.start)
    return any(command.name in INTERPRETERS for command in beside)


def _is_left_to_script(run: Run, url: Url) -> bool:
    """Whether its signature or sum is fetched as well, and a script of the project is run behind it."""
    return url.text in _fetched_beside(run) and _last_script(run) > url.command.start


@once
def _fetched_beside(run: Run) -> frozenset[str]:
    """The addresses whose signature or sum a RUN fetches."""
    texts = (url.text for command in run.calls(*FETCHERS) for url in urls(command, run))
    return frozenset(_BESIDE.sub("", text) for text in texts if _BESIDE.search(text))


@once
def _last_script(run: Run) -> int:
    """Where a RUN last runs a script of the project, by what a COPY brought or by its name; -1: nowhere."""
    brought = {put.path.rpartition("/")[2] for put in run.stage.files.puts if put.kind == "context"}
    scripts = (command for command in run.commands if command.name in brought or command.name.endswith((".sh", ".py")))
    return max((command.start for command in scripts), default=-1)


def _is_program(run: Run, url: Url, *, executable: bool) -> bool:
    if url.is_local or keeps_nothing(url.command) or is_by_content(url.text):
        return False
    if SCRIPT.search(url.text) or SCRIPT.search(saved_name(url)):
        return is_executed(run, url) or _is_put_on_path(run, url)
    if is_interpreted(run, url):
        return True
    if _NO_PROGRAM.search(url.text) or _NO_PROGRAM.search(saved_name(url)) or _PAPERS.search(url.text):
        return False
    if _ARTIFACT.search(url.text):
        return True
    return (executable and is_saved(url)) or saved_name(url) in _made_executable(run.stage)


def _is_put_on_path(run: Run, url: Url) -> bool:
    """Whether a script is saved among the programs, and made one of them."""
    paths = [one.path for one in written_by(run) if one.command is url.command]
    return any(path.endswith(_PROGRAMS) for path in map(posixpath.dirname, paths)) and (
        saved_name(url) in _made_executable(run.stage)
    )


@once
def _made_executable(stage: Stage) -> frozenset[str]:
    """The names of the files that the RUNs of a stage set the mode of: a download among them is a program."""
    words = (word.value for run in stage.runs for command in run.calls("chmod", "install") for word in command.args)
    return frozenset(value.rpartition("/")[2] for value in words) - {""}


def _in_add(stage: Stage, copy: Copy) -> Iterator[Problem]:
    for source in copy.sources:
        path = address_of(source)
        found = split_url(path)
        if found is None or is_local(found[1]) or path.partition("#")[0].endswith(".git"):
            continue
        if is_by_content(source.path or path):
            continue
        counts = _ARTIFACT.search(path) or TRUST.search(path) or _becomes_program(copy, path)
        if counts and not is_checked(copy, added_name(copy, path)):
            problem = _problem(stage, copy, [path], source.word.span, items=(_name_of_added(source, path),))
            yield replace(problem, cause=in_the_clear([path], source.word.span))


def _name_of_added(source: CopySource, written: str) -> str:
    """Return the name of what an ADD takes: as written where that says it, for a value may be a version."""
    name = downloaded_name(written)
    return name if name and "$" not in name else _name(source.path or written)


def _becomes_program(copy: Copy, url: str) -> bool:
    """Whether what an ADD brings is run: a script by the file itself, other things by their mode, folder or name."""
    if SCRIPT.search(url):
        return is_run_behind(copy, added_name(copy, url))
    if _NO_PROGRAM.search(url) or "?" in url:
        return False
    if _API.search(url):
        return False
    name = _VERSIONS.sub("", url.rstrip("/").rpartition("/")[2])
    executable = re.search(r"[1357]", copy.option("chmod") or "") is not None
    return executable or "bin" in (copy.destination or "").split("/") or "." not in name


def _problem(
    stage: Stage, step: Step, texts: list[str], span: Span, *, piped: bool = False, items: tuple[str, ...] = ()
) -> Problem:
    found = judged(stage, step, texts[0], piped=piped)
    way = found.way.replace(" its ", " each one's ", 1) if len(texts) > 1 else found.way
    forgiven = forgiven_checks(step) if isinstance(step, Run) and named_risk(step, texts[0]) is None else ()
    if forgiven:
        way = f"The `||` behind {quote(forgiven[0].name)} lets the build go on whatever it finds: take that away"
    return Problem(
        span,
        f"{stage.label} takes {listed(map(quote, texts), 2)} as {'it comes' if len(texts) == 1 else 'they come'}. "
        f"{found.risk}. {way}.",
        Confidence.LIKELY if found.chosen is None and found.keeper is None else Confidence.POSSIBLE,
        doubt="a script that was not read may check it",
        instruction=step.instruction,
        stage=stage.key,
        items=items or (_name(texts[0]),),
        wherever=True,
        shared_advice="" if forgiven else f"{stage.key} {found.risk} {found.way}",
    )
