"""Whether the PHP that serves in an image keeps what it compiles."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from rules.api import ROOT_NAMES, Confidence, Fix, Span, fix, insert_after, insert_line_after, meet, quote
from rules.facts.distributions import REDHAT_FAMILY
from rules.user.root.start_scripts import scripts_in_turn

if TYPE_CHECKING:
    from rules.api import Copy, DockerfileChange, Installed, Instruction, Stage

_ENABLED = date(2025, 6, 25)
"""When the official images began to enable OPcache (docker-library/php#1587); PHP 8.5 has it built in."""
_OLDEST = (5, 5)
_SERVERS = frozenset({"php-fpm", "apache2-foreground"})
_SERVES = re.compile(r"php-?fpm|apache2|httpd|supervisor|s6|runit|\.sh\b|entrypoint|start|\binit\b|\brun\b")
"""What starts PHP's server, or may: in a start command that is not the image's own."""
_COMMAND_LINE = re.compile(r"(?:docker-php-entrypoint )?php\s")
_INSTALLERS = frozenset({"docker-php-ext-install", "docker-php-ext-enable", "install-php-extensions"})
_CONFIGURATION = "/usr/local/etc/php"
_MODULES = "/usr/local/lib/php/extensions"
_SWITCH = "PHP_OPCACHE_ENABLE"
_KEPT_OFF = re.compile(r"(?!.*(?:beta|-v[12](?:\.|$)))[\d.]+-(?:fpm|frankenphp|unit)")
"""Tags of serversideup/php from its third version on, whose configuration takes that variable, 0 unless set."""
_APK = re.compile(r"(?P<line>php[78]\d?)-(?:fpm|apache2)")
"""Alpine's packages, which keep OPcache in one of its own up to PHP 8.4."""
_RPM = frozenset({"dnf", "yum", "microdnf"})


class Missing(NamedTuple):
    """An image that serves PHP without OPcache.

    Attributes:
        span: Where it is told.
        instruction: The instruction there.
        fact: What is so, a sentence without its stop.
        way_out: What to write.
        confidence: How sure it is.
        doubt: What is not known.
        fix: A repair, where there is one.
    """

    span: Span
    instruction: Instruction
    fact: str
    way_out: str
    confidence: Confidence
    doubt: str
    fix: Fix | None


def missing_opcache(change: DockerfileChange, stage: Stage) -> Missing | None:
    """Return what is to be said of an image that ships; `None` where it has OPcache, or nothing is known."""
    if _is_spoken_of(change, stage):
        return None
    return _of_official(stage) or _of_serversideup(stage) or _of_packages(stage)


def _is_spoken_of(change: DockerfileChange, stage: Stage) -> bool:
    """Whether the image or a start script says anything of it, or another stage or image may bring it."""
    if any(not copy.from_context and _carries(copy.destination) for copy in stage.all_copies):
        return True
    if any("opcache" in _text(step.instruction).lower() for step in stage.done_steps):
        return True
    return any("opcache" in (script.text or "").lower() for script in scripts_in_turn(change, stage))


def _text(instruction: Instruction) -> str:
    bodies = (instruction.source.cut(heredoc.body_span) for heredoc in instruction.heredocs)
    return " ".join((instruction.whole_value, *bodies))


def _carries(path: str | None) -> bool:
    """Whether what is copied to a path may configure PHP, or bring extensions."""
    if path is None:
        return True
    return any(meet(path, place) for place in (_CONFIGURATION, _MODULES))


def _is_ini(copy: Copy) -> bool:
    """Whether a configuration is copied, which a start script may put into its place."""
    return any((source.path or "").endswith(".ini") for source in copy.sources)


def _of_official(stage: Stage) -> Missing | None:
    facts, root = stage.facts, stage.root
    if facts is None or facts.name != "php" or not facts.exact or facts.stopped is None or facts.stopped >= _ENABLED:
        return None
    if _SERVERS.isdisjoint(facts.cmd or ()) or not _serves(stage) or not _is_new_enough(facts.languages.get("php")):
        return None
    if _installs_unknown(stage):
        return None
    unread = any(copy.from_context and (_carries(copy.destination) or _is_ini(copy)) for copy in stage.all_copies)
    plain = not unread and not stage.files.has_unreadable_run
    line = "RUN docker-php-ext-enable opcache"
    first = stage.from_ if stage.parent is None else None
    edit = insert_line_after(first, line) if first is not None and _begins_as_root(stage) else None
    return Missing(
        stage.from_.span,
        stage.from_,
        f"{stage.label} serves PHP without OPcache: {quote(root.base_text or '')} is no longer built "
        f"since {facts.stopped}, when the official images did not enable it yet, and nothing here does",
        f"Enable it with {quote(line)}, or take an image that is still built",
        Confidence.LIKELY if plain else Confidence.POSSIBLE,
        "a configuration or a script that was not read may enable it",
        fix("Enable OPcache", edit),
    )


def _serves(stage: Stage) -> bool:
    """Whether the image starts PHP's server, by the image's own command or one that may come to it."""
    started = stage.image.start_line(own=True)
    return not started or (_SERVES.search(started) is not None and _COMMAND_LINE.match(started) is None)


def _begins_as_root(stage: Stage) -> bool:
    return stage.facts is not None and stage.facts.user in ("", *ROOT_NAMES)


def _is_new_enough(version: str | None) -> bool:
    parts = (version or "").split(".")[:2]
    return all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= _OLDEST


def _installs_unknown(stage: Stage) -> bool:
    """Whether a call that installs extensions takes their names from a variable, or from a command."""
    words = (word for run in stage.done_runs for command in run.calls(*_INSTALLERS) for word in command.args)
    names = (word.text for word in words if word.value[:1] != "-" and "nproc" not in word.text)
    return any("$" in name or "`" in name for name in names)


def _of_serversideup(stage: Stage) -> Missing | None:
    reference = stage.root.reference
    if reference is None or reference.path != "serversideup/php" or _SWITCH in stage.image.env:
        return None
    if not _KEPT_OFF.match(reference.tag or "") or not _serves(stage):
        return None
    line = f"ENV {_SWITCH}=1"
    return Missing(
        stage.from_.span,
        stage.from_,
        f"{stage.label} serves PHP without OPcache: {quote(stage.root.base_text or '')} leaves it off until "
        f"{quote(_SWITCH)} says otherwise, and nothing here does",
        f"Say {quote(line)}",
        Confidence.LIKELY,
        "the container may be started with it",
        fix("Switch on OPcache", insert_line_after(stage.from_, line)),
    )


def _of_packages(stage: Stage) -> Missing | None:
    """Judge PHP from Alpine's or Red Hat's packages. Debian's and Ubuntu's `php-fpm` cannot be without it."""
    present = [one for one in stage.packages.present if one.manager in ("apk", *_RPM)]
    if stage.facts is None or any("$" in one.name or "*" in one.name for one in present):
        return None
    for one in present:
        found = _APK.fullmatch(one.name) if one.manager == "apk" else None
        if found is not None and found["line"] < "php85":
            return _not_installed(stage, one, f"{found['line']}-opcache", Confidence.CERTAIN)
        if one.name == "php-fpm" and one.manager in _RPM and _is_plain_red_hat(stage):
            return _not_installed(stage, one, "php-opcache", Confidence.LIKELY)
    return None


def _is_plain_red_hat(stage: Stage) -> bool:
    """Whether PHP is Red Hat's own, without the metapackage `php`, which recommends OPcache.

    Fedora and Remi's repository have releases of PHP with OPcache built in.
    """
    facts = stage.facts
    own = facts is not None and facts.distro in REDHAT_FAMILY and facts.distro != "fedora"
    return own and not stage.packages.has("php") and "remi" not in stage.model.code


def _not_installed(stage: Stage, one: Installed, package: str, confidence: Confidence) -> Missing:
    word = one.package.word
    return Missing(
        word.span,
        one.run.instruction,
        f"{stage.label} serves PHP without OPcache: {quote(one.name)} comes without it, and {quote(package)} is not "
        "installed",
        f"Install {quote(package)} with it",
        confidence,
        "another package may bring it along",
        fix("Install OPcache", insert_after(word.source, word, f" {package}")),
    )
