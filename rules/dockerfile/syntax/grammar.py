"""The instructions of a Dockerfile and their flags, as BuildKit's `instructions/parse.go` declares them."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Takes(Enum):
    """What a flag takes."""

    SWITCH = "nothing, `true` or `false`"
    VALUE = "one value, once"
    VALUES = "a value each time it is written"


_SWITCH, _VALUE, _VALUES = Takes.SWITCH, Takes.VALUE, Takes.VALUES

FLAGS: Final[Mapping[str, Mapping[str, Takes]]] = MappingProxyType(
    {
        "ADD": {
            "checksum": _VALUE,
            "chmod": _VALUE,
            "chown": _VALUE,
            "exclude": _VALUES,
            "keep-git-dir": _SWITCH,
            "link": _SWITCH,
            "unpack": _SWITCH,
        },
        "ARG": {},
        "CMD": {},
        "COPY": {
            "chmod": _VALUE,
            "chown": _VALUE,
            "exclude": _VALUES,
            "from": _VALUE,
            "link": _SWITCH,
            "parents": _SWITCH,
        },
        "ENTRYPOINT": {},
        "ENV": {},
        "EXPOSE": {},
        "FROM": {"platform": _VALUE},
        "HEALTHCHECK": {
            "interval": _VALUE,
            "retries": _VALUE,
            "start-interval": _VALUE,
            "start-period": _VALUE,
            "timeout": _VALUE,
        },
        "LABEL": {},
        "MAINTAINER": {},
        "ONBUILD": {},
        "RUN": {"device": _VALUES, "mount": _VALUES, "network": _VALUE, "security": _VALUE},
        "SHELL": {},
        "STOPSIGNAL": {},
        "USER": {},
        "VOLUME": {},
        "WORKDIR": {},
    }
)
"""Every instruction, and the flags it knows (Dockerfile frontend 1.20 with its experimental ones)."""

INSTRUCTIONS: Final = tuple(FLAGS)

NETWORKS: Final = ("default", "host", "none")
SECURITY_MODES: Final = ("insecure", "sandbox")

TRUTH: Final = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
"""What Go reads as true or false (`strconv.ParseBool`)."""

OPERATING_SYSTEMS: Final = frozenset(
    {
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "linux",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasi",
        "wasip1",
        "windows",
    }
)
"""`GOOS` values that a platform may name (containerd/platforms, `isKnownOS`)."""

ARCHITECTURES: Final = frozenset(
    {
        "386",
        "aarch64",
        "amd64",
        "arm",
        "arm64",
        "armel",
        "armhf",
        "i386",
        "loong64",
        "loongarch64",
        "mips",
        "mips64",
        "mips64le",
        "mipsle",
        "ppc64",
        "ppc64le",
        "riscv64",
        "s390x",
        "wasm",
        "x86-64",
        "x86_64",
    }
)
"""`GOARCH` values and the other names that containerd/platforms normalises to them."""
