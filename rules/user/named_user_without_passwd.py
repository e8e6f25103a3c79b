"""See named_user_without_passwd.md."""

from collections.abc import Iterator

from rules.api import (
    Account,
    Category,
    Confidence,
    Copy,
    DockerfileChange,
    Edit,
    Fix,
    Problem,
    Severity,
    Stage,
    once,
    quote,
    rule,
    within,
)
from rules.model.folders import fixed_folder
from rules.user.accounts.identities import (
    Use,
    and_then,
    maker_of,
    named_identities,
    not_found,
    severity_of,
    worse_below,
)


@rule(
    "named-user-without-passwd",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("USER", "COPY", "ADD"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An account is named in an image that has no list of accounts, or none with that name."""
    for stage in change.stages:
        if stage.index not in change.after.needed_by_shipped or not _is_bare(stage):
            continue
        told: set[str] = set()
        for use in named_identities(stage):
            lacks_name = bool(use.name) and stage.users.exists(use.name, above=use.above) is False
            if lacks_name or (use.is_chown and stage.root.is_scratch and _comes_later(stage, use)):
                name = use.name or use.group
                problem = _problem(change, stage, use, name)
                if problem.fix is not None or name not in told:  # without one, the first speaks for those below
                    yield problem
                told.add(name)
            elif use.group and _has_no_groups(stage):
                yield _without_group(stage, use)


def _is_bare(stage: Stage) -> bool:
    """Whether the image starts from nothing, or from one without a shell, so that no command can add an account."""
    if stage.runtime.is_windows or stage.image.shell.set_in_file:
        return False
    return stage.root.is_scratch or (stage.facts is not None and stage.facts.has_shell is False)


def _comes_later(stage: Stage, use: Use) -> bool:
    """Whether nothing but a COPY of `/etc/passwd` below brings the account: the builder looks it up at this copy."""
    first = _first_list(stage)
    return first is not None and first > use.step.at and not stage.done_runs


@once
def _first_list(stage: Stage) -> tuple[int, int] | None:
    """The place of the first step that may bring `/etc/passwd`."""
    return min((put.step.at for put in stage.files.covering("/etc/passwd")), default=None)


def _has_no_groups(stage: Stage) -> bool:
    if not stage.root.is_scratch or any(_may_bring_groups(copy) for copy in stage.all_copies):
        return False
    return not stage.files.covering("/etc/group")


def _may_bring_groups(copy: Copy) -> bool:
    """Whether a variable in a COPY's destination may stand for `/etc/group`."""
    folder = fixed_folder(copy) if copy.destination is None else "/srv"
    return folder is None or within("/etc/group", folder)


def _written(use: Use) -> str:
    return f"`{'--chown=' if use.is_chown else 'USER '}{use.written}`"


def _without_group(stage: Stage, use: Use) -> Problem:
    return Problem(
        use.step.instruction.span,
        f"{stage.label} names the group {quote(use.group)} ({_written(use)}), but nothing brings `/etc/group`: "
        f"{not_found(use, group=True)}. Use its "
        "number, or copy that list as well.",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a copied folder may bring the list",
        stage=stage.key,
        key=use.group,
        severity=severity_of(use),
    )


def _problem(change: DockerfileChange, stage: Stage, use: Use, name: str) -> Problem:
    base = "`scratch`" if stage.root.is_scratch else quote(stage.root.base_text or "its base")
    maker = maker_of(stage, use.name) if use.name else None
    uid = maker.uid if maker is not None and maker.uid else None
    way_out = (
        f"Use the number that line {maker.run.instruction.line} gives it: {quote(uid)}."
        if maker is not None and uid is not None
        else f"Use a number, such as `65532`, or copy the `/etc/passwd` that has the name{_where(stage)}."
    )
    fix = _fix(change, use, maker)
    worse = worse_below(use) if fix is None else None
    return Problem(
        use.step.instruction.span,
        f"{stage.label} names {quote(name)} ({_written(use)}), but {base} {_lacks(stage)}: {not_found(use)}."
        f"{and_then(worse)} {way_out}",
        Confidence.CERTAIN if use.sure else Confidence.LIKELY,
        doubt="a command or a copied folder may bring the account",
        stage=stage.key,
        key=name,
        severity=severity_of(use) if worse is None else None,
        fix=fix,
    )


def _where(stage: Stage) -> str:
    return " above this line" if stage.root.is_scratch and stage.users.passwd_copied else ""


def _lacks(stage: Stage) -> str:
    if not stage.root.is_scratch:
        return "has no account of that name"
    return "has no `/etc/passwd` yet" if stage.users.passwd_copied else "has no `/etc/passwd`"


def _fix(change: DockerfileChange, use: Use, maker: Account | None) -> Fix | None:
    """Write the numbers that the other stage gives the account and its group."""
    uid = maker.uid if maker is not None else None
    if maker is None or uid is None or not uid.isdecimal() or not use.sure:
        return None
    made = next((group.uid for group in maker.run.stage.users.groups if group.name == use.group), None)
    gid = made or (uid if use.group == use.name else None)
    if ":" in use.written and (gid is None or not gid.isdecimal()):
        return None
    new = f"{uid}:{gid}" if ":" in use.written else uid
    return Fix(f"Use {new}", (Edit(change.source.span(use.span.start, use.span.end), new),))
