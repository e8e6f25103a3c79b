"""See cleartext_download.md."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from rules.api import (
    BY_ARGUMENT,
    Category,
    Command,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Run,
    Severity,
    Span,
    Stage,
    Step,
    quote,
    replace,
    rule,
)
from rules.facts.gone_hosts import gone_host
from rules.quoting import listed
from rules.secrets.downloads.checked_later import is_checked
from rules.secrets.downloads.checks import checks, compares_hash
from rules.secrets.downloads.fetched import (
    CLEARTEXT,
    FETCHERS,
    Url,
    in_the_clear,
    is_local,
    php_urls,
    powershell_urls,
    saved_name,
    split_url,
    stages_that_count,
    urls,
    versionless,
)
from rules.secrets.downloads.names import downloaded_name
from rules.secrets.downloads.unkept import is_kept_nowhere
from rules.secrets.tls.authorities import has_no_authorities

_INSTALLERS = frozenset(
    "git hg svn pip pip3 pipenv poetry uv conda mamba micromamba npm yarn pnpm gem bundle composer go helm rpm "
    "apt-key".split()
)
_RPM_INSTALLERS = frozenset({"yum", "dnf", "microdnf", "tdnf"})
"""They do not check the signature of a package that is given by its address (`localpkg_gpgcheck`, dnf.conf(5))."""
_OF_PACKAGES = _INSTALLERS - {"git", "hg", "svn", "rpm", "apt-key"}
"""Those that take what they fetch by its name: of a whole index there is no one sum."""
_PROGRAMS = FETCHERS | _INSTALLERS | _RPM_INSTALLERS
_MIRRORS = re.compile(
    r"(?:^|_)(?:INDEX_URL|FIND_LINKS|UV_(?:DEFAULT_)?INDEX|NPM_CONFIG_REGISTRY|YARN_REGISTRY|YARN_NPM_REGISTRY_SERVER)$"
)
"""Variables that say where pip, uv, npm and yarn take packages from.

