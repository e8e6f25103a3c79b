"""See cleartext_download.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
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
from rules.secrets.downloads import FETCHERS, Url, checks, is_local, split_url, urls

_INSTALLERS = frozenset(
    {"git", "pip", "pip3", "npm", "yarn", "pnpm", "gem", "svn", "rpm", "apt-key", "composer", "uv", "go"}
)
_MIRRORS = re.compile(
    r"(?:INDEX_URL|NPM_CONFIG_REGISTRY|YARN_REGISTRY|GOPROXY|_MIRROR|_MIRROR_URL|_REPO_URL|DOWNLOAD_URL)$"
)
_SERVES_HTTPS = frozenset(
    "github.com raw.githubusercontent.com codeload.github.com archive.apache.org www.apache.org dlcdn.apache.org "
    "downloads.apache.org ftp.gnu.org www.openssl.org storage.googleapis.com dl.google.com nodejs.org go.dev nginx.org "
    "downloads.sourceforge.net sourceforge.net download.docker.com curl.se zlib.net s3.amazonaws.com gitlab.com "
    "bitbucket.org download.oracle.com cmake.org".split()
)
"""Hosts that answer the same paths under https."""


@rule(
    "cleartext-download",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "ADD", "ENV", "ARG"),
    mentions=("http://", "ftp://"),
    aliases=("S5332",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Something is downloaded without encryption."""
    for stage in change.stages:
        for step in stage.steps:
            if isinstance(step, Run):
                yield from _in_run(stage, step)
            elif isinstance(step, Copy):
                yield from _in_add(stage, step)
            elif step.instruction.keyword in ("ENV", "ARG"):
                yield from _in_variables(stage, step)


def _in_run(stage: Stage, run: Run) -> Iterator[Problem]:
    if "://" not in run.instruction.text or checks(run):
        return
    for command in run.commands:
        if command.name in FETCHERS or command.name in _INSTALLERS:
            url = next((url for url in urls(command) if _is_clear(url)), None)
            if url is not None:
                yield _problem(stage, run, url.text, url.host, url.word.span, _edit(run, url))


def _is_clear(url: Url) -> bool:
    return url.scheme in ("http", "ftp") and not url.is_local


def _edit(run: Run, url: Url) -> Edit | None:
    """Write https where the host is known to serve it."""
    source = run.instruction.source
    at = source.text.find("http://", url.word.start, url.word.end)
    return replace(source, source.span(at, at + 4), "https") if url.host in _SERVES_HTTPS and at >= 0 else None


def _in_add(stage: Stage, copy: Copy) -> Iterator[Problem]:
    for source in copy.sources if copy.is_add and copy.instruction.flag("checksum") is None else ():
        found = split_url(source.path or "")
        if found is not None and found[0] in ("http", "ftp") and not is_local(found[1]):
            at = source.word.span.start
            known = found[1] in _SERVES_HTTPS and source.word.text.startswith("http://")
            text = copy.instruction.source
            edit = replace(text, text.span(at, at + 4), "https") if known else None
            yield _problem(stage, copy, source.word.text, found[1], source.word.span, edit)


def _in_variables(stage: Stage, step: Step) -> Iterator[Problem]:
    for name, value in step.instruction.pairs:
        text = step.scope.expand(value.text) if value is not None and _MIRRORS.search(name.text.upper()) else None
        found = split_url(text) if text else None
        if value is not None and text and found is not None and found[0] in ("http", "ftp") and not is_local(found[1]):
            yield _problem(stage, step, text, found[1], value.span, None)


def _problem(stage: Stage, step: Step, url: str, host: str, span: Span, edit: Edit | None) -> Problem:
    way = (
        f"{quote(host)} serves it under `https://` as well."
        if edit is not None
        else "Use `https://`, or check the SHA-256 of what arrives."
    )
    return Problem(
        span,
        f"{stage.label} fetches {quote(url)} without encryption. Whoever stands between the builder and the server, on "
        f"a shared network or in a proxy, can put another file in its place, and it is built into the image. {way}",
        Confidence.CERTAIN,
        instruction=step.instruction,
        stage=stage.key,
        key=url,
        fix=Fix("Use https", (edit,)) if edit is not None else None,
    )
