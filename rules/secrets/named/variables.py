"""A variable that goes by the name of a secret, and what its value is: a secret, one that everyone guesses, a place."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.api import once
from rules.secrets.named.names import is_placeholder, is_stock, names_a_secret

if TYPE_CHECKING:
    from rules.api import Instruction, Model, Stage, Word

Kind = Literal["place", "stock", "client", "by argument", "literal"]

_SERVER = re.compile(r"(\w+?)_?(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|URL|URI|ENDPOINT)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w+.:-]*//)?(?:[^/@]*@)?(\[[^\]]*\]|[^:/,]*)")
_ITSELF = frozenset({"", "localhost", "127.0.0.1", "0.0.0.0", "[::1]", "file", "sqlite", "jdbc"})  # noqa: S104 - names
"""Hosts that are the container itself, and what stands in their place where the address is that of a file."""
_BETWEEN = re.compile(r"[-_.:/@ ]+")
_WORD = re.compile(r"(?<![^\W_])[A-Za-z]{3,}(?![^\W_])")
_AS_PASSWORD = re.compile(r"://[^\s/@\"']{0,200}:\$(?:\{(\w+)(?::?[-?+][^{}]*)?\}|(\w+))@")
"""A variable in the place of an address where the password stands (RFC 3986, 3.2.1): `postgres://shop:${PW}@db/shop`."""
_REFERENCE = re.compile(r"\$\{?(\w+)(?::?-)?\}?")
_REFERRED = re.compile(r"\$\{?(\w+)")
_PASSWORD_OF_ADDRESS = re.compile(r"(://[^\s/@:]{0,200}):[^\s/@]{0,200}@")
_SHORTEST = 3
"""Letters that a word of another value must have to count."""


class NamedSecret(NamedTuple):
    """What goes by the name of a secret.

    Attributes:
        instruction: The ARG or ENV, that of an ONBUILD too.
        name: The variable.
        value: What stands in the file, if anything.
        ships: Whether it is in an image that ships.
        owner: The stage; none above the first FROM.
        model: The file.
        deferred: Whether an ONBUILD sets it, for builds upon the image.
    """

    instruction: Instruction
    name: Word
    value: Word | None
    ships: bool
    owner: Stage | None
    model: Model
    deferred: bool

    @property
    def given(self) -> Word | None:
        """The value, unless it is empty."""
        return self.value if self.value is not None and self.value.text.strip("\"'") else None

    @property
    def kind(self) -> Kind:
        """What the value is: a secret, what everyone guesses (a client's, for a server elsewhere), a place for one."""
        if self.given is None:
            return "place"
        is_guessed = is_stock(self.name.text, self.given.text)
        if not is_guessed and is_placeholder(self.given.text):
            return "place"
        if is_guessed or self._is_said_beside():
            return "client" if self.instruction.keyword == "ENV" and self.server is not None else "stock"
        return "by argument" if "$" in self.given.text else "literal"

    def _is_said_beside(self) -> bool:
        """Whether the file says the value elsewhere, where it is no secret: an account or a database of that name."""
        if self.owner is None or self.given is None:
            return False
        if self.given.text.strip("\"'") in _plain_words(self.model):
            return True
        value, beside = self.given.text.strip("\"'").lower(), _beside(self.owner)
        return value in beside.get("", ()) or value in beside.get(_first_word(self.name.text), ())

    @property
    def server(self) -> str | None:
        """The variable that names the server it is for, where that is in another container: `DB_HOST` of `DB_PASS`."""
        servers = _servers(self.owner) if self.owner is not None else {}
        name = self.name.text.upper()
        return next((servers[stem] for stem in _stems(name) if stem in servers), None)


def holds_a_secret(model: Model, name: str) -> bool:
    """Tell whether a variable's name says that its value is a secret, or its place where it is read."""
    return names_a_secret(name) or name in _passwords_of_addresses(model) or secret_made_of(model, name) is not None


def secret_made_of(model: Model, name: str) -> str | None:
    """Return the variable by the name of a secret that takes over an argument's value: `ENV DB_PASSWORD=$pw`.

    `None` also where another takes it over whose name says no such thing: then it is a name, a version or an address.
    """
    return _handed_on(model).get(name)


@once
def _handed_on(model: Model) -> dict[str, str]:
    found: dict[str, str] = {}
    others = set()
    for instruction in model.dockerfile.instructions:
        for name, value in instruction.pairs if instruction.keyword == "ENV" else ():
            taken = _REFERENCE.fullmatch(value.text.strip("\"'")) if value is not None else None
            if taken is not None and names_a_secret(name.text):
                found.setdefault(taken[1], name.text)
            elif value is not None:
                others.update(_REFERRED.findall(value.text))
    return {name: secret for name, secret in found.items() if name not in others}


@once
def _passwords_of_addresses(model: Model) -> frozenset[str]:
    """The variables that stand for the password of an address, whatever they are called."""
    return frozenset(match[1] or match[2] for match in _AS_PASSWORD.finditer(model.code))


def _first_word(name: str) -> str:
    return name.upper().partition("_")[0]


def _stems(name: str) -> list[str]:
    """The beginnings of a name that end where one of its words does, the longest first."""
    return [name[:at] for at in range(len(name) - 1, 0, -1) if name[at] == "_"]


def _values(stage: Stage) -> dict[str, str]:
    """What the environment of a stage holds, and the arguments that have a value in it."""
    arguments = (pair for one in stage.instructions if one.keyword == "ARG" for pair in one.pairs)
    found = {name.text: value.text.strip("\"'") for name, value in arguments if value is not None}
    return found | {name: setting.value for name, setting in stage.image.env.items() if setting.value}


@once
def _beside(stage: Stage) -> dict[str, set[str]]:
    """The values of variables that are no secret, and their words by the first word of the variable's name."""
    found: dict[str, set[str]] = {"": set()}
    for name, written in _values(stage).items():
        value = _PASSWORD_OF_ADDRESS.sub(r"\1@", written)
        if len(value) >= _SHORTEST and not holds_a_secret(stage.model, name):
            found[""].add(value.lower())
            words = (word for word in _BETWEEN.split(value.lower()) if len(word) >= _SHORTEST)
            found.setdefault(_first_word(name), set()).update(words)
    return found


@once
def _plain_words(model: Model) -> frozenset[str]:
    """The words of letters alone that a file says more often than as the value of what goes by the name of a secret."""
    said = Counter(_WORD.findall(model.code))
    pairs = (pair for one in model.dockerfile.instructions for pair in one.pairs)
    secret = Counter(
        word
        for name, value in pairs
        if value and holds_a_secret(model, name.text)
        for word in _WORD.findall(value.text)
    )
    return frozenset(word for word, times in said.items() if times > secret[word])


@once
def _servers(stage: Stage) -> dict[str, str]:
    """The variables that name a server outside the container, by what their names say in front of that, in capitals."""
    named = ((_SERVER.fullmatch(name), name, value) for name, value in _values(stage).items())
    return {match[1].upper(): name for match, name, value in named if match and _host(value) not in _ITSELF}


def _host(address: str) -> str:
    match = _HOST.match(address)
    return match[1].lower() if match is not None else ""