Of Go's proxy it does not matter who answers: `go` compares with `go.sum` and its database of sums (go.dev/ref/mod,
"Authenticating modules").
"""
_SETTING = re.compile(r"registry=(?=\w+://)")
"""What `npm config set` writes for the same."""
_OF_R = re.compile(r"\brepos\s*=\s*(?:c\(\s*)?(?:\w+\s*=\s*)?[\\\"']{1,3}(?P<url>http://[^\s\\\"']+)")
"""Where R takes packages from, of which it checks no signature (R's `install.packages`, "repos")."""
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_GIT = "git://"
"""Git's own protocol, which knows neither encryption nor who answers (git-daemon(1))."""
_SERVES_HTTPS = frozenset(
    "github.com raw.githubusercontent.com codeload.github.com archive.apache.org www.apache.org dlcdn.apache.org "
    "downloads.apache.org ftp.gnu.org www.openssl.org storage.googleapis.com dl.google.com nodejs.org go.dev nginx.org "
    "downloads.sourceforge.net sourceforge.net download.docker.com curl.se zlib.net s3.amazonaws.com gitlab.com "
    "bitbucket.org download.oracle.com cmake.org".split()
)
"""Hosts that answer the same paths under https."""
_SIGNED = re.compile(r"\.msu(?:[?#]|$)", re.IGNORECASE)
"""Packages of Windows updates: Windows refuses one whose signature is not Microsoft's."""


@rule(
    "cleartext-download",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "ADD", "ENV", "ARG"),
    mentions=("http://", "ftp://", "git://"),
    aliases=("S5332",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Something is downloaded without encryption."""
    for stage in stages_that_count(change):
        for step in stage.steps:
            if isinstance(step, Run):
                yield from _in_run(change, stage, step)
            elif isinstance(step, Copy):
                yield from _in_add(stage, step)
            elif step.instruction.keyword in ("ENV", "ARG"):
                yield from _in_variables(stage, step)


def _in_run(change: DockerfileChange, stage: Stage, run: Run) -> Iterator[Problem]:
    if checks(run) or compares_hash(run):
        return
    calls = [command for command in _calls(run) if not is_kept_nowhere(run, command)]
    clear = [url for c in calls for url in (*urls(c, run), *_of_git(run, c)) if _is_clear(url)]
    found = [url for url in clear if url.command.name not in FETCHERS or not is_checked(run, saved_name(url))]
    if clear and not found:
        return
    if not found:
        mirrors = tuple(_mirrors(run))
        for text, span in (*mirrors, *powershell_urls(run), *php_urls(run)):
            scheme, host = split_url(text) or ("", "")
            if scheme in CLEARTEXT and not is_local(host) and not _SIGNED.search(text):
                yield _problem(stage, run, text, span, [], index=(text, span) in mirrors)
                return
    if found:
        yield _of_all(change, stage, run, found)


def _of_all(change: DockerfileChange, stage: Stage, run: Run, found: Sequence[Url]) -> Problem:
    """Say it once of all that a RUN fetches so, and name what is new of it; the repair mends the rest as well."""
    keys = [_key(url.text) for url in found]
    fresh = change.fresh("cleartext-download", stage, keys)
    first, *others = [url for url, key in zip(found, keys, strict=True) if key in fresh]
    edits = [edit for url in found if (edit := _edit(run, url)) is not None]
    problem = _problem(
        stage,
        run,
        first.text,
        first.word.span,
        edits if len(edits) == len(found) else [],
        more=[url.text for url in others],
        keys=keys,
        bare=any(has_no_authorities(stage, url.command.name) for url in found),
        index=any(_is_of_packages(url.command) for url in found),
    )
    sure = all(url.text in url.word.value for url in found)
    return problem if sure else dataclasses.replace(problem, confidence=Confidence.LIKELY)


def _calls(run: Run) -> Iterator[Command]:
    """Yield what fetches or installs, `python -m pip` among it."""
    for command in run.calls(*_PROGRAMS, "python", "python3"):
        if not command.name.startswith("python") or [word.value for word in command.args[:2]] == ["-m", "pip"]:
            yield command


def _is_of_packages(command: Command) -> bool:
    return command.name in _OF_PACKAGES or command.name.startswith("python")


def _of_git(run: Run, command: Command) -> Iterator[Url]:
    """Yield the addresses of Git's own protocol that it clones from, unless the RUN names a whole hash.

    With `insteadOf` Git may be told to ask elsewhere.
    """
    clones = command.name == "git" and command.subcommand in ("clone", "fetch", "pull")
    held = _COMMIT.search(run.instruction.whole_value) or "insteadof" in run.stage.model.code.lower()
    for word in command.args if clones and not held else ():
        if word.value.startswith(_GIT):
            yield Url(word.value, "git", re.split("[/:]", word.value.removeprefix(_GIT))[0].lower(), word, command)


def _mirrors(run: Run) -> Iterator[tuple[str, Span]]:
    """Yield where a RUN tells package managers to fetch from, by a variable or by a setting."""
    for command in run.commands:
        for name, word in command.assignments:
            if _MIRRORS.search(name.upper()):
                yield word.value, word.span
        for word in command.args if command.name in ("R", "Rscript", "r") else ():
            yield from [(match["url"], word.span) for match in [_OF_R.search(word.value)] if match is not None]
        for word in command.args if command.name in ("npm", "pnpm") else ():
            match = _SETTING.match(word.value)
            if match is not None:
                yield word.value[match.end() :], word.span


def _is_clear(url: Url) -> bool:
    if url.command.name in _RPM_INSTALLERS and not url.text.partition("?")[0].endswith(".rpm"):
        return False
    if gone_host(url.text) is not None:
        return False  # nothing comes from there any more, which download-host-gone says
    return url.scheme in (*CLEARTEXT, "git") and not url.is_local and not _SIGNED.search(url.text)


def _edit(run: Run, url: Url) -> Edit | None:
    """Write https where the host is known to serve it."""
    source = run.instruction.source
    at = source.text.find("http://", url.word.start, url.word.end)
    return replace(source, source.span(at, at + 4), "https") if url.host in _SERVES_HTTPS and at >= 0 else None


def _in_add(stage: Stage, copy: Copy) -> Iterator[Problem]:
    for source in copy.sources if copy.is_add and copy.instruction.flag("checksum") is None else ():
        found = split_url(source.path or "")
        if found is not None and found[0] in CLEARTEXT and not (is_local(found[1]) or gone_host(source.path or "")):
            at = source.word.span.start
            known = found[1] in _SERVES_HTTPS and source.word.text.startswith("http://")
            text = copy.instruction.source
            edit = replace(text, text.span(at, at + 4), "https") if known else None
            yield _problem(stage, copy, source.word.text, source.word.span, [edit] if edit is not None else [])


def _in_variables(stage: Stage, step: Step) -> Iterator[Problem]:
    for name, value in step.instruction.pairs:
        text = step.scope.expand(value.text) if value is not None and _MIRRORS.search(name.text.upper()) else None
        found = split_url(text) if text else None
        if value is not None and text and found is not None and found[0] in CLEARTEXT and not is_local(found[1]):
            yield _problem(stage, step, text, value.span, [], index=True)


def _problem(
    stage: Stage,
    step: Step,
    url: str,
    span: Span,
    edits: list[Edit],
    *,
    more: Sequence[str] = (),
    keys: Sequence[str] = (),
    bare: bool = False,
    index: bool = False,
) -> Problem:
    addresses = tuple(dict.fromkeys((url, *more)))
    place = "its place" if len(addresses) == 1 else "the place of one"
    return Problem(
        span,
        f"{stage.label} fetches {listed(map(quote, addresses))} without encryption. Whoever stands between the builder "
        f"and the server, on a shared network or in a proxy, can put another file in {place}, and it is built into the "
        "image. "
        f"{_way_out(addresses, edits, bare=bare, index=index)}.",
        doubt=BY_ARGUMENT,
        instruction=step.instruction,
        stage=stage.key,
        items=tuple(dict.fromkeys(keys)) or (_key(url),),
        wherever=True,
        cause=in_the_clear(addresses, step.instruction.span if isinstance(step, Run) else span),
        fix=Fix("Use https", tuple(edits)) if edits and not bare else None,
    )


def _key(url: str) -> str:
    """Return what tells an address from others: the host that is not to be trusted, and what comes from it."""
    _, host = split_url(url) or ("", "")
    return f"{host} {name}" if (name := downloaded_name(url)) else versionless(url)


_ANOTHER_WAY = {False: "check the SHA-256 of what arrives", True: "check out a commit by its full hash"}
"""What else holds what arrives to what was meant; of a clone that is the commit."""


def _way_out(addresses: Sequence[str], edits: list[Edit], *, bare: bool, index: bool) -> str:
    """Say how it comes encrypted, and what an image without authorities needs for that."""
    several = len({split_url(one) for one in addresses}) > 1
    other = _ANOTHER_WAY[all(one.startswith(_GIT) or one.endswith(".git") for one in addresses)]
    otherwise = "" if index else f", or {other}"
    way = (
        f"The {'servers answer' if several else 'server answers'} under `https://` as well"
        if edits
        else f"Use `https://` where the server has it{otherwise}"
    )
    lacks = ("; for that, install `ca-certificates`" if edits else "; HTTPS needs `ca-certificates`") if bare else ""
    return way + lacks
