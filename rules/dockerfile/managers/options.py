"""Options of one program: which spellings mean the same, which take a value, and what a command line gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.dockerfile.shell.words import ShellWord

_SHORT = len("-x")


class OptionUse(NamedTuple):
    """One option on a command line.

    Attributes:
        value: Its value as the program gets it; `None` for a bare flag.
        word: The word that holds the option.
        value_word: The word that holds the value: the same or the next one.
    """

    value: str | None
    word: ShellWord
    value_word: ShellWord


class Options(NamedTuple):
    """A command line, options and operands apart.

    Attributes:
        uses: By canonical long name, in the order given.
        operands: What is neither an option nor an option's value.
    """

    uses: dict[str, list[OptionUse]]
    operands: list[ShellWord]

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value given to an option, by its canonical name."""
        return tuple([use.value for use in self.uses.get(name, ()) if use.value is not None])


class OptionTable:
    """The options of one program.

    Args:
        flags: Options without a value: spellings separated by blanks, options by commas. The last spelling of each
            is the canonical name: `"-y --yes --assume-yes, -q --quiet"`.
        values: Options with a value, written the same way.
        single_dash: Long options have one dash, as in Go (`-ldflags`), so there are no clusters; they are
            canonical with one dash.
        one_dash_too: A known long option may have one dash as well, as nopt reads those of npm (`-only=production`).
        foreign_tail: What stands behind `--` is for another program, as in `gem install x -- --with-foo`.
        slash: `/p:Name=value` and `-p:Name=value` are options, as in MSBuild, canonical with a dash.
    """

    def __init__(
        self,
        flags: str,
        values: str,
        *,
        single_dash: bool = False,
        one_dash_too: bool = False,
        slash: bool = False,
        foreign_tail: bool = False,
    ) -> None:
        self._canonical: dict[str, str] = {}
        self._with_value: set[str] = set()
        self._single_dash = single_dash
        self._one_dash_too = one_dash_too
        self._slash = slash
        self._foreign_tail = foreign_tail
        for text, takes_value in ((flags, False), (values, True)):
            for option in text.split(","):
                spellings = option.split()
                for spelling in spellings:
                    self._canonical[spelling] = spellings[-1]
                    if takes_value:
                        self._with_value.add(spelling)

    def canonical(self, name: str) -> str:
        """Return the canonical name of an option, with its dashes; unknown ones stand for themselves."""
        return self._canonical.get(name, name)

    def read(self, words: Sequence[ShellWord]) -> Options:
        """Sort the words of a command line."""
        found = Options({}, [])
        index = 0
        while index < len(words):
            word = words[index]
            value = word.value
            if value == "--":
                found.operands.extend(() if self._foreign_tail else words[index + 1 :])
                break
            following = words[index + 1] if index + 1 < len(words) else None
            index += 1
            if self._slash and value[:1] in "-/" and ":" in value:
                name, _, rest = value.partition(":")
                found.uses.setdefault("-" + name[1:], []).append(OptionUse(rest, word, word))
            elif value[:2] == "--" or self._is_long(value):
                index += self._long(word, following, found)
            elif value[:1] == "-" and value != "-":
                index += self._cluster(word, following, found)
            else:
                found.operands.append(word)
        return found

    def _is_long(self, value: str) -> bool:
        """Whether an option with one dash is a long one."""
        if value[:1] != "-" or value == "-":
            return False
        name = value.partition("=")[0]
        return self._single_dash or (self._one_dash_too and len(name) > _SHORT and f"-{name}" in self._canonical)

    def _long(self, word: ShellWord, following: ShellWord | None, found: Options) -> int:
        """Read `--name`, `--name=value` or `--name value`; return how many words more it takes."""
        name, equals, value = word.value.partition("=")
        if self._single_dash and name[:2] == "--":
            name = name[1:]
        elif self._one_dash_too and name[:2] != "--":
            name = f"-{name}"
        takes_next = not equals and name in self._with_value and following is not None
        value_word = word
        if takes_next and following is not None:
            value, equals, value_word = following.value, "=", following
        found.uses.setdefault(self.canonical(name), []).append(OptionUse(value if equals else None, word, value_word))
        return int(takes_next)

    def _cluster(self, word: ShellWord, following: ShellWord | None, found: Options) -> int:
        """Read `-x`, `-xyz`, `-xvalue`, `-x=value` or `-x value`; return how many words more it takes."""
        letters = word.value
        for index in range(1, len(letters)):
            name = "-" + letters[index]
            rest = letters[index + 1 :]
            uses = found.uses.setdefault(self.canonical(name), [])
            if rest[:1] == "=":
                uses.append(OptionUse(rest[1:], word, word))
                return 0
            if name in self._with_value:
                if rest:
                    uses.append(OptionUse(rest, word, word))
                    return 0
                uses.append(OptionUse(following.value if following else None, word, following or word))
                return int(following is not None)
            uses.append(OptionUse(None, word, word))
        return 0


def opposite(name: str) -> str:
    """Return what takes a long option back: `--no-x` for `--x` and the other way round."""
    return f"--{name[5:]}" if name.startswith("--no-") else f"--no-{name[2:]}"
