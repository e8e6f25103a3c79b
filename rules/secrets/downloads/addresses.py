"""What the address of a download promises: a release with a lasting sum, or whatever lies there by then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.model.scope import PLATFORM_ARGS, names_read
from rules.model.steps import Copy, Run
from rules.quoting import quote
from rules.secrets.downloads.kept_releases import keeper_of
from rules.secrets.downloads.known_installers import instead_of

if TYPE_CHECKING:
    from rules.model.stage import Stage
    from rules.model.steps import Step

SCRIPT = re.compile(r"\.(?:sh|bash|py|pl)(?:[?#]|$)", re.IGNORECASE)
"""How the address of a script ends."""
_SCRIPT_BY_NAME = re.compile(r"/(?:setup|install)(?:[-_][\w-]+(?:\.x)?)?(?:[?#]|$)")
"""How one that has no ending is called: `setup_24.x`, `install`."""
_MOVING = re.compile(r"(?<!pool)/(master|main|develop|trunk|HEAD|nightly)(?:/|\.zip|\.tar|$)")
"""What a branch is called in an address: its content has no lasting sum."""
_HEAD = re.compile(r"/refs/heads/([\w.-]+?)(?=/|\.zip|\.tar|$)")
"""A branch by whatever name, as forges write it in full."""
_RAW = re.compile(
    r"//(?:github\.com/[^/]+/[^/]+/raw|raw\.githubusercontent\.com/[^/]+/[^/]+)/(?!refs/)([A-Za-z][A-Za-z_-]*)/"
    r"(?:[^/?#]*/)*[^/?#\d$]*(?:[?#]|$)"
)
"""A branch of whatever name in the address of a file at GitHub: tags and commits have numbers, and so has the name of
a file that stays as it is.
"""
_FORGE = re.compile(r"//(?:raw\.github|github|gitlab|bitbucket|codeberg)|/(?:raw|blob|archive|refs/heads|-)/")
"""Addresses of a branch's files; elsewhere `main` may be a folder, as of a repository of Maven's."""
_NUMBERED = re.compile(r"\d[^/]*\Z")
_NEWEST = re.compile(r"/(latest|stable|current)(?:/|$)|//(aka\.ms)/|[-_](latest|current)(?=[.-])")
"""What stands in an address for whatever is newest, or redirects to it."""
_ROLLING = re.compile(
    r"/releases/download/([a-z_.-]+)/",
    re.IGNORECASE,
)
"""The tag of a release at a forge in which no number stands (`nightly`, `database`): its builds make it anew, whatever
number the file's name has."""
_RELEASE = re.compile(r"\d\.\d|\$\{?\w*(?:VER|TAG|RELEASE)", re.IGNORECASE)
_OF_NO_RELEASE = re.compile(
    r"\$\((?:uname|arch\b|dpkg --print-)[^()]*\)|`(?:uname|arch\b|dpkg --print-)[^`]*`"
    r"|\$\{?\w*(?:arch|platform|machine)\w*\}?"
    r"|x86[-_]64|i[3-6]86|x(?:86|64)|(?:amd|arm|aarch|ppc|riscv|mips|linux|win|darwin|osx)[-_]?(?:32|64)|armv\d+\w*|s390x"
    r"|(?:ubuntu|debian|fedora|centos|rhel|rocky|almalinux|macos|(?<![a-z])osx)[-_/]?\d+(?:[._]\d+)*"
    r"|\b(?:32|64)[-_]?bit|\.bz2|\.7z|\.mp[34]|\.ps1|python3|\d+\.x\b",
    re.IGNORECASE,
)
"""Numbers and variables in an address that name a platform, a format or a whole line, and no release."""
_OF_AN_INTERFACE = re.compile(r"/v\d{1,2}(?=/[^/]*\Z)")
"""The folder of a script that stands for a generation of its server, `/v1/dotnet-install.sh`, and for no release."""
_VERSION_MARK = re.compile(r"[\d$]|%\w+%")
TRUST = re.compile(r"/(?:cacert|ca-bundle|ca-certificates)\.(?:pem|crt)$")
"""Mozilla's list of authorities as curl.se and distributions call it, without the date of an edition."""
_ASKS = re.compile(r"(?:\$\(|`)[^()`]*\b(?:curl|wget|git\s+ls-remote|gh)\s")
"""How a script finds out at the time of the build which release there is."""
_ANSWERING = re.compile(
    r"(?:\$\(|`)\s*(?:"
    r"(?!\S*(?:grep|sort|ls|cat|command|head|tail|awk)\s)(?P<program>[\w./+-]+)\s(?:-v|-V|--version|version|-fullversion)(?![\w=-])"
    r"|(?P<system>dpkg-query|rpm|pg_config|php-config)\s"
    r"|(?P<code>php|python3?|node|ruby|perl)\s-[a-zA-Z]*[cerp]\s[^()`]*version)",
    re.IGNORECASE,
)
"""A command that says which release of a program the image holds."""
_OF_PLATFORM = re.compile(r"arch|machine|platform|(?:^|_)(?:os|cpu|variant)(?:_|$)", re.IGNORECASE)
_EXACT_TAG = re.compile(r"v?\d+\.\d+\.\d")
_FROM_A_FILE = re.compile(r"\$\((?:cat|awk|sed|jq|yq|grep|head|tail|cut)\b|\$\(<")
"""A command that reads the release from a file of the project, beside which no sum can stand."""
_BY_PLATFORM = re.compile(
    r"\$\{?\w*(?:arch|machine|platform)|[(`]\s*(?:arch|uname)\b|--print-(?:foreign-)?architecture", re.IGNORECASE
)
"""What stands for the platform in an address: a variable, or a command that is asked for it."""
_BY_CONTENT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?:[0-9a-f]{24})?(?![0-9a-f])")
_UNSEEN = "A release that is replaced, by its author or by someone else, goes into the next build unseen"
_ON_THE_WAY = "but what a mirror or a proxy on the way gives out in its place goes into the build unseen"


