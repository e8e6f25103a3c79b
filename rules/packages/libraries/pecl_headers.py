"""Extensions that `pecl` compiles against a library, and whether anything above brings that one's headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import Copy, surely_stops

if TYPE_CHECKING:
    from rules.api import Command, Run, Stage


class _Library(NamedTuple):
    """What an extension cannot be built without.

    Attributes:
        alpine: The package of Alpine that has its headers.
        debian: That of Debian.
        named: How a text names the library, in whatever package, script or source.
    """

    alpine: str
    debian: str
    named: str


_LIBRARIES = {
    "amqp": _Library("rabbitmq-c-dev", "librabbitmq-dev", r"rabbitmq"),
    "imagick": _Library("imagemagick-dev", "libmagickwand-dev", r"(?<!\bi)magick"),
    "mcrypt": _Library("libmcrypt-dev", "libmcrypt-dev", r"libmcrypt"),
    "memcached": _Library("libmemcached-dev", "libmemcached-dev", r"libmemcached"),
    "rdkafka": _Library("librdkafka-dev", "librdkafka-dev", r"librdkafka"),
    "ssh2": _Library("libssh2-dev", "libssh2-1-dev", r"libssh2"),
    "yaml": _Library("yaml-dev", "libyaml-dev", r"libyaml|yaml-dev"),
}
"""By extension, as its page on pecl.php.net and the PHP manual ("Requirements") say it."""
_OPENS = re.compile(r"\$(?!\{?PHPIZE_DEPS\b)|build-dep|\bxargs\b|<")
"""What an install may hold that is not written out; PHP's image itself says what `PHPIZE_DEPS` are: tools."""
_INSTALLS = ("apt", "apk", "apt-get", "aptitude", "dpkg")
_TREES = ("/", "/usr", "/usr/lib", "/usr/include", "/usr/local", "/usr/local/lib", "/usr/local/include")


def without_headers(stage: Stage, run: Run, command: Command) -> tuple[str, str] | None:
    """Return the first extension of a `pecl install` whose library's headers nothing brings, and the package of them.

    Args:
        stage: The stage, upon PHP's own image.
        run: The RUN.
        command: The call of `pecl`.
    """
    words = [word.value for word in command.operands(("-d", "-D", "--configureoptions"))]
    names = [re.split(r"[-:]", word.lower())[0] for word in words[1:]] if words[:1] == ["install"] else []
    for name in names:
        library = _LIBRARIES.get(name)
        if library is not None and _is_missed(run, command, name) and not _may_be_there(stage, run, library):
            return name, library.alpine if stage.runtime.distribution == "alpine" else library.debian
    return None


def _is_missed(run: Run, command: Command, name: str) -> bool:
    """Whether the build stops where it cannot be built: there, or where it is enabled."""
    if surely_stops(run, command):
        return True
    enabling = (one for one in run.calls("docker-php-ext-enable") if one.start > command.start)
    return any(surely_stops(run, one) and name in {word.value for word in one.args} for one in enabling)


def _may_be_there(stage: Stage, run: Run, library: _Library) -> bool:
    """Whether anything down to the RUN names the library, or may bring it unnamed."""
    pattern = re.compile(library.named, re.IGNORECASE)
    above = [step for step in stage.all_steps if step.at <= run.at]
    if any(pattern.search(step.instruction.text) for step in above):
        return True
    if any(isinstance(step, Copy) and not step.from_context and step.destination in _TREES for step in above):
        return True
    runs = (one for one in stage.done_runs if one.at <= run.at)
    return any(_OPENS.search(str(command)) for one in runs for command in one.calls(*_INSTALLS))
