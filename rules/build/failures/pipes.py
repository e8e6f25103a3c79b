"""What a pipe hides: who keeps what arrives, who notices that nothing does, and what stops the build further down."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.dockerfile.shell.nested import SHELLS
from rules.lazily import once
from rules.model.command_lists import command_behind, end_of_list, is_passed
from rules.quoting import listed, quote

if TYPE_CHECKING:
    from rules.dockerfile.shell.command import Command
    from rules.dockerfile.shell.words import Redirect
    from rules.model.stage import Stage
    from rules.model.steps import Run

_KEEPERS = frozenset("tar sh bash ash dash tee gpg apt-key pip pip3 uv psql mysql cpio unzip bsdtar xz sqlite3".split())
_NOTICES = frozenset(
    "tar bsdtar cpio gunzip unxz unlzma bunzip2 unzstd unpigz uncompress zcat gzcat xzcat lzcat bzcat zstdcat funzip "
    "gpg gpg2 apt-key grep egrep fgrep".split()
)
"""Commands that fail by themselves when nothing arrives, or no whole archive or key (tried with each of them).

Not `lz4`, which takes nothing for an archive of nothing and ends well.
"""
_UNPACK_WITH_OPTION = (
    "gzip", "pigz", "xz", "lzma", "bzip2", "pbzip2", "lbzip2", "zstd", "zstdmt", "brotli", "lzip", "plzip", "lzop",
)  # fmt: skip
_NOTICES_WITH_OPTION = {
    **dict.fromkeys(_UNPACK_WITH_OPTION, ("-d", "--decompress")),
    **dict.fromkeys(("md5sum", "sha1sum", "sha256sum", "sha512sum", "shasum"), ("-c", "--check")),
}
_NOTICES_AS = {
    "openssl": frozenset({"x509", "rsa", "pkey", "pkcs7", "pkcs12", "crl"}),
    "git": frozenset({"apply", "am"}),
    "kubectl": frozenset({"apply", "create"}),
}
_IMPORTS = ("-importcert", "-import")
_EXITS = frozenset({"exit", "return", "false"})
_NEVER = re.compile(r"(?!)")
_STOP_EARLY = {
    "head": re.compile(""),
    **dict.fromkeys(("grep", "egrep", "fgrep"), re.compile(r"(?:^|\s)-(?:\w*[qlm]|-quiet|-max-count)")),
    "sed": re.compile(r"(?:^|[\s;\d/{])q\b"),
    "awk": re.compile(r"\bexit\b"),
}
"""Readers that may end before their input does, and what tells it in their arguments."""
_KEYS = re.compile(r"/etc/apt/|/keyrings/")
_TELLING = 4
"""The shortest name of a program that is no accident in an address."""
_MAY_UPDATE = re.compile(r"\bupdate\b|sh\b")
"""What a RUN says that fetches apt's lists, or runs a script."""


_DELETES = re.compile(r"\brm\b[^\n;&|]*/var/lib/apt/lists")


class Pipeline(NamedTuple):
    """The last command of a pipeline, and the last part that keeps what arrives, -1 without one."""

    last: Command
    kept: int


@once
def pipelines(run: Run) -> dict[int, Pipeline]:
    """Return the pipelines of a RUN by their number."""
    found: dict[int, Pipeline] = {}
    for command in run.commands:
        kept = found[command.pipeline].kept if command.pipeline in found else -1
        keeps = command.name in _KEEPERS or any(map(_writes, command.redirects))
        found[command.pipeline] = Pipeline(command, max(kept, command.part) if keeps else kept)
    return found


def _writes(redirect: Redirect) -> bool:
    return ">" in redirect.operator and (redirect.target is None or redirect.target.value != "/dev/null")


@once
def stops_early(run: Run) -> bool:
    """Whether a pipe of the RUN ends in a program that may stop reading: under `pipefail` its writer's end is an error.

    What writes to a pipe that nobody reads any more is ended by SIGPIPE, with status 141.
    """
    return any(
        command.part > 0 and _STOP_EARLY.get(command.name, _NEVER).search(" ".join(word.value for word in command.args))
        for command in run.commands
    )


