"""See secret_in_arg_or_env.md."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.api import (
    BY_ARGUMENT,
    Category,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    Instruction,
    Problem,
    Run,
    Severity,
    Stage,
    Word,
    add_flag,
    delete_instruction,
    once,
    quote,
    rule,
)
from rules.quoting import listed
from rules.secrets.readers import handed_on, runs_below
from rules.secrets.secret_mount_persisted import keeps
from rules.secrets.secret_names import could_be_secret, is_placeholder, is_stock, names_a_secret

_DISCARDED = (
    "The stage does not ship, so its history is in no image; the builder's record of the build and a full provenance "
    "attestation (`mode=max`) hold the value all the same"
)
_EMBEDDED = re.compile(r"[\"']?jdbc:(?:sqlite|h2:(?:mem|file|~|\.)|hsqldb:(?:mem|file)|derby:(?!//))")
_WRAPPERS = frozenset({"gradlew", "mvnw"})
"""Scripts of build tools, which read nothing of their own accord."""


class _Named(NamedTuple):
    """What goes by the name of a secret.

    Attributes:
        instruction: The ARG or ENV, that of an ONBUILD too.
        name: The variable.
        value: What stands in the file, if anything.
        ships: Whether it is in an image that ships.
        owner: The stage; none above the first FROM.
    """

    instruction: Instruction
    name: Word
    value: Word | None
    ships: bool
    owner: Stage | None

    @property
    def given(self) -> Word | None:
        """The value, unless it is empty."""
        return self.value if self.value is not None and self.value.text.strip("\"'") else None

    @property
    def kind(self) -> str:
        """What the value is: a secret, one that everyone guesses, or a place for one; with the doubt about it."""
        if self.given is None:
            return "place"
        if is_stock(self.name.text, self.given.text):
            return "stock"
        if is_placeholder(self.given.text):
            return "place"
        return "by argument" if "$" in self.given.text else "literal"


@rule(
    "secret-in-arg-or-env",
    severity=Severity.ERROR,
    category=Category.SECURITY,
    keywords=("ARG", "ENV"),
    aliases=("DL3064", "SecretsUsedInArgOrEnv", "DS-0031", "S6472", "CIS-DI-0010"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An ARG or ENV carries a secret."""
    seen: set[str] = set()
    groups: dict[object, list[_Named]] = {}
    for found in sorted(_named(change), key=lambda found: not found.ships):
        if found.name.text not in seen:
            seen.add(found.name.text)
            alone = found.name.text if found.instruction.keyword == "ARG" else found.kind
            groups.setdefault((found.instruction.span.start, alone), []).append(found)
    known = change.listed.get(("secret-in-arg-or-env", ""), frozenset())
    for group in groups.values():
        fresh = [found for found in group if found.name.text not in known] or group
        yield _problem(change, fresh, tuple(found.name.text for found in group))


def _named(change: DockerfileChange) -> Iterator[_Named]:
    """Yield what goes by the name of a secret."""
    owners: dict[int, Stage] | None = None
    for instruction in change.after.dockerfile.instructions:
        target = instruction.trigger if instruction.trigger is not None else instruction
        for name, value in target.pairs if target.keyword in ("ARG", "ENV") else ():
            if not names_a_secret(name.text):
                continue
            owners = owners or {id(one): stage for stage in change.stages for one in stage.instructions}
            owner = owners.get(id(instruction))
            ships = owner is None or owner.layers_ship
            if not _counts(target, name, value, ships=ships):
                continue
            if value is None or owner is None or not is_stock(name.text, value.text) or not _is_in_memory(owner):
                yield _Named(target, name, value, ships, owner)


@once
def _is_in_memory(stage: Stage) -> bool:
    """Whether the container is set to a database within the process, which needs no password and protects nothing."""
    return any(_EMBEDDED.match(setting.value) for setting in stage.image.env.values() if setting.value)


def _is_made_up(name: Word, value: Word) -> bool:
    return is_placeholder(value.text) or is_stock(name.text, value.text)


def _counts(instruction: Instruction, name: Word, value: Word | None, *, ships: bool) -> bool:
    """An ARG without value is filled in by the caller; a value counts unless it cannot be a secret.

    What an ENV made up for the build of a stage that is thrown away is in no image, and nobody replaces it.
    """
    if value is None or not value.text.strip("\"'"):
        return instruction.keyword == "ARG"
    made_up = instruction.keyword == "ENV" and not ships and _is_made_up(name, value)
    return could_be_secret(value.text) and not made_up


def _by_name(found: _Named) -> str:
    if found.given is not None and is_stock(found.name.text, found.given.text):
        return "it may protect nothing that matters, such as the data of a test"
    held = "in the file looks like a placeholder" if found.given is not None else "is not in the file"
    return f"it goes by the name; the value {held}"


def _problem(change: DockerfileChange, group: Sequence[_Named], every: tuple[str, ...]) -> Problem:
    """Say it of an ARG, or once of all that are alike in an ENV."""
    first = group[0]
    literal = first.kind in ("literal", "by argument")
    fact, then = _said(first) if len(group) == 1 else _said_of(group)
    return Problem(
        first.instruction.span,
        " ".join((f"{fact}. {then}.", *_way_out(group))),
        Confidence.CERTAIN if first.kind == "literal" else Confidence.LIKELY,
        doubt=BY_ARGUMENT if literal else _by_name(first),
        instruction=first.instruction,
        key=first.name.text,
        items=every,
        severity=Severity.ERROR if literal and first.ships else Severity.WARNING,
        fix=_fix(change, first.instruction, first.name, first.value),
    )