def is_by_content(url: str) -> bool:
    """Tell whether an address names the content itself, by a commit's full hash or a sum: it cannot become another."""
    return _BY_CONTENT.search(url) is not None


def branch_of(url: str) -> str | None:
    """Return the branch of a forge as which an address names a file: another one after each commit."""
    found = _HEAD.search(url) or _RAW.search(url) or (_MOVING.search(url) if _FORGE.search(url) else None)
    return found[1] if found is not None else None


def _risk(url: str) -> tuple[str, str] | None:
    """Say what an address that names no release risks, and the way out; `None` for one whose file has a lasting sum."""
    if TRUST.search(url):
        return (
            "It says whom the image trusts, and whatever lies there by then goes into the next build unseen",
            "Install the distribution's `ca-certificates`, or take an edition with a date and check its SHA-256",
        )
    moving = _HEAD.search(url) or _RAW.search(url) or _MOVING.search(url)
    if moving and (_FORGE.search(url) or not _NUMBERED.search(_OF_NO_RELEASE.sub("", url))):
        return (
            f"`{moving[1]}` is another file after each commit, and what it is goes into the next build unseen",
            "Take a release or a commit instead, and check its SHA-256",
        )
    name = _name_of_newest(url)
    if name is None:
        return None
    leads = "leads to" if "." in name else "is"  # a host that redirects to what is newest
    return (
        f"`{name}` {leads} another file with each release, and what it is goes into the next build unseen",
        "Take a release by its number instead, and check its SHA-256",
    )


def _name_of_newest(url: str) -> str | None:
    """Return what an address calls the newest release by; `stable/x86_64/docker-28.0.1.tgz` names its own."""
    rolling = _ROLLING.search(url)
    if rolling is not None:
        return rolling[1]
    newest = _NEWEST.search(url)
    if newest is None or _RELEASE.search(url, newest.end()):
        return None
    return newest[1] or newest[2] or newest[3]


def _filled_by(step: Step, url: str) -> tuple[tuple[str, str], ...]:
    """Return what the RUN assigns to the variables in an address, each with its name; not those of the platform."""
    names = {name for name in names_read(url) if not _OF_PLATFORM.search(name)} if isinstance(step, Run) else set()
    commands = step.commands if isinstance(step, Run) and names else ()
    return tuple((name, word.text) for command in commands for name, word in command.assignments if name in names)


def _answering(stage: Stage, step: Step, url: str) -> str | None:
    """Return what says in the build which release an address names, where another base image makes it say another."""
    reference = stage.root.reference
    if reference is not None and (reference.digest or _EXACT_TAG.match(reference.tag or "")):
        return None
    for name, text in _filled_by(step, url):
        found = _ANSWERING.search(text)
        if found is not None and not _RELEASE.search(re.sub(rf"\$\{{?{name}\b", "", url)):
            return found["program"] or found["system"] or found["code"]
    return None


def _asked_for(step: Step, url: str) -> tuple[str, str] | None:
    """Say the same of an address whose release the RUN itself finds out."""
    if not any(_ASKS.search(text) for text in (url, *(text for _, text in _filled_by(step, url)))):
        return None
    return (
        "Which release that is, the `RUN` asks on the day of the build, and what it is goes into the image unseen",
        "Take a release by its number instead, and check its SHA-256",
    )


