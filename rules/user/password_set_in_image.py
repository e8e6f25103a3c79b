"""See password_set_in_image.md."""

import re
from collections.abc import Iterator

from rules.api import Category, Command, DockerfileChange, Problem, Run, Severity, Stage, rule
from rules.user.layers import place, shipped_runs

_RANDOM = re.compile(
    r"openssl rand|/dev/u?random|/proc/sys/kernel/random/uuid|\bpwgen\b|\buuidgen\b|\$RANDOM\b|\bsecrets\."
)
_VARIABLE = re.compile(r"\$\{?(\w+)")
_PASSWORD = re.compile(r"pass|pw|secret", re.IGNORECASE)
_LOCKED = ("*", "!", "!!", "*:", "x")
_WITHOUT_PASSWORD = ("-D", "--disabled-password", "--disabled-login", "-S", "--system")
_HARMLESS_PASSWD = ("-l", "--lock", "-e", "--expire", "-S", "--status", "-u", "--unlock", "-n", "-x", "-w", "-i")


@rule(
    "password-set-in-image",
    severity=Severity.WARNING,
    category=Category.SECURITY,
    keywords=("RUN",),
    mentions=("passwd", "usermod", "useradd", "adduser"),
    aliases=("CKV2_DOCKER_17", "DKL-LI-0001"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An account gets a password that everyone who has the image has, too."""
    for stage, run in shipped_runs(change):
        setting = (command for command in run.commands if _sets_password(run, command))
        command = next((command for command in setting if not _is_random(run, command)), None)
        if command is not None:
            yield _problem(stage, run, command)


def _sets_password(run: Run, command: Command) -> bool:
    match command.name:
        case "chpasswd":
            return not _feeds_a_lock(run, command) and not _is_locked_below(run, command)
        case "passwd":
            return not command.has(*_HARMLESS_PASSWD) and (bool(command.args) or command.part > 0)
        case "adduser":
            return command.part > 0 and not command.has(*_WITHOUT_PASSWORD)
        case "useradd" | "usermod":
            value = command.option("-p", "--password")
            return value is not None and value.strip() not in _LOCKED and not value.startswith(("!", "*"))
    return False


def _is_random(run: Run, command: Command) -> bool:
    """Whether the password is made up on the spot and told to nobody, which locks the account as well."""
    text = _with_what_is_fed(run, command)
    return _RANDOM.search(text) is not None or any(_is_made_up(run, name) for name in _VARIABLE.findall(text))


def _is_made_up(run: Run, name: str) -> bool:
    """Whether a RUN gives a variable a random value and names it but once more: nothing prints or keeps it."""
    given = [word.text for one in run.commands for own, word in one.assignments if own == name]
    uses = len(re.findall(rf"\b{name}\b", run.instruction.whole_value))
    return len(given) == 1 and _RANDOM.search(given[0]) is not None and uses == 2  # noqa: PLR2004 - given and read


def _with_what_is_fed(run: Run, command: Command) -> str:
    """Return the text of a command with what stands in front of it in its pipeline."""
    return command.source.text[run.pipelines[command.pipeline][0].start : command.end]


def _fed(run: Run, command: Command) -> list[tuple[str, str]]:
    """Return the accounts and passwords that a pipe hands to a command: `echo 'app:secret' | chpasswd`."""
    before = (other for other in run.pipelines[command.pipeline] if other.part < command.part)
    parted = (word.value.partition(":") for other in before for word in other.args)
    return [(name, password) for name, colon, password in parted if colon]


def _feeds_a_lock(run: Run, command: Command) -> bool:
    """Whether all that is piped in locks accounts: `echo 'app:*' | chpasswd -e`."""
    fed = _fed(run, command)
    return bool(fed) and command.has("-e", "--encrypted") and all(password in _LOCKED for _, password in fed)


def _is_locked_below(run: Run, command: Command) -> bool:
    """Whether the RUN locks the accounts again to which a pipe gives passwords, so that nobody can use these."""
    names = {name for name, _ in _fed(run, command)}
    locks = (one for one in run.calls("passwd", "usermod") if one.start > command.start)
    locked = {word.value for one in locks if one.has("-l", "-L", "--lock") for word in one.operands()[-1:]}
    return bool(names) and names <= locked


def _problem(stage: Stage, run: Run, command: Command) -> Problem:
    operands = [word.value for word in command.operands(("-p", "--password", "-s", "-d", "-g", "-G", "-u", "-c"))]
    name = operands[-1] if operands and command.name != "chpasswd" else ""
    removes = command.has("-d", "--delete") if command.name == "passwd" else _is_emptied(command)
    what = "removes the password of an account" if removes else "sets the password of an account"
    text = _with_what_is_fed(run, command)
    mounted = "/run/secrets/" in text
    shown = "" if mounted else "; the build log and `docker history` may show it in plain text"
    then = (
        "Anyone who reaches a login or `su` in the container needs none."
        if removes
        else "It is in the layers, as a hash at least, in every copy of the image, and the same in each of them"
        f"{shown}."
    )
    return Problem(
        place(run, command),
        f"{stage.label} {what} with `{command.name}`. {then} {_way_out(stage, removes=removes)}",
        decision=what + shown,
        stage=stage.key,
        instruction=run.instruction,
        key=name,
        cause=next(
            (f"password in {variable}" for variable in _VARIABLE.findall(text) if _PASSWORD.search(variable)), ""
        ),
    )


def _is_emptied(command: Command) -> bool:
    """Whether `useradd` or `usermod` gives an empty password: then none is asked for (shadow(5))."""
    return command.name in ("useradd", "usermod") and command.option("-p", "--password") == ""


def _way_out(stage: Stage, *, removes: bool) -> str:
    """A locked account cannot use `sudo`, which asks for its password; an empty one it takes without asking.

    sshd takes an account for locked whose password begins with `!`, unless PAM is asked (sshd(8), "LOGIN PROCESS");
    Alpine's `openssh` is built without it.
    """
    if removes and stage.packages.has("sudo"):
        return (
            "Leave the account locked; what it needs `sudo` for can be named in a rule of `sudoers`, without a "
            "password."
        )
    if stage.runtime.distribution == "alpine" and stage.packages.has("openssh", "openssh-server"):
        return (
            "Containers need no passwords: let what has to log in bring a key. Here sshd runs without PAM and refuses "
            "an account that is locked with `!`, even with a key: give it `*` (`echo 'name:*' | chpasswd -e`)."
        )
    return (
        "Containers need no passwords: leave the account locked, and let what has to log in bring a key or a secret "
        "when it starts."
    )
