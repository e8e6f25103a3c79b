"""How options are written on a command line: long and short, in clusters, with and without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


_OF_ACCOUNTS = frozenset("bcdefFgGkKpPRsuZ")
VALUED = {
    "curl": frozenset("AbcCdDeEFHKmoPQrtTuUwxXyYz"),
    "wget": frozenset("AaBDeIiloOPQRtTUwX"),
    "mkdir": frozenset("m"),
    "install": frozenset("gmoSt"),
    **dict.fromkeys(("cp", "mv", "ln"), frozenset("St")),
    "sed": frozenset("efi"),
    **dict.fromkeys(("tar", "bsdtar"), frozenset("bCfFgHIKLNTVX")),
    "unzip": frozenset("dP"),
    "useradd": _OF_ACCOUNTS,
    "usermod": _OF_ACCOUNTS | set("lvVwW"),
    **dict.fromkeys(("groupadd", "groupmod"), frozenset("gKnpPRU")),
    "adduser": frozenset("GghksuK"),
    "addgroup": frozenset("gK"),
}
"""The short options that take a value, of programs that are often told it in the same word: `curl -okubectl`, `mkdir
-pm755`, `sed -i.bak` (curl(1), wget(1), coreutils, sed, GNU tar, unzip, shadow's manuals, BusyBox's `adduser`)."""


_SIGNS = str.maketrans("", "", "#46")
"""Short options that are no letters: `curl -#`, and `-4` and `-6` of curl and wget (curl(1), wget(1))."""


def _is_cluster(letters: str) -> bool:
    return letters.translate(_SIGNS).isalpha()


def takes_next_word(option: str, with_values: Collection[str]) -> bool:
    """Tell whether an option as written takes the next word for its value.

    Args:
        option: With its dashes; may be a cluster of short options, of which the last may take a value.
        with_values: The options that take one, with their dashes.
    """
    if option in with_values:
        return True
    if option[:2] == "--" or "=" in option:
        return False
    for index in range(1, len(option)):
        if "-" + option[index] in with_values:
            return index == len(option) - 1
    return False


def holds(value: str, flag: str, valued: Collection[str] = ()) -> bool:
    """Tell whether an option word contains a flag: a letter of a cluster, or a long flag with a value.

    Args:
        value: The word.
        flag: With its dashes.
        valued: The letters that take what follows them in the word for their value.
    """
    if flag[:2] == "--":
        return value.startswith(flag) and value[len(flag) : len(flag) + 1] == "="
    if len(flag) != 2 or value[:2] == "--" or flag[1] not in value[1:]:  # noqa: PLR2004 - dash and letter
        return False
    ends = [at for at, letter in enumerate(value[1:], start=2) if letter in valued]
    letters = value[1 : ends[0]] if ends else value[1:]
    return flag[1] in letters and _is_cluster(letters)


def inline_value(value: str, name: str) -> str | None:
    """Return an option's value from its own word, empty when it is the next word, `None` for another option."""
    if value == name:
        return ""
    if len(name) != 2:  # noqa: PLR2004 - dash and letter
        return value[len(name) + 1 :] if value.startswith(name + "=") else None
    at = -1 if value[:2] == "--" else value.find(name[1], 1)
    if at == 1:
        return value[2:].removeprefix("=")
    rest = value[at + 1 :]
    return rest if at > 1 and _is_cluster(value[1:at]) and not rest[:1].isalpha() else None
