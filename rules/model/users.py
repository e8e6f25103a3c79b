"""The accounts that exist in a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.lazily import cached_property
from rules.model.account_lists import GROUP, PASSWD, entry
from rules.model.accounts import RENAMING, VALUED, Account, account_of, is_membership
from rules.model.folders import fixed_folder
from rules.model.foreign_options import foreign_option
from rules.model.packages import OS_MANAGERS
from rules.model.puts import within
from rules.model.run_writes import OPAQUE_HARMLESS, is_given_script
from rules.model.settings import Origin
from rules.model.shell_scope import filled
from rules.model.steps import Copy

if TYPE_CHECKING:
    from rules.model.account_lists import Entry
    from rules.model.packages import Installed
    from rules.model.stage import Stage
    from rules.model.steps import Run

_EDITED = frozenset({PASSWD, GROUP})
_LISTS = frozenset({(PASSWD, PASSWD), (PASSWD, "/etc"), ("/etc", "/etc"), ("/", "/")})
"""What a COPY from another stage brings there, and where to, when it is the list of accounts."""
_LENDERS = 4
"""Stages that a list of accounts is followed through."""
ROOT_NAMES = frozenset({"root", "0"})
_NO_ACCOUNTS = frozenset(
    "a2disconf a2dismod a2dissite a2enconf a2enmod a2ensite adduser addgroup bun bundle cargo cmake composer "
    "configure corepack deno dotnet dpkg-reconfigure fc-cache flask gem gcc g++ go gradle gradlew java javac "
    "localedef make mvn mvnw mypy next node npm npx pecl pip pip3 pipenv pnpm poetry pytest python python3 ruby "
    "rustc rustup tsc update-alternatives update-locale uv uvx yarn".split()
)
"""Programs that write where they like and yet create no accounts."""

_DAEMON_ACCOUNTS = frozenset(
    "apache clamscan clamupdate dd-agent dovenull hacluster messagebus mysql nagios named ntp ossec polkitd postdrop "
    "postgres smmsp smmta sshd statd unbound utmp vmail www-data".split()
)
"""Accounts that packages of another name create."""
_NEVER = {
    "apache": DEBIAN_FAMILY,
    "www-data": REDHAT_FAMILY,
}
"""Accounts that no package of a distribution creates: its web servers run as another one.

