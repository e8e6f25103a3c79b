"""The groups that exist in a stage, and the accounts that have none of their own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts.distributions import DEBIAN_FAMILY, REDHAT_FAMILY
from rules.lazily import once
from rules.model.account_lists import GROUP, entry
from rules.model.users import ROOT_NAMES

if TYPE_CHECKING:
    from rules.model.accounts import Account
    from rules.model.stage import Stage

_OF_SYSTEMS = frozenset(
    "root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio "
    "dip www-data backup operator list irc src gnats shadow utmp video sasl plugdev staff games users nogroup nobody "
    "wheel cron ftp sshd input netdev kvm render sgx crontab systemd-journal mem lock abuild ping ntp".split()
)
"""Groups of Debian (base-passwd), Alpine (alpine-baselayout) and Red Hat (setup)."""
_FOREIGN = {"wheel": DEBIAN_FAMILY, "sudo": frozenset({"alpine"}), "staff": frozenset({"alpine"})}
"""Groups that a distribution has and another neither has nor makes with a package: who may become root is in `sudo` on
Debian (its `sudo`, README.Debian) and in `wheel` on Alpine and Red Hat (their sudoers files)."""
_OF_PACKAGES = frozenset(
    "_ssh bluetooth fuse gpio i2c libvirt lpadmin messagebus mlocate plocate postdrop pulse pulse-access rtkit scanner "
    "ssh ssl-cert systemd-network uuidd wireshark".split()
)
"""Groups that packages of another name make, and that images of languages may have from those."""


def group_exists(stage: Stage, name: str) -> bool | None:
    """Tell whether a group exists at the end of a stage.

    Returns:
        `False` when the base is known not to have it and no RUN of the chain can have made it: neither `groupadd` and
        kin, nor an account that gets a group of its own name, nor a package, a script or a copied list. `None` when
        that is open.
    """
    foreign = stage.runtime.distribution in _FOREIGN.get(name, ())
    if name in ROOT_NAMES or name.isdecimal() or (name in _OF_SYSTEMS and not foreign):
        return True
    made = _made(stage).get(name, False)
    if made is not False:
        return made
    if entry(stage, GROUP, name) is not None:
        return True
    if name in _OF_PACKAGES or _is_list_touched(stage) or stage.users.may_be_made_unseen(name):
        return None
    return False if stage.facts is not None and stage.facts.has_user(name) is False else None


@once
def _made(stage: Stage) -> dict[str, bool | None]:
    """The groups that RUNs of the chain make, by themselves or along with an account; `None` where that is open."""
    found: dict[str, bool | None] = {}
    for account in stage.users.created:
        own = makes_own_group(account)
        if own is not False:
            found[account.name] = found.get(account.name) or own
    found.update((group.name, True) for group in stage.users.groups)
    return found


@once
def _is_list_touched(stage: Stage) -> bool:
    """Whether `/etc/group` may be another: copied, written, or a group in it renamed."""
    return (
        stage.users.passwd_copied
        or any(put.path == GROUP for put in stage.files.puts)
        or any(GROUP in run.instruction.text or any(run.calls("groupmod")) for run in stage.done_runs)
        or any(
            "$" in word.value for run in stage.done_runs for c in run.calls("groupadd", "addgroup") for word in c.args
        )
    )


def makes_own_group(account: Account) -> bool | None:
    """Tell whether an account gets a group of its own name; `None` where the tool's settings are not known.

    `useradd` makes one on Debian and Red Hat (`USERGROUPS_ENAB` in their login.defs) unless it is told a group or
    `-N`. Debian's `adduser` makes none for a system account, which goes to `nogroup` (adduser(8)), and neither does
    BusyBox's with `-S`, nor with `-G` (busybox, loginutils/adduser.c).
    """
    command, facts = account.command, account.run.stage.facts
    distro = facts.distro if facts is not None else None
    if command.name == "useradd" or (command.name == "adduser" and distro in REDHAT_FAMILY):
        chosen = command.has("-g", "--gid", "-N", "--no-user-group") and not command.has("-U", "--user-group")
        known = chosen or (distro in {*DEBIAN_FAMILY, *REDHAT_FAMILY} and not command.has("-K", "--key"))
        return not chosen if known or command.has("-U", "--user-group") else None
    if facts is not None and facts.has_busybox_accounts:
        return not command.has("-G", "--ingroup", "-S", "--system")
    if distro in DEBIAN_FAMILY:
        alone = command.has("--system") and not command.has("--group")
        return not alone and not command.has("--ingroup", "--gid")
    return None


def groupless(stage: Stage, name: str) -> Account | None:
    """Return the account of the chain that has this name and another group."""
    return next((one for one in stage.users.created if one.name == name and makes_own_group(one) is False), None)
