"""What keeps a container from running as an account that owns nothing: a closed folder, files that it has to write."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from rules.model.puts import within_any
from rules.quoting import listed, quote
from rules.runtime.programs.closed import closed_program
from rules.runtime.starts.instructions import started_by, started_words
from rules.user.accounts.choice import closed_home, left_empty, volumes_of_root
from rules.user.owners.ownership import access
from rules.user.root.asked import run_as_root
from rules.user.root.reasons import users_left_out
from rules.user.root.start_scripts import builds_at_start, start_scripts
from rules.user.root_home_needed import installed_at_home
from rules.user.writing.left_at_home import left_at_home
from rules.user.writing.named_folders import named_folders_unmade
from rules.user.writing.nonroot_checklist import Item, home, script, servers
from rules.user.writing.uv_environment import is_synced_whole, syncs_at_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.change import DockerfileChange
    from rules.model.stage import Stage
    from rules.model.steps import Copy, Run

_RAILS = re.compile(r"\brails\b.*\b(?:server|s)\b|\bthrust\b")
_PUMA = re.compile(r"\bpuma\b")
"""Rails' usual server, which serves any other program on Rack as well."""
_HOMES = re.compile(r"HOME|XDG_(?:CONFIG|DATA|STATE|CACHE)_HOME")
_WRITES = re.compile(
    r"""(?mx)^[ \t]*(?:(?:if|then|else|do|!)[ \t]+)*(?:
        (?:mkdir|chown|chmod|mv|cp|ln|rm|touch|unlink|install|sed\s+-i|useradd|adduser|usermod|groupmod)\s[^\n|;&]*
        (?<=[\s"'])["']?(?:/(?!tmp/|dev/|proc/)\w|\$\{?[A-Z])
        |[^\n#]*>>?\s*["']?/(?!tmp/|dev/|proc/)\w
        |keytool\s[^\n]*-import
    )[^\n]*"""
)
"""A line of a script that makes or changes files where only root may, by and large."""
_EVERYONES = ("/tmp", "/dev", "/proc")  # noqa: S108 - paths of an image
_PATH = re.compile(r"(?<=[\s\"'=>])(?:\$\{?([A-Z_]\w*)\}?)?((?:/[\w.-]+)*)")
_RELEASE = re.compile(r"(?:^|/)_build(?:/|$)|(?:^|/)rel/[\w-]+/?$")
"""Where `mix release` writes: `_build/prod/rel/shop`."""
_RELEASE_STARTS = frozenset({"start", "start_iex", "daemon", "daemon_iex", "eval"})
_OF_COREPACK = frozenset({"pnpm", "pnpx", "yarn", "yarnpkg"})
_FETCHES = frozenset({"prepare", "install", "use", "up", "hydrate", *_OF_COREPACK})
"""What Corepack fetches a package manager for (its README, "Utility Commands"); behind its name, to run it at once."""
_SHOWN = 3


def is_rails(stage: Stage) -> bool:
    """Tell whether the container starts a Rails server, which writes logs, caches and files below its folder."""
    starts = [setting.value.text for setting in stage.image.start_command if setting.value]
    if any(map(_RAILS.search, starts)):
        return True
    return any(map(_PUMA.search, starts)) and "rails" in stage.model.code.lower()


def hindrances(change: DockerfileChange, stage: Stage, user: str, *, switched: bool = True) -> str | None:
    """Return what an account is known to fail at when an image that runs as root is switched to it; `None`: nothing.

    The rules that judge an image of that account judge this one as if it had it. What they find is not all there may
    be: what a program writes is in its sources.

    Volumes, and folders that the stage leaves empty, are left out where the image has a shell: the switch itself gives
    them to the account.

    Args:
        change: The change under review.
        stage: The stage that ships.
        user: The account as `USER` would name it, perhaps with a group.
        switched: Whether a switch to that very account is proposed; else it stands for any account, and nothing gives
            it the volumes.

    Returns:
        Half sentences, without a full stop, the first few of them.
    """
    name = user.partition(":")[0]
    found = (
        *_asked(change, stage),
        *servers(stage, name),
        *home(stage),
        *_installed(stage),
        *_shims(stage),
        *_writes_home(stage),
        *script(change, stage),
        *writing_script(change, stage),
        *_data(stage, name),
        *_unmade(stage, name),
        *_tried(stage),
        *_environment(stage),
        *_closed(stage),
        *_modes(change, stage, name),
        *_volumes(stage, name, switched=switched),
        *_of_build(stage, name),
        *_of_rails(stage, name),
        *_of_release(stage, name),
    )
    texts = list(dict.fromkeys(item.text for item in found if item.concrete))
    return "; ".join(texts[:_SHOWN]) or None