Debian's and Ubuntu's run as `www-data`, which base-passwd brings (its users-and-groups), Red Hat's as `apache` or under
the server's own name (setup's `uidgid`).
"""

_Place = tuple[tuple[int, int], int]
"""Where a command stands: its RUN, and its offset."""
_NOWHERE: _Place = ((-1, -1), -1)


class Users:
    """The accounts of one stage, its chain included."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def created(self) -> tuple[Account, ...]:
        """The accounts that RUNs of the chain create."""
        return tuple(one for one in self._read("useradd", "adduser") if one is not None and not self._refuses(one))

    @cached_property
    def groups(self) -> tuple[Account, ...]:
        """The groups that RUNs of the chain create; `uid` is the group id."""
        return tuple(one for one in self._read("groupadd", "addgroup") if one is not None and not self._refuses(one))

    @cached_property
    def refused(self) -> dict[str, Account]:
        """The accounts that are not made, since the system's `adduser` does not know an option: by name."""
        return {one.name: one for one in self._read("adduser") if one is not None and self._refuses(one)}

    def _refuses(self, account: Account) -> bool:
        return foreign_option(self.stage, account.command) is not None

    def _read(self, *names: str) -> tuple[Account | None, ...]:
        """Return what each command of these names creates, `None` where that is not known."""
        return tuple(
            account_of(run, command)
            for run in self.stage.done_runs
            for command in run.calls(*names)
            if not is_membership(command)
        )

    @cached_property
    def passwd_copied(self) -> bool:
        """Whether an `/etc/passwd`, or a tree that may hold one, is copied in or written to."""
        return bool(self._brought_at) or self._is_edited

    @cached_property
    def _is_edited(self) -> bool:
        """Whether a RUN writes to the list itself."""
        edits = (word for run in self.stage.done_runs for sed in run.calls("sed") for word in sed.args)
        return any(put.path in _EDITED and put.kind == "run" for put in self.stage.files.puts) or any(
            word.value in _EDITED for word in edits
        )

    def are_known_at(self, run: Run) -> bool:
        """Whether no copy above a RUN may have brought another list; one below it changes nothing for the RUN."""
        return not self.passwd_copied or (not self._is_edited and min(self._brought_at) > run.at)

    @cached_property
    def _brought_at(self) -> tuple[tuple[int, int], ...]:
        """Where a COPY stands that may bring a list of accounts."""
        steps = self.stage.done_steps
        return tuple(step.at for step in steps if isinstance(step, Copy) and _may_bring_accounts(step))

    def find(self, name: str) -> Account | None:
        """Return the account that a RUN of the chain creates under a name."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Account]:
        return {account.name: account for account in reversed(self.created)}

    def listed(self, name: str) -> Entry | None:
        """Return the line of an account in a list that the file itself writes."""
        return entry(self.stage, PASSWD, name)

    def uid_of(self, name: str) -> str | None:
        """Return an account's uid where it can be seen: a number, in a RUN, in the base's facts, in a copied list."""
        users: Users | None = self
        for _ in range(_LENDERS):
            uid = users._own_uid(name) if users is not None else None  # noqa: SLF001 - another of its own kind
            if users is None or uid is not None:
                return uid
            users = users.lender
        return None

    def _own_uid(self, name: str) -> str | None:
        """Return the uid that an account has by what the chain itself says."""
        if name.isdecimal():
            return name
        if name in self._renumbered:
            return self._renumbered[name]
        if name in self._renamed:
            name = self._renamed[name] or ""
        account, listed = self.find(name), self.listed(name)
        if account is not None:
            return account.uid
        if listed is not None:
            return listed.number if listed.number.isdecimal() else None
        facts = self.stage.facts
        known = facts.uid_of(name) if facts is not None else None
        return str(known) if known is not None else None

    @cached_property
    def lender(self) -> Users | None:
        """The accounts of the stage whose list a COPY brings: `COPY --from=build /etc/passwd /etc/passwd`."""
        found = None
        for step in self.stage.done_steps:
            if isinstance(step, Copy) and step.from_stage is not None and step.from_stage.index < self.stage.index:
                for source in step.sources:
                    if (step.source_path(source), step.destination) in _LISTS:
                        found = step.from_stage.users
        return found

    @cached_property
    def _renumbered(self) -> dict[str, str | None]:
        """The accounts whose number `usermod` changes, with the new one."""
        found = {}
        for run in self.stage.done_runs:
            for command in run.calls("usermod"):
                uid, operands = command.option("-u", "--uid"), command.operands(VALUED)
                if uid and operands:
                    found[operands[-1].value] = filled(run, command, uid)
        return found

    @cached_property
    def _renamed(self) -> dict[str | None, str | None]:
        """The new names that `usermod` gives to accounts, with the old ones; `None` for what is not known."""
        return {
            filled(run, command, name): filled(run, command, operands[-1].value)
            for run in self.stage.done_runs
            for command in run.calls("usermod")
            if (name := command.option("-l", "--login")) and (operands := command.operands(RENAMING))
        }

    @cached_property
    def _lost_at(self) -> dict[str, _Place]:
        """Where an account is deleted, or gets another name, last; whether the command ran is not known."""
        found: dict[str, _Place] = {}
        for run in self.stage.done_runs:
            for command in run.calls("userdel", "deluser", "usermod"):
                operands = [word.value for word in command.operands(RENAMING if command.name == "usermod" else ())]
                stays = command.name == "usermod" and not command.option("-l", "--login")
                if len(operands) == 1 and not stays:  # `deluser app docker` takes it out of a group
                    found[operands[0]] = (run.at, command.start)
        return found

    @cached_property
    def _made_at(self) -> dict[str, _Place]:
        """Where an account is made by name, last."""
        return {one.name: (one.run.at, one.command.start) for one in self.created}

    def exists(self, name: str, above: tuple[int, int] | None = None) -> bool | None:
        """Tell whether an account exists.

        Args:
            name: The account.
            above: The place of the step (`Step.at`) above which packages, scripts and the like can have made it;
                `None`: anywhere in the chain.

        Returns:
            `False` when the base is known not to have it and no RUN of the chain can have made it: neither `useradd`
            and kin, nor a package, a script or a program that is not known. `None` when that is open.
        """
        if name in ROOT_NAMES or name.isdecimal() or name in self._renamed:
            return True
        made = self._made_at.get(name)
        if made is not None:
            return True if self._lost_at.get(name, _NOWHERE) < made else None
        return self.exists_elsewhere(name, above)

    def exists_elsewhere(self, name: str, above: tuple[int, int] | None = None) -> bool | None:
        """Tell whether an account that no RUN of the chain makes by name exists all the same; see `exists`."""
        if None in self._renamed or name in self._lost_at:
            return None
        if self.passwd_copied:
            return True if entry(self.stage, PASSWD, name, above) is not None else None
        facts = self.stage.facts
        known = False if self.stage.root.is_scratch else facts.has_user(name) if facts is not None else None
        return known if known is not False or not self.may_be_made_unseen(name, above) else None

    def may_be_made_unseen(self, name: str, above: tuple[int, int] | None = None) -> bool:
        """Tell whether a RUN may create an account without naming it: a package, a script, a loop; see `exists`."""
        opened = self._opened_at
        if opened is not None and (above is None or opened < above):
            return True
        return any(
            (above is None or item.run.at < above)
            and item.manager in OS_MANAGERS
            and not self.is_foreign(name)
            and (name in item.name or item.name in name or name in _DAEMON_ACCOUNTS)
            for item in self.stage.packages.installed
        )

    def is_foreign(self, name: str) -> bool:
        """Tell whether an account is one of other distributions, which no package of this one makes."""
        return self.stage.runtime.distribution in _NEVER.get(name, ())

    @cached_property
    def _opened_at(self) -> tuple[int, int] | None:
        """The place of the first RUN that may create any account."""
        unnamed = {item.run.at for item in self.stage.packages.installed if _is_unnamed(item)}
        return next((run.at for run in self.stage.done_runs if run.at in unnamed or _may_make_any(run)), None)

    @cached_property
    def final_is_root(self) -> bool | None:
        """Tell whether the image's process runs as root; `None` when the base or a variable decides."""
        user = self.stage.image.user
        if user.origin is Origin.ABSENT:
            return True
        if user.value is None:
            return None
        name = user.value.partition(":")[0].strip()
        return not name or is_root_name(name) or is_root_name(self.uid_of(name) or "")