def is_known_to_work(run: Run, command: Command) -> bool:
    """Whether the very same command stands before it in its `&&` list, and so has just succeeded."""
    return id(command) in _repeated(run)


@once
def _repeated(run: Run) -> set[int]:
    seen: set[str] = set()
    found = set()
    for command in run.commands:
        text = str(command)
        if command.before == "&&" and text in seen:
            found.add(id(command))
        if command.after == "&&":
            seen.add(text)
    return found


@once
def _catches(run: Run) -> bool:
    """Whether `||` stands behind any command: in most RUNs it stands nowhere."""
    return any(command.after == "||" for command in run.commands)


def is_caught(run: Run, command: Command) -> bool:
    """Whether `||` stands behind the pipeline, or behind those that it leads to by `&&`, and goes on from there."""
    end = end_of_list(run, pipelines(run)[command.pipeline].last) if _catches(run) else None
    if end is None or end.after != "||":
        return False
    then = command_behind(run, end)
    return then is None or then.name not in _EXITS or then.subcommand == "0"


def caught_with(run: Run, command: Command) -> Command | None:
    """Return the command at the end of the `&&` list behind which `|| true` catches this one's failure as well."""
    last = pipelines(run)[command.pipeline].last
    end = end_of_list(run, last)
    if end is None or end is last or end.after != "||":
        return None
    then = command_behind(run, end)
    return end if then is not None and then.name in ("true", ":") else None


def caught_by(catchers: tuple[Command, ...]) -> tuple[str, str]:
    """Say what catches a failure within an `&&` list, and the way out, which has to mend each `||` of it.

    Args:
        catchers: The commands that have one behind them, in order.
    """
    first = catchers[0]
    brackets = f"in brackets together with its `||`: `( {first.name} … || … )`."
    if len(catchers) == 1:
        why = f"the `||` behind {quote(first.name)} on line {first.line} catches the whole `&&` list"
        return f"{why}, not that command alone", f"Put that command {brackets}"
    named = listed([f"{quote(one.name)} (line {one.line})" for one in catchers])
    why = f"the `||` behind each of {named} catches the whole `&&` list before it"
    return f"{why}, not that command alone", f"Put each of them {brackets}"


def counts(run: Run, command: Command) -> bool:
    """Whether the pipeline's status may be the step's: its list is the last one, or `set -e` stops behind it.

    In `a | b && c; d` it is neither: `set -e` looks at the last command of a list alone (POSIX, 2.14 `set`).
    """
    last = pipelines(run)[command.pipeline].last
    end = end_of_list(run, last)
    if is_passed(run, last) and not is_conditional(run, last):
        return False
    if end is None or is_conditional(run, last) or end.after not in (";", "\n", "&") or end.start >= _last_start(run):
        return True
    return last.errexit and end is last


_KEYWORD = re.compile(r"(?<![\w$./-])(?:if|elif|else|for|while|until|case|select|function)(?=[\s\\;])")
_THEN = re.compile(r"[\s;]then(?=[\s\\])")
_DOCUMENT = re.compile(r"<<-?[\"']?\w+[\"']?\s*")
"""A RUN whose script is a here-document and nothing else."""
_TESTS = frozenset({"test", "[", "[["})


def is_conditional(run: Run, command: Command) -> bool:
    """Whether a command may not run although its script succeeds; the body of an `if` that is a whole RUN is a script.

    Where that `if` has no other branch, and no test and no `||` stands in its body, all of it is run.
    """
    start = _body_of_if(run) if command.conditional else None
    return command.conditional and (start is None or command.start < start)