def in_its_way(hindrance: str | None) -> str:
    """Return the sentence that names hindrances, to be put behind a way out; empty without one."""
    return f" What is in its way: {hindrance}." if hindrance is not None else ""


def _asked(change: DockerfileChange, stage: Stage) -> Iterator[Item]:
    asked = run_as_root(change, stage)
    if asked is not None:
        yield Item(asked, concrete=True)


def _installed(stage: Stage) -> Iterator[Item]:
    """What `root-home-needed` would find: packages, a Python, browsers that were installed into root's home."""
    for need in installed_at_home(stage):
        yield Item(
            f"it {need.what}, in root's home, which is closed to others ({_lowered(need.way_out)})", concrete=True
        )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _shims(stage: Stage) -> Iterator[Item]:
    """A package manager that Corepack keeps in the home of whoever fetched it: another account fetches it anew.

    `corepack enable` alone fetches nothing: where no step of the image calls the manager, root fetches it anew as well.
    """
    called = next((name for name in _started_names(stage) if name in _OF_COREPACK), None)
    if called is None or {"COREPACK_HOME", "XDG_CACHE_HOME"} & set(stage.image.env):
        return
    calls = [command for run in stage.done_runs for command in run.calls("corepack", called) if not _has_home(run)]
    first = next((command for command in calls if command.name == "corepack"), None)
    fetched = (command.name == called or command.subcommand in _FETCHES for command in calls)
    if first is not None and any(fetched):
        yield Item(
            f"`corepack` (line {first.line}) keeps {quote(called)} in root's home, and another account fetches "
            "it anew at each start (set `ENV COREPACK_HOME` above it)",
            concrete=True,
        )


def _has_home(run: Run) -> bool:
    return "COREPACK_HOME" in run.instruction.text


def _started_names(stage: Stage) -> Iterator[str]:
    """Yield the programs that the container starts, those in the code of a shell included."""
    yield from started_words(stage)[:1]
    for setting in stage.image.start_command:
        yield from (command.name for command in (setting.value.commands if setting.value is not None else ()))


def _modes(change: DockerfileChange, stage: Stage, user: str) -> Iterator[Item]:
    """What `entrypoint-not-executable` would find: a program, or a file it is given, that its mode keeps to root."""
    for found in started_by(stage.as_user(user)):
        closed = closed_program(change, found)
        if closed is not None:
            mode = quote(f"{closed.bits:o}")
            yield Item(f"{quote(closed.target)} has mode {mode} and is root's, so only root gets at it", concrete=True)


def _closed(stage: Stage) -> Iterator[Item]:
    """A volume in root's home; what starts there or works there is `home`'s."""
    folder = closed_home(stage)
    if folder is not None and not any(True for _ in home(stage)):
        yield Item(f"root's home is closed to others ({quote(folder)})", concrete=True)


def _environment(stage: Stage) -> Iterator[Item]:
    if syncs_at_start(stage):
        first = "" if is_synced_whole(stage) else "once `uv sync` has run below the last `COPY`, "
        yield Item(
            f"`uv run` first brings the environment in line, which is root's; {first}`--no-sync` leaves it as it is",
            concrete=True,
        )


def _writes_home(stage: Stage) -> Iterator[Item]:
    left = left_at_home(stage)
    if left is not None:
        yield Item(left, concrete=True)


def writing_script(change: DockerfileChange, stage: Stage) -> Iterator[Item]:
    """Yield the start scripts that were read and that change what is root's."""
    for one in start_scripts(change, stage):
        if one.text and any(_is_of_root(stage, match[0]) for match in _WRITES.finditer(one.text)):
            yield Item(f"{quote(one.name)} changes files as root", concrete=True)


