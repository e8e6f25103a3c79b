"""Build `debian.zip`: sizes, dependencies, headers and build tools of Debian packages.

python -m rules.data.build.debian debian_packages.json.gz
"""

from __future__ import annotations

import gzip
import json
from typing import Any

from rules.data.build.pack import arguments, write

Json = dict[str, Any]

NOT_BUILD_ONLY = frozenset(
    """adb android-udev-rules debconf-utils desktop-file-utils distro-info distro-info-data environment-modules
    fastboot gettext hello libbinutils libctf-nobfd0 libctf0 libgegl-common libgprofng0 libnng1 libnss-wrapper
    libomp5-14 libomp5-19 libpthreadpool0 libsframe1 libsoup-3.0-common libsoup2.4-common libzvbi-common
    monodoc-http mpi-default-bin mpich native-architecture peco runc scala-library source-highlight stress suffixfsm
    yamllint""".split()
)
"""Packages of the archive's sections for development that running programs need."""

ALSO_BUILD_ONLY = frozenset(
    """ant cargo cython3 default-jdk default-jdk-headless dpkg-dev ghc golang golang-go gradle maven ocaml patch quilt
    rustc swig""".split()
)
"""Compilers and build tools of the archive's other sections."""


RENAMED: dict[str, str | None] = {
    "libegl1-mesa": "libegl1",  # a transitional package: its only `Depends` is what people meant by the name
    "libosmocore19": None,  # the name without a number belongs to a package of all the project's libraries
    "python3-nose": None,  # nose2 is another program with another interface
}
"""Where the raw table takes a likely name for the one that stands in; `None` where nothing does under one name."""


def main() -> None:
    """Read the raw table and write the compact one."""
    given = arguments("Build debian.zip", "debian_packages")
    raw = json.loads(gzip.decompress(given.debian_packages.read_bytes()))
    build_only: set[str] = set(ALSO_BUILD_ONLY)
    parts: Json = {"meta": raw["meta"] | {"releases": {}}, "changes": changes(raw["bookworm_to_trixie"])}
    for name, suite in raw["suites"].items():
        build_only |= {suite["names"][index] for index in suite["build_only"]} - NOT_BUILD_ONLY
        parts["meta"]["releases"][name] = suite["release"]
        parts[name] = {key: suite[key] for key in ("names", "kb", "deps", "slim_installed", "with_recommends_kb")}
        parts[f"{name}/virtual"] = suite["virtual"]
        parts[f"{name}/runtime"] = {
            package: [runtime] if isinstance(runtime, str) else runtime
            for package, runtime in suite["dev_runtime"].items()
        }
    parts["build_only"] = sorted(name for name in build_only if not name.endswith("-dev"))
    write(given.output / "debian.zip", parts)


def changes(raw: Json) -> Json:
    """Return what happened to packages between two releases, without the faults known in the raw table."""
    renamed = {name: new for name, new in {**raw["renamed"], **RENAMED}.items() if new is not None}
    gone = {*raw["gone"], *(name for name, new in RENAMED.items() if new is None)}
    return raw | {"renamed": renamed, "gone": sorted(gone)}


if __name__ == "__main__":
    main()
