"""Rails' assets, compiled in a build that has neither the application's key nor a stand-in for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.api import UNKNOWN, Command, Confidence, Problem, Severity, fix, insert, once, quote
from rules.facts.rails import DUMMY_KEY, KEYS
from rules.runtime.languages.ruby_programs import is_ruby, rails_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.api import DockerfileChange, Fix, Run, Stage

_TASK = "assets:precompile"
_WITH_DUMMY = (7, 1)
"""The first Rails that knows it (Rails 7.1 release notes, "Railties")."""
_ASKS = (5, 2)
"""The first Rails that asks for the key when it starts: Active Storage signs with it (`ActiveStorage::Engine`)."""
_LOCAL = frozenset({"development", "test"})
"""Environments in which Rails makes up a key (`Rails::Application#secret_key_base`)."""
_SERVICES = ("DATABASE_URL", "REDIS_URL")
_ENVIRONMENTS = ("RAILS_ENV", "RACK_ENV")
_BRINGS_KEY = re.compile(r"(?i)secrets?\.yml|secret_token|master\.key|credentials|(?:^|[\s/])\.env\b|/run/secrets")
"""Words of files that hold the key, and of what writes them: `config/master.key`, `cp .env.example .env`."""
_READS_FILE = frozenset({".", "source", "dotenv"})
_BECOMES = frozenset({"sudo", "su", "gosu", "su-exec", "runuser"})


class _Call(NamedTuple):
    """A call of the task.

    Attributes:
        command: What runs it, `rails` or `rake`.
        outer: What it stands behind, such as `bundle exec`; else itself.
        given: The variables that it gets from its RUN.
    """

    command: Command
    outer: Command
    given: Mapping[str, str]


def assets_without_key(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the precompilations that need a key which nothing brings, or that are not for production at all."""
    for stage, run in change.after.layers.needed_runs:
        if _TASK not in run.instruction.whole_value or not is_ruby(stage) or change.after.is_for_developers(stage):
            continue
        brought = _key_is_brought(run.stage)
        if (brought is not None and brought <= run.at) or any(mount.type == "secret" for mount in run.mounts):
            continue
        for call in _calls(run):
            given = any(name in call.given or run.scope.get(name) is not None for name in KEYS)
            if not given and call.outer.after != "||":
                yield from _problem(change, stage, run, call)


def _calls(run: Run) -> Iterator[_Call]:
    """Yield the calls of the task with the variables that are exported before, or set in front of them."""
    exported: dict[str, str] = {}
    around: list[Command] = []
    for command in run.commands:
        while around and around[-1].end <= command.start:
            around.pop()
        if command.name in _READS_FILE:
            return
        if command.name == "export":
            if any(word.value.startswith("$") for word in command.args):
                return
            exported |= {name: word.value for name, word in command.assignments}
        around.append(command)
        words = [word.value for word in command.args]
        if command.name in ("rails", "rake") and any(word.partition("[")[0] == _TASK for word in words):
            set_here = {name: word.value for one in around for name, word in one.assignments}
            handed = dict(word.split("=", 1) for word in words if "=" in word)
            outer = around[-2] if around[:-1] and around[-2].name == "bundle" else command
            yield _Call(command, outer, exported | set_here | handed)


@once
def _key_is_brought(stage: Stage) -> tuple[int, int] | None:
    """Where the first step of a chain stands that names a file which holds the key."""
    named = (step for step in stage.done_steps if _BRINGS_KEY.search(step.instruction.whole_value))
    return next((step.at for step in named), None)


def _environment(run: Run, call: _Call) -> str | None:
    """Return Rails' environment: empty where nothing sets one, `None` where it is not known."""
    for name in _ENVIRONMENTS:
        if name in call.given:
            return call.given[name] if "$" not in call.given[name] else None
        found = run.scope.get(name)
        if found is not None:
            return None if found.value is UNKNOWN else str(found.value)
    return "" if run.stage.base_known else None


def _problem(change: DockerfileChange, stage: Stage, run: Run, call: _Call) -> Iterator[Problem]:
    environment = _environment(run, call)
    if environment in _LOCAL:
        return
    if environment == "":
        yield _not_for_production(stage, run, call)
        return
    rails = rails_of(change)
    if rails is not None and rails.is_before(_ASKS):
        return
    new = rails is not None and rails.is_from(_WITH_DUMMY)
    stand_in = f"{DUMMY_KEY}=1" if new else "SECRET_KEY_BASE=1"
    loaded_for = quote(environment) if environment else "an environment of its own choice"
    other = "" if new else f" From Rails 7.1 on, {quote(f'{DUMMY_KEY}=1')} says the same."
    yield Problem(
        call.command.span,
        f"{stage.label} runs {quote(str(call.command))} without a key for the build: Rails loads the program for "
        f"{loaded_for}, and asks for {quote('secret_key_base')}. A clean checkout has none, and the build stops; a "
        f"developer's folder has {quote('config/master.key')}, and the build works with the real one. Nothing that is "
        "compiled depends on it, so give a stand-in to this command alone: "
        f"{quote(f'{stand_in} {call.outer}')}.{other}",
        Confidence.LIKELY if environment and not _may_have_key(change, call) else Confidence.POSSIBLE,
        doubt="the program may set a key itself",
        severity=Severity.WARNING,
        instruction=run.instruction,
        stage=stage.key,
        key="assets",
        fix=_fix(run, call, stand_in),
    )


def _may_have_key(change: DockerfileChange, call: _Call) -> bool:
    """Whether the program may have a key of its own: in a file of Rails before 5.2, or by what the command is given.

    Who gives it stand-ins for services, and none for the key, has seen the build come to its end.
    """
    path = change.repository.in_context(change.path, "config/secrets.yml")
    return any(name in call.given for name in _SERVICES) or (
        path is not None and change.repository.exists(path) is True
    )


def _not_for_production(stage: Stage, run: Run, call: _Call) -> Problem:
    return Problem(
        call.command.span,
        f"{stage.label} compiles its assets for development: nothing sets {quote('RAILS_ENV')} for "
        f"{quote(str(call.command))}, so they are made with the settings of {quote('development.rb')}, and the gems of "
        f"that group have to be there. Say {quote('ENV RAILS_ENV=production')} above, and give the command a stand-in "
        f"for the key that it then asks for: {quote(f'{DUMMY_KEY}=1 {call.outer}')} from Rails 7.1 on, "
        f"{quote('SECRET_KEY_BASE=1')} before.",
        Confidence.LIKELY,
        doubt="a file of the project may choose the environment",
        severity=Severity.INFO,
        instruction=run.instruction,
        stage=stage.key,
        key="assets",
    )


def _fix(run: Run, call: _Call, stand_in: str) -> Fix | None:
    """Set the stand-in for the command alone; behind `sudo` it would be dropped again."""
    if run.instruction.exec_form is not None or not _BECOMES.isdisjoint(call.outer.wrappers):
        return None
    return fix("Give a stand-in for the key", insert(call.outer.source, call.outer.start, f"{stand_in} "))