def _nameless(step: Step, url: str) -> tuple[str, str] | None:
    """Say the same of an address in which no number and no variable may stand for a release."""
    open_ends = any(step.scope.get(name) is None for name in names_read(_OF_NO_RELEASE.sub("", url)))
    expanded = _OF_NO_RELEASE.sub("", step.scope.expand(url) or url)
    script = SCRIPT.search(url) or _SCRIPT_BY_NAME.search(url)
    if script:
        expanded = _OF_AN_INTERFACE.sub("", expanded)
    _, *behind_host = re.split(r"[/?#]", expanded.partition("://")[2], maxsplit=1)
    if open_ends or any(map(_VERSION_MARK.search, behind_host)):
        return None
    way = "or a copy of the script at a commit" if script else "where there is one"
    return (
        "The address names no release: it may answer another file in the next build, which goes into it unseen",
        f"Take a release by its number, {way}, and check the SHA-256 of that",
    )


def _way_to_check(stage: Stage, step: Step, url: str, *, piped: bool) -> str:
    """Say how the sum is checked: `ADD` does it for Linux images, and for no file that a build passes in its place."""
    if (program := _answering(stage, step, url)) is not None:
        return (
            f"Which release it is, {quote(program)} says in the build, so a SHA-256 written here stops that as soon as "
            "the image brings another one: fix the release first, by an exact tag of the base image or as a number "
            "written here, and write the SHA-256 beside it, or verify a signature"
        )
    if stage.runtime.is_windows:
        way = (
            "Write its SHA-256 beside the version and compare it with what `Get-FileHash` or `certutil -hashfile` says"
        )
    elif isinstance(step, Copy) and any(s.path == url and s.word.text.startswith("$") for s in step.sources):
        way = 'Test it in a `RUN` behind the `ADD`: `echo "<sha256>  <file>" | sha256sum -c -`'
    elif isinstance(step, Copy) and (argument := _chosen_with_default(step, url)) is not None:
        way = (
            f"A build may pass another {quote(argument)}: put the sum of its default into an `ARG` beside it, which "
            "the `ADD` gets as `--checksum`, so that such a build can pass both"
        )
    elif isinstance(step, Copy):
        way = "Add `--checksum=sha256:…` to the `ADD`"
    else:
        then = "test the saved file before it is unpacked" if piped else "test it"
        where = "Keep its SHA-256 in a file too" if _FROM_A_FILE.search(url) else "Write its SHA-256 beside the version"
        way = f'{where} and {then}: `echo "<sha256>  <file>" | sha256sum -c -`'
    return f"{way}, with one sum for each platform" if _BY_PLATFORM.search(url) else way


def _chosen(step: Step, url: str) -> str | None:
    """Return the ARG that leaves to each build what an address means; the platform is no such choice."""
    name = step.scope.left_to_build(url)
    return None if name is None or _OF_PLATFORM.search(name) else name


def _chosen_with_default(step: Step, url: str) -> str | None:
    """Return the ARG whose default an address takes its release from, the last in it; the platform is none."""
    names = (n for n in reversed(names_read(url)) if n not in PLATFORM_ARGS and not _OF_PLATFORM.search(n))
    found = ((name, step.scope.variables.get(name)) for name in names)
    return next((name for name, one in found if one is not None and one.kind == "arg"), None)


class Judged(NamedTuple):
    """What is said of one address.

    Attributes:
        risk: What happens without a check, a sentence without its full stop.
        way: The way out, likewise.
        chosen: The ARG by which each build chooses what is fetched; `None` where the file says it.
        keeper: The registry that never gives out another file there; `None` for any other.
    """

    risk: str
    way: str
    chosen: str | None = None
    keeper: str | None = None


def named_risk(step: Step, url: str) -> tuple[str, str] | None:
    """Return the risk of an address whose content has no lasting sum, and the way out; `None` for a release's."""
    return _risk(step.scope.expand(url) or url) or _asked_for(step, url) or _nameless(step, url)


def judged(stage: Stage, step: Step, url: str, *, piped: bool) -> Judged:
    """Say what the address of a download risks, and the way out.

    Args:
        stage: The stage that fetches it.
        step: The RUN or ADD.
        url: As written.
        piped: Whether what arrives goes through a pipe and is never a file.
    """
    known = named_risk(step, url)
    if known is not None:
        instead = instead_of(step.scope.expand(url) or url, step.stage.model.code)
        return Judged(*known) if instead is None else Judged(known[0], instead.removesuffix("."))
    chosen, keeper = _chosen(step, url), keeper_of(step.scope.expand(url) or url)
    risk = f"{keeper} replaces no release, {_ON_THE_WAY}" if keeper is not None else _UNSEEN
    if chosen is None:
        return Judged(risk, _way_to_check(stage, step, url, piped=piped), keeper=keeper)
    way = (
        f"Each build chooses {quote(chosen)}, so a SHA-256 to test it with has to come in beside it, by an `ARG` "
        "of its own"
    )
    return Judged(risk, way, chosen, keeper)