def _may_bring_accounts(copy: Copy) -> bool:
    """Whether a COPY may bring the list of accounts; what a variable names ends below what is written in front."""
    if copy.destination is not None:
        return copy.destination in (PASSWD, "/etc", "/")
    folder = fixed_folder(copy)
    return folder is None or within(PASSWD, folder)


def _may_make_any(run: Run) -> bool:
    """Whether a RUN is not read, calls a program that is not known, or makes an account whose name is not known."""
    names = {command.name for command in run.commands if command.name and not is_given_script(command)}
    if not run.is_read or not names <= _NO_ACCOUNTS | OPAQUE_HARMLESS:
        return True
    by_name = (command for command in run.calls("dpkg", "rpm") if not command.has("-q", "--query"))
    if any(command.has("-i", "--install", "-U", "--upgrade", "--unpack") for command in by_name):
        return True
    made = (command for command in run.calls("useradd", "adduser") if not is_membership(command))
    return any(account_of(run, command) is None for command in made)


def _is_unnamed(item: Installed) -> bool:
    """Whether a package comes as a file or out of a variable, so that nobody can tell the accounts that it makes."""
    return item.manager in OS_MANAGERS and item.package.kind in ("path", "url", "variable")


def is_root_name(name: str) -> bool:
    """Tell whether a name or number is root's, `000` included."""
    return name.lower() in ROOT_NAMES or (name.isdecimal() and not name.strip("0"))
