"""What credentials look like: the shapes that providers give them, and the examples that only look alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.lazily import once
from rules.secrets.named.published_examples import is_published_example

if TYPE_CHECKING:
    from rules.dockerfile.source import Source


class Shape(NamedTuple):
    """What one kind of credential looks like.

    Attributes:
        kind: With its article.
        hints: Lower-case texts of which every such credential holds one: they save the search.
        pattern: Its group `secret` is the credential where the match holds more.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, hints: str, pattern: str) -> Shape:
    return Shape(kind, tuple(hints.split("|")), re.compile(pattern))


_SIGNED_CLAIMS = "a JSON web token"
_BROWSER_KEY = "a Google API key"
_FOR_ALL = {
    _SIGNED_CLAIMS: re.compile(r"anon|publi[cs]", re.IGNORECASE),
    _BROWSER_KEY: re.compile(
        r"(?:REACT_APP|VITE|VUE_APP|GATSBY|NG_APP|NEXT_PUBLIC|EXPO_PUBLIC)_|FIREBASE", re.IGNORECASE
    ),
}
"""Names of web tokens and keys that every browser gets, by their kinds: the page's server or the key's owner limits
what they open."""
GUESSED = frozenset({"a password in a URL", "a password for `.netrc`", "a registry token", _SIGNED_CLAIMS})
"""Kinds that are known by what stands around them, not by their own shape."""
_SHAPES = (
    _shape("an AWS access key", "akia|asia", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    _shape("a GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_", r"\bgh[pousr]_[0-9A-Za-z]{36,}\b"),
    _shape("a GitHub token", "github_pat_", r"\bgithub_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{40,}"),
    _shape(
        "a GitLab token",
        "glpat-|gldt-|glrt-|glptt-|glsoat-|glcbt-",
        r"\bgl(?:pat|dt|rt|ptt|soat|cbt)-[0-9A-Za-z_-]{20,}",
    ),
    _shape("a Slack token", "xox", r"\bxox[abeprs]-(?:[0-9A-Za-z]+-){1,3}[0-9A-Za-z]{16,}"),
    _shape(
        "a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/T[0-9A-Z]{8,}/B[0-9A-Z]{8,}/[0-9A-Za-z]{20,}"
    ),
    _shape(_BROWSER_KEY, "aiza", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    _shape("a Stripe key", "k_live_", r"\b[rs]k_live_[0-9A-Za-z]{20,}"),
    _shape("an npm token", "npm_", r"\bnpm_[0-9A-Za-z]{36}\b"),
    _shape("a PyPI token", "pypi-age", r"\bpypi-AgE[0-9A-Za-z_-]{40,}"),
    _shape("a Hugging Face token", "hf_", r"\bhf_[0-9A-Za-z]{34,}\b"),
    _shape("a DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    _shape("a SendGrid key", "sg.", r"\bSG\.[0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,50}"),
    _shape("an Anthropic or OpenAI key", "sk-ant-|sk-proj-", r"\bsk-(?:ant-|proj-)[0-9A-Za-z_-]{32,}"),
    _shape("a Docker Hub token", "dckr_", r"\bdckr_(?:pat|oat)_[0-9A-Za-z_-]{20,}"),
    _shape("a Vault token", "hvs.", r"\bhvs\.[0-9A-Za-z_-]{24,}"),
    _shape("a RubyGems key", "rubygems_", r"\brubygems_[0-9a-f]{48}\b"),
    _shape("a Google client secret", "gocspx-", r"\bGOCSPX-[0-9A-Za-z_-]{28}\b"),
    _shape("an Atlassian token", "atatt3|atctt3", r"\bAT[AC]TT3[0-9A-Za-z_=-]{40,}"),
    _shape(
        "a Laravel application key", "base64:", r"\bAPP_KEY[\"']?\s*[=:]?\s*[\"']?(?P<secret>base64:[0-9A-Za-z+/]{43}=)"
    ),
    _shape("an Azure storage key", "accountkey", r"AccountKey=(?P<secret>[0-9A-Za-z+/]{86}==)"),
    _shape(_SIGNED_CLAIMS, "eyj", r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}"),
    _shape(
        "an AWS secret key",
        "secret_access_key",
        r"(?i:aws_secret_access_key)[\"']?\s*[\s=:]\s*[\"']?(?P<secret>[0-9A-Za-z+/]{40})(?![0-9A-Za-z+/=])",
    ),
    _shape(
        "a private key",  # and some of it: the line above it alone may stand in a test, or over a variable
        "private key",
        r"-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----"
        r"(?=[\s\\nr\"']{0,40}(?:(?:Version|Comment|Proc-Type|DEK-Info): [^\n\\]{0,80}[\n\\][\s\\nr\"']{0,40}){0,3}"
        r"[0-9A-Za-z+/]{16})",
    ),
    _shape(
        "a password in a URL",
        "://",
        r"://(?P<user>[^\s/:@'\"]{0,80}):(?P<secret>[^\s/:@'\"]{6,200})@[0-9A-Za-z]",
    ),
    _shape(
        "a password for `.netrc`",
        "machine ",
        r"\bmachine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+(?P<secret>[^\s\"'\\]{6,200})",
    ),
    _shape(
        "a registry token",
        "_auth|_password",
        r"(?:_(?:authToken|password|auth)\s*=|:_(?:authToken|password|auth)[\"']?\s)\s*[\"']?(?P<secret>[0-9A-Za-z+/_.=-]{12,})",
    ),
)
_HINTS = tuple((hint, place) for place, shape in enumerate(_SHAPES) for hint in shape.hints)
_EXAMPLE = re.compile(
    r"example|sample|dummy|fake|placeholder|change[-_]?me|your[-_]|xxxx|\*\*\*|00000000|123456789|abcdefghij|redacted|IxMjM0NTY3ODkw|<[^>]+>|"
    r"(?P<one>[0-9a-z])(?P=one){11}",
    re.IGNORECASE,
)
"""Words of examples, and what no chance makes: one character twelve times, as zero bytes are in base64."""
_WEAK = re.compile(
    r"(?i)(?:[a-z0-9]+[_-])?pass(?:word|wd)?\d*|secret|token|test\w*|user\w*|root|admin\d*|postgres|mysql|guest|pwd"
)


class Credential(NamedTuple):
    """A text that looks like a credential.

    Attributes:
        kind: What it is, with its article: `a GitHub token`.
        text: The credential itself. Never show it: `masked` is for that.
        start: Offset of its first character.
        end: Offset behind its last one.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def masked(self) -> str:
        """The first characters, by which its owner knows it, and no more."""
        if self.kind == "a private key":
            return self.text
        return f"{self.text[:4]}…" if len(self.text) > 12 else "…"  # noqa: PLR2004 - of a short one nothing is shown


@once
def credentials(source: Source) -> tuple[Credential, ...]:
    """Return what looks like a real credential in a file, in its order; examples and variables are left out."""
    text, lower = source.text, source.text.lower()
    hinted = {place for hint, place in _HINTS if hint in lower}
    found = []
    for shape in [_SHAPES[place] for place in sorted(hinted)]:
        for match in shape.pattern.finditer(text):
            inner = match.groupdict().get("secret")
            group = "secret" if inner is not None else 0
            if _is_for_all(shape.kind, text, match.start()) or _is_default(match.groupdict()):
                continue
            if not _is_example(match[0], inner):
                found.append(Credential(shape.kind, match[group], match.start(group), match.end(group)))
    return tuple(_apart(found))


def _is_for_all(kind: str, text: str, start: int) -> bool:
    """Tell whether the name in front of a credential says that it is public."""
    names = _FOR_ALL.get(kind)
    line = text.rfind("\n", 0, start) + 1
    return names is not None and names.search(text, max(line, start - 60), start) is not None


def _is_default(groups: dict[str, str | None]) -> bool:
    """Tell whether an account has its own name for a password, as in a database for developers."""
    return groups.get("user") is not None and groups.get("user") == groups.get("secret")


def _apart(found: list[Credential]) -> list[Credential]:
    """Leave one of those that lie in the same text: a token inside a URL is known by its own shape."""
    kept: list[Credential] = []
    for one in sorted(found, key=lambda one: one.start):
        if kept and one.start < kept[-1].end:
            if kept[-1].kind in GUESSED and one.kind not in GUESSED:
                kept[-1] = one
            continue
        kept.append(one)
    return kept


def is_password(text: str) -> bool:
    """Tell whether a text that stands where a password belongs could be a real one: no variable, example or word."""
    long = len(text) >= 6  # noqa: PLR2004 - as in a URL
    return long and not _is_example(text, text)


def _is_example(whole: str, inner: str | None) -> bool:
    itself = whole if inner is None else inner
    if _EXAMPLE.search(itself) or is_published_example(itself):
        return True
    return inner is not None and bool(_WEAK.fullmatch(inner) or re.search(r"[$%{}<>()]", inner))