@once
def _body_of_if(run: Run) -> int | None:
    """Where the body of an `if` begins that is all of a RUN and has no other branch; `None` for any other RUN."""
    documents = run.instruction.heredocs
    place = documents[0].body_span if documents else run.instruction.value_span
    text = run.instruction.source.text[place.start : place.end]
    whole = text.lstrip().startswith(("if ", "if\\"))
    whole = whole and text.rstrip("; \t\r\n\\").endswith((" fi", ";fi", "\tfi", "\nfi"))
    alone = not documents or _DOCUMENT.fullmatch(run.instruction.value) is not None
    found = _THEN.search(text) if whole and alone else None
    if found is None or len(_KEYWORD.findall(text)) != 1:
        return None
    start = place.start + found.end()
    body = [command for command in run.commands if command.start > start and not command.nested]
    plain = all(command.name not in _TESTS and "||" not in (command.before, command.after) for command in body)
    return start if plain else None


@once
def _last_start(run: Run) -> int:
    """Where the RUN's last command stands; an operator or a line's end behind it ends nothing but the RUN."""
    return max((command.start for command in run.commands if not command.nested), default=-1)


def notices(last: Command) -> bool:
    """Tell whether the command that gives a pipe its status fails when what arrives is nothing, or cut off."""
    if last.name in _NOTICES or last.has(*_NOTICES_WITH_OPTION.get(last.name, ())):
        return True
    words = [word.value for word in last.args]
    if last.name == "keytool":  # without a password it asks for one, and ends well when there is none
        return any(word in _IMPORTS for word in words) and any(word.startswith("-storepass") for word in words)
    return last.subcommand in _NOTICES_AS.get(last.name, ())


def says_why(command: Command) -> bool:
    """Tell whether a download that fails is sure to say so itself, so that the log names it beside its reader.

    curl does without `-s` and with `-S`, wget without `-q` (curl(1), wget(1)).
    """
    if command.name == "curl":
        return not command.has("-s", "--silent") or command.has("-S", "--show-error")
    return command.name == "wget" and not command.has("-q", "--quiet")


def stopped_by(run: Run, command: Command) -> Command | None:
    """Return a later command of the RUN that fails without what the download brings, as the address names it."""
    address = " ".join(word.value for word in command.args if "://" in word.value).lower()
    last = pipelines(run)[command.pipeline].last
    packages = " ".join(package.name for call in run.package_calls for package in call.packages)
    for later in run.commands:
        sure = later.before == "&&" or later is run.commands[-1]
        if not sure or later.start < last.end or later.after == "||" or later.nested or later.negated:
            continue
        if _reads_keys(command, later, last):
            return later
        moved = [word.value for word in later.args[:1]] if later.name == "mv" else []
        names = [later.name, *(posixpath.basename(path).partition(".")[0] for path in moved)]
        if any(len(name) >= _TELLING and name in address and name not in packages for name in names):
            return later
        if last.name in SHELLS and _lacks_lists(run, later):
            return later
    return None


def _reads_keys(command: Command, later: Command, last: Command) -> bool:
    """Whether apt reads the key next that a pipe has stored: an empty one does not verify its archive."""
    texts = [word.value for word in last.args] + [one.target.value for one in last.redirects if one.target is not None]
    updates = later.name in ("apt-get", "apt") and later.subcommand == "update"
    return updates and command.name in ("curl", "wget") and any(map(_KEYS.search, texts))


def _lacks_lists(run: Run, later: Command) -> bool:
    """Whether a command installs by apt, and nobody but a script that was piped into a shell fetches apt's lists.

    Known base images ship none, so without the script the install finds no package.
    """
    call = next((call for call in run.package_calls if call.command is later), None)
    if call is None or call.manager != "apt" or call.action != "install" or run.stage.facts is None:
        return False
    if any(package.kind == "path" for package in call.packages):
        return False
    if any(other.manager == "apt" and other.verb == "update" for other in run.package_calls):
        return False
    first = _first_that_may_update(run.stage)
    return first is None or first >= run.at


@once
def _first_that_may_update(stage: Stage) -> tuple[int, int] | None:
    """Where the first RUN stands that fetches apt's lists and leaves them, or calls a script that may."""
    texts = ((run.at, run.instruction.whole_value) for run in stage.all_runs)
    return next((at for at, text in texts if _MAY_UPDATE.search(text) and not _DELETES.search(text)), None)