def _is_of_root(stage: Stage, line: str) -> bool:
    """Whether a line of a script names a path that is neither everyone's nor in a volume of the image.

    A variable without value names none.
    """
    volumes = [volume.value for volume in stage.image.volumes if volume.value]
    for variable, rest in _PATH.findall(line):
        settled = stage.image.env.get(variable)
        base = (settled.value if settled is not None else None) if variable else ""
        path = f"{base}{rest}" if base is not None else ""
        if path.startswith("/") and not within_any(path, (*_EVERYONES, *volumes)):
            return True
    return False


def _data(stage: Stage, user: str) -> Iterator[Item]:
    """The program keeps its settings in a folder that a variable names, and the folder is root's."""
    given = set(volumes_of_root(stage, user))
    given.update(left_empty(stage, user) if stage.runtime.has_shell is not False else ())
    named = (setting.value or "" for name, setting in stage.image.env.items() if _HOMES.fullmatch(name))
    paths = dict.fromkeys(folder.rstrip("/") for folder in named)
    roots = [p for p in paths if p and p not in given and access(stage, p, user).writable is False]
    if roots:
        verb = "belongs" if len(roots) == 1 else "belong"
        yield Item(f"{listed(map(quote, roots))}, where it keeps its files, {verb} to root", concrete=True)


def _unmade(stage: Stage, user: str) -> Iterator[Item]:
    """A variable names a folder for the program that no step makes: root makes it when the program first writes."""
    found = next(named_folders_unmade(stage, user), None)
    if found is not None:
        text = f"{quote(found[0])} names {quote(found[1])}, which no step is seen to make, and only root can make it"
        yield Item(text, concrete=True)


def _tried(stage: Stage) -> Iterator[Item]:
    """A `USER` that is commented out: whoever did that had a reason, which nobody knows here."""
    for comment in users_left_out(stage):
        yield Item(f"line {comment.span.line} leaves {quote(comment.text)} out as a comment", concrete=True)
        return


def _volumes(stage: Stage, user: str, *, switched: bool) -> Iterator[Item]:
    """Speak of a volume that no step gives to the account: in an image without a shell none can."""
    path = next(iter(volumes_of_root(stage, user)), None)
    if path is None:
        return
    if stage.runtime.has_shell is False:
        cure = ", until an empty folder is copied there with `--chown`"
        yield Item(f"the volume {quote(path)} belongs to root{cure}", concrete=True)
    elif not switched:
        yield Item(f"the volume {quote(path)} belongs to root", concrete=True)


def _of_build(stage: Stage, user: str) -> Iterator[Item]:
    folder = stage.image.workdir.value
    if folder is not None and builds_at_start(stage) and access(stage, folder, user).writable is not True:
        yield Item(f"the start command builds in {quote(folder)}, which belongs to root", concrete=True)


def _of_rails(stage: Stage, user: str) -> Iterator[Item]:
    folder = stage.image.workdir.value
    settled = stage.image.env.get("RAILS_ENV")
    known = is_rails(stage) or (settled is not None and "ruby" in stage.runtime.languages)
    if not known or folder is None or all(put.kind == "workdir" for put in stage.files.below(folder)):
        return  # the server's own folder is another
    if access(stage, posixpath.join(folder, "tmp"), user).writable is not True:
        yield Item(f"a Rails server writes to `log`, `tmp` and `storage` below {quote(folder)}", concrete=True)


def _of_release(stage: Stage, user: str) -> Iterator[Item]:
    """Speak of a release of Elixir, which copies its settings to `tmp` below its folder (`mix help release`)."""
    words = started_words(stage)
    copied = (copy for copy in stage.all_copies if copy.from_stage is not None)
    if words[1:2] and words[1] in _RELEASE_STARTS and posixpath.basename(posixpath.dirname(words[0])) == "bin":
        folder = posixpath.join(stage.image.workdir.value or "/", posixpath.dirname(posixpath.dirname(words[0])))
        built = any(_RELEASE.search(source.path or "") for copy in copied for source in copy.sources if _is_mixed(copy))
        tmp = posixpath.join(posixpath.normpath(folder), "tmp")
        if built and access(stage, tmp, user).writable is not True:
            yield Item(f"a release that reads its settings at the start copies them to {quote(tmp)}", concrete=True)


def _is_mixed(copy: Copy) -> bool:
    """Whether the stage that it copies from calls `mix`: rebar3 puts its releases into folders of the same names."""
    built = copy.from_stage.all_runs if copy.from_stage is not None else ()
    return any("mix" in (command.name, *command.wrappers) for run in built for command in run.commands)
