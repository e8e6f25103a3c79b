"""What credentials look like: the shapes that providers give them, and the examples that only look alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHAPES: tuple[tuple[str, str], ...] = (
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\bgh[pousr]_[0-9A-Za-z]{36,}\b|\bgithub_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{40,}"),
    ("a GitLab token", r"\bgl(?:pat|dt|rt|ptt|soat|cbt)-[0-9A-Za-z_-]{20,}"),
    ("a Slack token", r"\bxox[abeprs]-(?:[0-9A-Za-z]+-){1,3}[0-9A-Za-z]{16,}"),
    ("a Slack webhook", r"hooks\.slack\.com/services/T[0-9A-Z]{8,}/B[0-9A-Z]{8,}/[0-9A-Za-z]{20,}"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a Stripe key", r"\b[rs]k_live_[0-9A-Za-z]{20,}"),
    ("an npm token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("a PyPI token", r"\bpypi-AgE[0-9A-Za-z_-]{40,}"),
    ("a Hugging Face token", r"\bhf_[0-9A-Za-z]{34,}\b"),
    ("a DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("a SendGrid key", r"\bSG\.[0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,50}"),
    ("an Anthropic or OpenAI key", r"\bsk-(?:ant-|proj-)[0-9A-Za-z_-]{32,}"),
    ("a private key", r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----"),
    ("a password in a URL", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{1,80}:(?P<url>[^\s/:@'\"]{6,200})@[0-9A-Za-z]"),
    ("a registry token", r"_(?:authToken|password|auth)\s*=\s*[\"']?(?P<npmrc>[0-9A-Za-z+/_.=-]{12,})"),
)
_ANY = re.compile("|".join(f"(?P<s{number}>{pattern})" for number, (_, pattern) in enumerate(_SHAPES)))
_EXAMPLE = re.compile(
    r"example|sample|dummy|fake|placeholder|change[-_]?me|your[-_]|xxxx|\*\*\*|00000000|123456789|abcdefghij|redacted|<[^>]+>",
    re.IGNORECASE,
)
_WEAK = re.compile(r"(?i)pass(?:word|wd)?\d*|secret|token|test\w*|user\w*|root|admin|postgres|mysql|guest|pwd")

HINTS = (
    "akia",
    "asia",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glptt-",
    "glsoat-",
    "glcbt-",
    "xox",
    "hooks.slack.com",
    "aiza",
    "k_live_",
    "npm_",
    "pypi-age",
    "hf_",
    "_v1_",
    "sg.",
    "sk-ant-",
    "sk-proj-",
    "private key",
    "://",
    "_auth",
    "_password",
)
"""Lower-case texts of which one stands in every credential below."""


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


def credentials(text: str) -> Iterator[Credential]:
    """Yield what looks like a real credential in a text, in its order; examples and variables are left out."""
    for match in _ANY.finditer(text):
        number = int((match.lastgroup or "s0")[1:]) if (match.lastgroup or "").startswith("s") else _number(match)
        inner = match["url"] or match["npmrc"]
        secret = inner if inner is not None else match[0]
        start = match.start("url") if match["url"] else match.start("npmrc") if match["npmrc"] else match.start()
        if not _is_example(match[0], inner):
            yield Credential(_SHAPES[number][0], secret, start, start + len(secret))


def _number(match: re.Match[str]) -> int:
    return next(number for number in range(len(_SHAPES)) if match[f"s{number}"] is not None)


def _is_example(whole: str, inner: str | None) -> bool:
    if _EXAMPLE.search(whole if inner is None else inner):
        return True
    return inner is not None and bool(_WEAK.fullmatch(inner) or re.search(r"[$%{}<>()]", inner))