def _said(found: _Named) -> tuple[str, str]:
    """Return what is so of one variable, and what that means."""
    keyword, name = found.instruction.keyword, found.name.text
    if found.kind in ("literal", "by argument"):
        return _written(f"`{keyword} {name}` writes a secret", found, "it")
    if keyword == "ARG":
        then = "Its value stays readable in the image's history and in provenance attestations"
        return f"`ARG {name}` takes a secret as a build argument", then if found.ships else _DISCARDED
    if found.kind == "stock":
        return (
            f"`ENV {name}` gives every container a secret that everyone guesses",
            "Whoever starts it without another one runs with that; leave it out, so that it has to be given",
        )
    return (
        f"`ENV {name}` puts a secret's place into the image's configuration",
        "What stands there is in every container and in `docker inspect`; give it at run time instead",
    )


def _said_of(group: Sequence[_Named]) -> tuple[str, str]:
    """Return what is so of several variables of one ENV, and what that means."""
    first, names = group[0], listed(quote(found.name.text) for found in group)
    if first.kind in ("literal", "by argument"):
        fact, then = _written("`ENV` writes secrets", first, "them")
        return f"{fact}: {names}", then
    if first.kind == "stock":
        return (
            f"`ENV` gives every container secrets that everyone guesses: {names}",
            "Whoever starts it without others runs with those; leave them out, so that they have to be given",
        )
    return (
        f"`ENV` puts the places of secrets into the image's configuration: {names}",
        "What stands there is in every container and in `docker inspect`; give it at run time instead",
    )


def _written(fact: str, found: _Named, them: str) -> tuple[str, str]:
    """Return what a value in the file means, and what to do: that of a stage that is thrown away is in no image."""
    itself = "the secret itself" if them == "it" else "the secrets themselves"
    then = f"has {them}; take {them} out, and replace {itself}"
    if not found.ships:
        return f"{fact} into the file", f"Everyone who can read the repository {then}"
    at_start = ". What the container needs, give it when it starts" if found.instruction.keyword == "ENV" else ""
    return (
        f"{fact} into the file, and into the image's configuration or history",
        f"Everyone who can pull the image or read the repository {then}{at_start}",
    )


def _way_out(group: Sequence[_Named]) -> Iterator[str]:
    """Yield the mount that takes the secret in, under the name that the build reads it by, where something reads it."""
    first = group[0]
    name = first.name.text
    read_here = first.owner is None or runs_below(first.owner, first.instruction.span.start)
    if first.instruction.keyword == "ENV":
        if read_here:
            them = "it can mount it" if len(group) == 1 else "them can mount each"
            yield f"A build that needs {them} and leaves no trace: {_mount(name, name)}."
        return
    takers = _takers(first)
    named = listed(quote(f"ENV {taker}") for taker in takers) if takers else ""
    if takers and first.ships and not read_here:
        yield f"Nothing in the build reads it: drop it together with {named}, and give it when the container starts."
        return
    read = next((taker for taker, whole in takers.items() if whole), name)
    again = ", if the `RUN` also deletes what it writes it to" if _is_kept(first, read) else ""
    start = ". What the container needs, give it when it starts" if first.ships else ""
    goes = f" With the `ARG` goes what hands it on: {named}{start}." if takers else ""
    yield f"A secret mount leaves no trace{again}: {_mount(name, read)}.{goes}"


def _mount(name: str, read: str) -> str:
    return quote(f"RUN --mount=type=secret,id={_id(name)},env={read} …")


def _is_kept(found: _Named, read: str) -> bool:
    """Whether a step writes the secret to a file that stays, mounted or not."""
    return found.owner is not None and any(keeps(run, read) for run in found.owner.runs if read in run.instruction.text)


def _takers(found: _Named) -> dict[str, bool]:
    """Return the variables that an ENV of the stage builds from an ARG, and whether they are nothing but its value."""
    if found.owner is None:
        return {}
    takers = handed_on(found.owner).get(found.name.text, ())
    return {name: whole for start, name, whole in takers if start > found.instruction.span.start}


def _id(name: str) -> str:
    return name.lower().replace("_", "-")


def _may_read(run: Run) -> bool:
    """Whether a step runs a script of the project: it sees the ARG in its environment, and may read it."""
    return any(
        command.program is not None and command.program.value.startswith("./") and command.name not in _WRAPPERS
        for command in run.commands
    )


def _fix(change: DockerfileChange, instruction: Instruction, name: Word, value: Word | None) -> Fix | None:
    """Mount it where exactly one RUN uses it, and delete the ARG; only for an ARG that holds nothing else."""
    if instruction.keyword != "ARG" or value is not None or len(instruction.pairs) != 1:
        return None
    users = [i for i in change.after.dockerfile.instructions if i is not instruction and name.text in i.text]
    if len(users) != 1 or users[0].keyword != "RUN" or users[0].exec_form is not None or users[0].trigger is not None:
        return None
    run = users[0]
    same = [one for _, one in change.after.layers.all_runs if one.instruction is run]
    if any(keeps(one, name.text) or one.stage.runtime.is_windows for one in same):
        return None  # a builder of Windows images has no such mounts
    if any(_may_read(other) for one in same for other in one.stage.runs if other is not one):
        return None
    mount = f"--mount=type=secret,id={_id(name.text)},env={name.text}"
    edits: tuple[Edit, ...] = (delete_instruction(instruction), add_flag(run, mount))
    return Fix("Mount the secret for the one RUN that uses it", edits)
