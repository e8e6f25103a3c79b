"""See setuid_bit_added.md."""

import posixpath
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Run, Severity, Stage, is_root_name, quote, rule
from rules.quoting import listed
from rules.user.accounts.running import name_of, runs_as_root
from rules.user.layers import folders_made, shipped_steps
from rules.user.modes.granted import Grant, grants, shown
from rules.user.owners.given import changed_owner_since, owners_given
from rules.user.owners.loops import looped_paths

_FOR_ROOT = frozenset("doas fixuid mount newgrp passwd pkexec su sudo umount".split())
"""Programs that act as root for whoever calls them, which is what they are installed for."""

_FOR_SANDBOXES = frozenset("bwrap chrome-sandbox chrome_sandbox fusermount fusermount3 newgidmap newuidmap".split())
"""Programs that make namespaces and mounts for the program that calls them, and fail without the bit."""

_SHOWN = 3
"""Files that a sentence names."""

_NO_NEED = "Drop the bit where no other account needs it"
_CAPABILITY = (
    "; a capability of the file in its place (`setcap …+ep`) must be one that every container is given, or the program "
    "does not start at all"
)
"""capabilities(7), "Safety checking for capability-dumb binaries": such a file is refused (EPERM) where a capability of
its is outside of the bounding set, as all beyond Docker's default are (netdata/netdata#1331)."""

_OF_PROGRAMS = frozenset({"bin", "games", "libexec", "sbin"})
_SCRIPTS = (".sh", ".bash", ".py", ".pl", ".rb")


@rule(
    "setuid-bit-added",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN", "COPY", "ADD"),
    mentions=("chmod", "install"),
    aliases=("CIS-DI-0008",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A program that ships gets the setuid or setgid bit."""
    for stage, step in shipped_steps(change):
        for grant in grants(step):
            if changed_owner_since(stage, grant):
                continue  # Linux takes both bits from a file that changes hands (chown(2))
            if grant.mode.setuid or (grant.mode.setgid and not _is_folder(grant)):
                yield _problem(stage, grant)


def _is_folder(grant: Grant) -> bool:
    """Whether it is set on folders, where the setgid bit only hands the group down to new files."""
    command, step = grant.command, grant.step
    if command is not None and command.name in ("mkdir", "install"):
        return command.name == "mkdir" or command.has("-d", "--directory")
    if grant.recursive or not grant.paths or not isinstance(step, Run):
        return True
    return not any(_is_file(grant, path) for path in looped_paths(grant))


def _is_file(grant: Grant, path: str) -> bool:
    """Whether a path is a file's: it lies where programs do, or a step made it as one. The base image has folders."""
    full, step = grant.full(path), grant.step
    if path.endswith("/") or full is None or full in folders_made(step.stage):
        return False
    if posixpath.basename(posixpath.dirname(full)) in _OF_PROGRAMS:
        return True
    return any(not put.tree for put in step.stage.files.at(full) if put.kind != "workdir")


def _problem(stage: Stage, grant: Grant) -> Problem:
    bit = "setuid" if grant.mode.setuid else "setgid"
    owner = _owner(stage, grant)
    who = "Every user of the container" if _lets_others_run(grant.mode.text) else "Every member of its group"
    files = looped_paths(grant)
    paths = _named(grant, files)
    names = [path.rpartition("/")[2] for path in files]
    needed = next((name for name in names if name in _FOR_ROOT | _FOR_SANDBOXES), None)
    if files and all(path.endswith(_SCRIPTS) for path in files):
        return _without_effect(stage, grant, bit, paths)
    way_out = _way_out(bit, needed, owner)
    return Problem(
        grant.span,
        f"{stage.label} gives {paths} the {bit} bit: "
        f"{quote(str(shown(grant) or grant.step.instruction))}. {who} then runs "
        f"it {_as_whom(grant, owner)}; under `no-new-privileges` or `allowPrivilegeEscalation: false` the bit does "
        f"nothing. {way_out}",
        Confidence.POSSIBLE if needed in _FOR_SANDBOXES else Confidence.CERTAIN,
        decision=f"{bit} {owner} {way_out}",
        stage=stage.key,
        instruction=grant.step.instruction,
        key=" ".join(grant.paths),
        severity=Severity.INFO if needed is not None else None,
    )


def _named(grant: Grant, files: tuple[str, ...]) -> str:
    """Name the files; a variable that the shell alone knows stands for one or several."""
    if not files or grant.found is not None:
        return f"files below {listed(map(quote, files), _SHOWN)}" if files else "files"
    known = [quote(path) for path in files if "$" not in path or grant.step.scope.expand(path) is not None]
    if len(known) < len(files):
        return f"what {listed(map(quote, files), _SHOWN)} stands for"
    return ", ".join(known) if len(known) <= _SHOWN + 1 else listed(known, _SHOWN)


def _lets_others_run(mode: str) -> bool:
    """Whether a mode lets those run a file who neither own it nor are in its group; a change by letters leaves that."""
    return not mode.isdecimal() or int(mode[-1]) % 2 == 1


def _owner(stage: Stage, grant: Grant) -> str | None:
    """Return the account that the files belong to, by its name where it has one; `None` for root, or if not known."""
    owner = _given_to(stage, grant)
    return next((account.name for account in stage.users.created if account.uid == owner), owner) if owner else None


def _given_to(stage: Stage, grant: Grant) -> str | None:
    """Return whom the file shows them to belong to, other than root."""
    command, step = grant.command, grant.step
    if command is not None and command.name == "install" and (given := command.option("-o", "--owner")):
        name = step.scope.expand(given)
        return None if name is None or is_root_name(stage.users.uid_of(name) or name) else name
    if isinstance(step, Run) and step.user.value is not None and runs_as_root(step) is False:
        return name_of(step.user.value)  # none but root may set the mode of what is another's
    return next((owner.user for owner in owners_given(stage, [grant])), None)


def _as_whom(grant: Grant, owner: str | None) -> str:
    if not grant.mode.setuid:
        return "with its group, so one flaw in it opens what that group may read and write"
    if owner is not None:
        return f"as {quote(owner)}, whose it is, so one flaw in it opens what that account may read and write"
    return "as its owner, usually root, so one flaw in it is the way to root"


def _way_out(bit: str, needed: str | None, owner: str | None) -> str:
    if needed is None:
        return f"{_NO_NEED}{_CAPABILITY if bit == 'setuid' and owner is None else ''}."
    if needed in _FOR_SANDBOXES:
        return f"{quote(needed)} works by it: keep the bit where a program of the image calls it."
    return f"{quote(needed)} works by it: leave it out where nobody has to become root, as in production."


def _without_effect(stage: Stage, grant: Grant, bit: str, paths: str) -> Problem:
    """Linux takes no notice of the bit where an interpreter runs the file (execve(2), "Interpreter scripts")."""
    return Problem(
        grant.span,
        f"{stage.label} gives {paths} the {bit} bit: "
        f"{quote(str(shown(grant) or grant.step.instruction))}. Linux ignores it "
        "on scripts: the script runs as whoever calls it, and what only root may do in it fails. Do that while the "
        "image is built, or in a start script that root runs and that hands over to the account (`gosu`, `su-exec`).",
        stage=stage.key,
        instruction=grant.step.instruction,
        key=" ".join(grant.paths),
    )
