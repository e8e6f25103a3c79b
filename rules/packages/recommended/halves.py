"""Packages that do but half of their work without one that they only recommend."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.packages.recommended.programs import IN_FULL_IMAGES, is_brought, is_called_behind

if TYPE_CHECKING:
    from rules.dockerfile.package_calls import PackageCall
    from rules.model.stage import Stage
    from rules.model.steps import Run


class _Half(NamedTuple):
    """The other half of a package's work: the package that has it, and the programs that ask for it (none: any use)."""

    wanted: str
    programs: tuple[str, ...] = ()


_HALVES = {
    "autoconf": _Half("automake"),
    "composer": _Half("unzip", ("composer",)),
    "cpanminus": _Half("make", ("cpanm",)),
    "debhelper": _Half("build-essential"),
    "dpkg-dev": _Half("build-essential", ("dpkg-buildpackage", "debuild")),
    "gcc-aarch64-linux-gnu": _Half("libc6-dev-arm64-cross"),
    "gcc-arm-linux-gnueabihf": _Half("libc6-dev-armhf-cross"),
    "gcc-arm-none-eabi": _Half("libnewlib-arm-none-eabi"),
    "gcc-riscv64-linux-gnu": _Half("libc6-dev-riscv64-cross"),
    "gcc-x86-64-linux-gnu": _Half("libc6-dev-amd64-cross"),
    "protobuf-compiler": _Half("libprotobuf-dev"),
    "r-base": _Half("r-base-dev", ("R", "Rscript", "install2.r", "install.r")),
    "r-base-core": _Half("r-base-dev", ("R", "Rscript", "install2.r", "install.r")),
    "rustc": _Half("cargo", ("cargo",)),
    "xvfb": _Half("xauth"),
}
"""By package what it recommends (`Recommends` in Debian 12's index of packages) and cannot do its work without.

`autoreconf`, vcpkg and most `autogen.sh` call `aclocal` of `automake`; `dpkg-buildpackage`, which runs `debhelper`,
stops without `build-essential` ("Unmet build dependencies"). `protoc` finds `google/protobuf/empty.proto` and its kin
in `libprotobuf-dev` alone; a cross compiler has the headers of its C library elsewhere; `xvfb-run` stops without
`xauth`; R compiles with `r-base-dev`; Composer calls `unzip`.
"""
_HALVES_ELSEWHERE = {"protoc": "protobuf-dev"}
"""The same of packages that Alpine calls otherwise: its `protoc` has no `google/protobuf/*.proto` either."""
_LAYOUT = "it lays out documents for Arial and Times with it, and those for Calibri with `fonts-crosextra-carlito`"
_FONTS_OF_TEX = "many documents want its fonts, and so does what `pandoc` writes"
_TASKS = {
    "buildah": ("uidmap", "it needs that one, `slirp4netns` and `fuse-overlayfs` where it does not run as root"),
    "chromium": ("fonts-liberation", "it draws pages for Arial and Times with that one"),
    "imagemagick": ("ghostscript", "it reads PDF and PostScript with that one"),
    "podman": ("uidmap", "it needs that one, `slirp4netns` and `fuse-overlayfs` where it does not run as root"),
    **dict.fromkeys(
        ("libreoffice", "libreoffice-calc", "libreoffice-core", "libreoffice-impress", "libreoffice-writer"),
        ("fonts-liberation", _LAYOUT),
    ),
    "octave": ("gnuplot-nox", "it draws with that one"),
    "qemu-system-arm": ("qemu-efi-aarch64", "it boots UEFI with that one"),
    "qemu-system-x86": ("ovmf", "it boots UEFI with that one"),
    **dict.fromkeys(
        ("texlive-latex-base", "texlive-latex-recommended", "texlive-luatex", "texlive-xetex"),
        ("lmodern", _FONTS_OF_TEX),
    ),
    "texlive-latex-extra": ("texlive-fonts-recommended", "many documents want its fonts"),
    "unoconv": ("libreoffice-writer", "it converts text with that one"),
    "wireguard-tools": ("iptables", "`wg-quick` calls it for a default route"),
    "wkhtmltopdf": ("xvfb", "Debian's build of it needs an X server"),
}
"""By package what it recommends (the same index) for a part of its work, which the file does not show."""


def other_halves(stage: Stage, run: Run, call: PackageCall) -> tuple[str, ...]:
    """Return the packages without which those of an install do half of their work, where nothing else brings them."""
    halves = (half for package in call.packages if (half := _HALVES.get(package.name)) is not None)
    wanted = [
        half.wanted
        for half in halves
        if not half.programs or any(is_called_behind(stage, run, call, program) for program in half.programs)
    ]
    return tuple(dict.fromkeys(name for name in wanted if not _is_there(stage, run, call, name)))


def wholes_of(package: str) -> tuple[str, ...]:
    """Return the packages that use another one for any work of theirs, although they only recommend it."""
    elsewhere = (name for name, wanted in _HALVES_ELSEWHERE.items() if wanted == package)
    return (*(name for name, half in _HALVES.items() if half.wanted == package and not half.programs), *elsewhere)


def for_a_task(stage: Stage, run: Run, call: PackageCall) -> str:
    """Say what a package of an install does a part of its work with and only recommends; empty where that is there."""
    for package in call.packages:
        wanted, why = _TASKS.get(package.name, ("", ""))
        if wanted and not _is_there(stage, run, call, wanted):
            named = f" With the flag, name `{wanted}` too if it is needed"
            return f"{named}: `{package.name}` only recommends it, and {why}."
    return ""


def _is_there(stage: Stage, run: Run, call: PackageCall, package: str) -> bool:
    full = stage.facts is not None and bool(stage.facts.full)
    return (full and package in IN_FULL_IMAGES) or is_brought(stage, run, call, package)
