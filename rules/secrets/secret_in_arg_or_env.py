"""See secret_in_arg_or_env.md."""

import re
from collections.abc import Iterator, Sequence

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
from rules.secrets.named.names import could_be_secret, is_placeholder, is_stock, names_a_secret
from rules.secrets.named.variables import NamedSecret, holds_a_secret, secret_made_of
from rules.secrets.named.ways_out import is_hashed, makes_password, mount_id, ways_out
from rules.secrets.refusing_servers import refuses_without
from rules.secrets.secret_mount_persisted import keeps

_DISCARDED = (
    "The stage does not ship, but the builder's record of the build and a full provenance attestation (`mode=max`) "
    "keep the value"
)
_TAKEN_OUT = "Leave that out, and let the start refuse without: an empty one may let everybody in"
_REFUSES = "Leave that out: the start of this image refuses where none is given"
_PLACE = (
    "What stands there is in every container and in `docker inspect`; give it at run time instead, and let the start "
    "refuse without"
)
_CONFIDENCES = {"literal": Confidence.CERTAIN, "client": Confidence.POSSIBLE}
"""What several containers agree upon by default is often no secret: only the summary speaks of it."""
_EMBEDDED = re.compile(r"[\"']?jdbc:(?:sqlite|h2:(?:mem|file|~|\.)|hsqldb:(?:mem|file)|derby:(?!//))")
_TRUSTED = re.compile(r"TRUST_?STORE|CACERTS", re.IGNORECASE)
_WRAPPERS = frozenset({"gradlew", "mvnw"})
"""Scripts of build tools, which read nothing of their own accord."""


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
    groups: dict[object, list[NamedSecret]] = {}
    for found in sorted(_named(change), key=lambda found: not found.ships):
        if found.name.text not in seen:
            seen.add(found.name.text)
            alone = found.name.text if found.instruction.keyword == "ARG" else found.kind
            groups.setdefault((found.instruction.span.start, alone), []).append(found)
    known = change.listed.get(("secret-in-arg-or-env", ""), frozenset())
    for group in groups.values():
        fresh = [found for found in group if found.name.text not in known] or group
        yield _problem(change, fresh, tuple(found.name.text for found in group))


def _named(change: DockerfileChange) -> Iterator[NamedSecret]:
    """Yield what goes by the name of a secret."""
    owners: dict[int, Stage] | None = None
    for instruction in change.after.dockerfile.instructions:
        target = instruction.trigger if instruction.trigger is not None else instruction
        for name, value in target.pairs if target.keyword in ("ARG", "ENV") else ():
            if not holds_a_secret(change.after, name.text):
                continue
            owners = owners or {id(one): stage for stage in change.stages for one in stage.instructions}
            owner = owners.get(id(instruction))
            ships = owner is None or owner.layers_ship
            if not _counts(target, name, value, ships=ships):
                continue
            if value is None or owner is None or not is_stock(name.text, value.text) or not _is_in_memory(owner):
                deferred = target is not instruction
                yield NamedSecret(target, name, value, ships, owner, change.after, deferred)


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
    return could_be_secret(value.text) and not (made_up or _is_of_authorities(name, value))


def _is_of_authorities(name: Word, value: Word) -> bool:
    """Whether it is the usual password of a store that holds nothing but certificates, as Java's own one has it."""
    return _TRUSTED.search(name.text) is not None and is_stock(name.text, value.text)


def _by_name(found: NamedSecret) -> str:
    if found.kind in ("stock", "client"):
        return "it may protect nothing that matters, such as the data of a test"
    held = "in the file looks like a placeholder" if found.given is not None else "is not in the file"
    return f"{_told_by(found)}; the value {held}"


def _told_by(found: NamedSecret) -> str:
    taken = secret_made_of(found.model, found.name.text)
    if names_a_secret(found.name.text):
        return "it goes by the name"
    return f"it goes by the name {quote(taken)}, which takes it" if taken else "it goes by its place in an address"


