"""See secret_in_arg_or_env.md."""

import re
from collections.abc import Iterator

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
from rules.secrets.secret_mount_persisted import keeps
from rules.secrets.secret_names import could_be_secret, is_placeholder, is_stock, names_a_secret

_DISCARDED = (
    "The stage does not ship, so its history is in no image; the builder's record of the build and a full provenance "
    "attestation (`mode=max`) hold the value all the same"
)
_EMBEDDED = re.compile(r"[\"']?jdbc:(?:sqlite|h2:(?:mem|file|~|\.)|hsqldb:(?:mem|file)|derby:(?!//))")
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
    for instruction, name, value, ships in sorted(_named(change), key=lambda found: not found[3]):
        if name.text not in seen:
            seen.add(name.text)
            given = value if value is not None and value.text.strip("\"'") else None
            yield _problem(instruction, name, given, _fix(change, instruction, name, value), ships=ships)


def _named(change: DockerfileChange) -> Iterator[tuple[Instruction, Word, Word | None, bool]]:
    """Yield what goes by the name of a secret: instruction, name, value, and whether it is in an image that ships."""
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
                yield target, name, value, ships


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


def _by_name(name: Word, value: Word | None) -> str:
    if value is not None and is_stock(name.text, value.text):
        return "it may protect nothing that matters, such as the data of a test"
    held = "in the file looks like a placeholder" if value is not None and value.text else "is not in the file"
    return f"it goes by the name; the value {held}"


def _problem(instruction: Instruction, name: Word, value: Word | None, repair: Fix | None, *, ships: bool) -> Problem:
    keyword = instruction.keyword
    literal = value is not None and not _is_made_up(name, value)
    if literal:
        fact, then = _written(keyword, name, ships=ships)
        if keyword == "ENV" and ships:
            then += ". What the container needs, give it when it starts"
    elif keyword == "ENV" and value is not None and is_stock(name.text, value.text):
        fact = f"`ENV {name.text}` gives every container a secret that everyone guesses"
        then = "Whoever starts it without another one runs with that; leave it out, so that it has to be given"
    elif keyword == "ENV":
        fact = f"`ENV {name.text}` puts a secret's place into the image's configuration"
        then = "What stands there is in every container and in `docker inspect`; give it at run time instead"
    else:
        fact = f"`ARG {name.text}` takes a secret as a build argument"
        then = "Its value stays readable in the image's history and in provenance attestations" if ships else _DISCARDED
    mount = f"RUN --mount=type=secret,id={_id(name.text)},env={name.text} …"
    way_out = f"A secret mount leaves no trace: {quote(mount)}."
    if keyword == "ENV":
        way_out = f"A build that needs it can mount it and leaves no trace: {quote(mount)}."
    return Problem(
        instruction.span,
        f"{fact}. {then}. {way_out}",
        Confidence.CERTAIN if literal and "$" not in (value.text if value else "") else Confidence.LIKELY,
        doubt=BY_ARGUMENT if literal else _by_name(name, value),
        instruction=instruction,
        key=name.text,
        severity=Severity.ERROR if literal and ships else Severity.WARNING,
        fix=repair,
    )


def _written(keyword: str, name: Word, *, ships: bool) -> tuple[str, str]:
    """Return what a value in the file means, and what to do: that of a stage that is thrown away is in no image."""
    fact = f"`{keyword} {name.text}` writes a secret into the file"
    then = "has it; take it out, and replace the secret itself"
    if not ships:
        return fact, f"Everyone who can read the repository {then}"
    return (
        f"{fact}, and into the image's configuration or history",
        f"Everyone who can pull the image or read the repository {then}",
    )


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
