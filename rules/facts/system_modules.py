"""Python packages that a distribution packs itself, and which of them come along with another of its packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.facts.packages import depends_on, plain_name
from rules.facts.python_names import index_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.facts.distributions import Release

_PREFIXES = {
    "apt": "python3-",
    "apk": "py3-",
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf", "zypper"), "python3-"),
}
_OF_PYTHON = re.compile(r"py(?:thon)?-?(?=[a-z]{3})")
_IN_UBUNTU: dict[tuple[str, tuple[int, ...]], frozenset[str]] = {
    ("software-properties-common", (20, 4)): frozenset(
        "certifi chardet dbus distro-info gi idna requests requests-unixsocket six urllib3".split()
    ),
}
"""What a package of Ubuntu's needs otherwise than Debian's, by its release (what `apt-get install
software-properties-common` lists as additional packages in `ubuntu:20.04`)."""


def system_names(package: str, manager: str) -> Iterator[str]:
    """Yield the names under which a distribution may pack a package of Python's.

    Debian's policy, and those of Alpine and Fedora, name it for the module: `PyYAML` is `python3-yaml`.

    Args:
        package: Its name in the index, in any spelling (PEP 503).
        manager: Of the distribution's packages, as in `PackageCall`.
    """
    prefix, name = _PREFIXES.get(manager), index_name(package)
    if prefix is not None:
        yield from dict.fromkeys((prefix + name, prefix + _OF_PYTHON.sub("", name, count=1)))


def comes_with(installed: str, module: str, release: Release | None) -> bool:
    """Tell whether a package of Debian's or Ubuntu's is known to need another one of Python's.

    Args:
        installed: What is installed, with or without a version.
        module: The other package: `python3-requests`.
        release: Of the system, where it is known.
    """
    numbers = release.numbers if release is not None else ()
    if module.removeprefix("python3-") in _IN_UBUNTU.get((plain_name(installed), numbers), ()):
        return True
    return depends_on(installed, module, release) is True