def _problem(change: DockerfileChange, group: Sequence[NamedSecret], every: tuple[str, ...]) -> Problem:
    """Say it of an ARG, or once of all that are alike in an ENV."""
    first = group[0]
    literal = first.kind in ("literal", "by argument")
    fact, then = _said(first) if len(group) == 1 else _said_of(group)
    out = tuple(ways_out(group))
    return Problem(
        first.instruction.span,
        " ".join((f"{fact}. {then}.", *out)),
        _CONFIDENCES.get(first.kind, Confidence.LIKELY),
        doubt=BY_ARGUMENT if literal else _by_name(first),
        instruction=first.instruction,
        key=first.name.text,
        items=every,
        decision=_decision(first, then, out),
        cause=f"password in {first.name.text}" if not literal and is_hashed(first) else "",
        minor=first.kind == "place" and first.instruction.keyword == "ENV",
        severity=Severity.ERROR if literal and first.ships else Severity.WARNING,
        fix=_fix(change, first.instruction, first.name, first.value),
    )


def _decision(found: NamedSecret, then: str, out: Sequence[str]) -> str:
    """Name what is advised alike of several arguments that the same steps read; each ENV is told by itself."""
    name, stage = found.name.text, found.owner
    reading = [str(run.instruction.line) for run in (stage.runs if stage is not None else ()) if _names(run, name)]
    if found.instruction.keyword != "ARG" or found.given is not None or not reading:
        return ""
    return " ".join((*reading, then, *out)).replace(name, "").replace(mount_id(name), "")


def _names(run: Run, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", run.instruction.whole_value) is not None


def _said(found: NamedSecret) -> tuple[str, str]:
    """Return what is so of one variable, and what that means."""
    keyword, name = found.instruction.keyword, found.name.text
    if found.kind in ("literal", "by argument"):
        return _written(f"`{keyword} {name}` writes a secret", found, "it")
    if keyword == "ARG":
        then = "Its value stays readable in the image's history and in provenance attestations"
        return f"`ARG {name}` takes a secret as a build argument", then if found.ships else _DISCARDED
    if found.kind == "place":
        return f"`ENV {name}` puts a secret's place into the image's configuration", _PLACE
    then = _at_server(found) or f"Whoever starts it without another one runs with that. {_taken_out((found,))}"
    return f"`ENV {name}` gives every container a secret that everyone guesses", then


def _said_of(group: Sequence[NamedSecret]) -> tuple[str, str]:
    """Return what is so of several variables of one ENV, and what that means."""
    first, names = group[0], listed(quote(found.name.text) for found in group)
    if first.kind in ("literal", "by argument"):
        fact, then = _written("`ENV` writes secrets", first, "them")
        return f"{fact}: {names}", then
    if first.kind == "place":
        return f"`ENV` puts the places of secrets into the image's configuration: {names}", _PLACE
    then = _at_server(first) or f"Whoever starts it without others runs with those. {_taken_out(group)}"
    return f"`ENV` gives every container secrets that everyone guesses: {names}", then


def _taken_out(group: Sequence[NamedSecret]) -> str:
    """Say what is to hold where nobody gives another value."""
    return _REFUSES if refuses_without(group[0].owner, [found.name.text for found in group]) else _TAKEN_OUT


def _at_server(found: NamedSecret) -> str | None:
    """Say what a value is for that several containers agree upon."""
    if found.kind != "client" or found.server is None:
        return None
    return (
        f"It is for the server that {quote(found.server)} names: where others reach that, give both another one when "
        "they start"
    )


def _written(fact: str, found: NamedSecret, them: str) -> tuple[str, str]:
    """Return what a value in the file means, and what to do: that of a stage that is thrown away is in no image."""
    itself = "the secret itself" if them == "it" else "the secrets themselves"
    then = f"has {them}; take {them} out, and replace {itself}"
    if not found.ships:
        return f"{fact} into the file", f"Everyone who can read the repository {then}"
    return (
        f"{fact} into the file, and into the image's configuration or history",
        f"Everyone who can pull the image or read the repository {then}",
    )


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
    if any(keeps(one, name.text) or makes_password(one) or one.stage.runtime.is_windows for one in same):
        return None  # a builder of Windows images has no such mounts
    if any(_may_read(other) for one in same for other in one.stage.runs if other is not one):
        return None
    mount = f"--mount=type=secret,id={mount_id(name.text)},env={name.text}"
    edits: tuple[Edit, ...] = (delete_instruction(instruction), add_flag(run, mount))
    return Fix("Mount the secret for the one RUN that uses it", edits)
