"""What is said of apk's index that a layer keeps, and how it is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lazily import once
from rules.packages.caches.readers import stopped_by_lack
from rules.packages.lists.apk_index import line_of_older_index
from rules.packages.options import add_option, spelled
from rules.quoting import quote
from rules.repairs import delete_command, fix, replace

if TYPE_CHECKING:
    from rules.api import Edit, Fix, PackageCall, Run, Stage

_INDEX = "/var/cache/apk"
_LEFT_OUT = "`apk add --no-cache` leaves it out"
_CAN_GO = "`apk add --no-cache` fetches its own and keeps none, so this command can go"
_UPDATING = frozenset({"-U", "--update", "--update-cache"})
_ASKS_INDEX = frozenset({"fetch", "list", "policy", "query", "search", "version"})
"""Subcommands of apk that answer from the index, and know nothing where there is none."""


def fact_of_apk(stage: Stage, run: Run, call: PackageCall) -> str:
    """Return the sentence that says whose layer keeps the index, and what is not in need of it."""
    older = line_of_older_index(run, call)
    how = (
        f"{quote(spelled(call))} reads what line {older} leaves there, and where that is gone or old fetches its own, "
        "which this layer keeps"
        if older is not None
        else f"{quote(spelled(call))} fetches it, and this layer keeps it"
    )
    return f"{stage.label} ships apk's package index in {quote(_INDEX)}: {how}. Nothing at run time reads it"


def way_out_of_apk(run: Run, call: PackageCall) -> str:
    """Return what goes behind the fact: how the index is left out, without the stop at its end."""
    if _is_asked(run):
        return f"clean up at the end of the same `RUN`: {quote(f'rm -rf {_INDEX}/*')}"
    stopped = stopped_by_lack(run, _INDEX)
    if stopped is not None:
        reader = f"the {quote(stopped.name)} on line {stopped.line} finds nothing once none is left, and stops"
        return f"{_LEFT_OUT}; {reader}: it has to go too"
    if call.action != "update":
        return f"{quote(f'apk {call.verb} --no-cache')} leaves it out"
    if any(other.manager == "apk" and other.action == "upgrade" for other in run.package_calls):
        return "with `--no-cache`, `apk upgrade` and `apk add` fetch their own and keep none, so this command can go"
    return _CAN_GO


def decision_of_apk(stage: Stage, run: Run, call: PackageCall) -> tuple[str, str]:
    """Return what the index of several layers has in common that one answer leaves out, and what differs here.

    Args:
        stage: The stage.
        run: The RUN.
        call: The call of it that is spoken of.
    """
    way_out = way_out_of_apk(run, call)
    if way_out not in (_LEFT_OUT, _CAN_GO):
        return way_out, ""
    updates, mixed = call.action == "update", _actions(stage)
    return "apk", "" if len(mixed) == 1 else f"where {'`apk update` can go' if updates else _LEFT_OUT}"


@once
def _actions(stage: Stage) -> frozenset[bool]:
    """Whether RUNs of a chain fetch the index by `apk update`, or by the install itself, or some so and some so."""
    runs = ([call for call in run.package_calls if call.manager == "apk"] for run in stage.done_runs)
    return frozenset(any(call.action == "update" for call in calls) for calls in runs if calls)


def _is_asked(run: Run) -> bool:
    """Whether apk is asked for something that it reads from the index, here or further on."""
    last = _last_question(run.stage)
    return last is not None and last >= run.at


@once
def _last_question(stage: Stage) -> tuple[int, int] | None:
    """Where the last RUN of a chain stands that asks apk for it."""
    calls = ((run, call) for run in stage.all_runs for call in run.package_calls)
    return max((run.at for run, call in calls if call.manager == "apk" and call.verb in _ASKS_INDEX), default=None)


def fix_of_apk(run: Run) -> Fix | None:
    """Add `--no-cache` to every call, and drop an `apk update` that then fetches for nobody.

    There is none where something reads the index.
    """
    if _is_asked(run) or stopped_by_lack(run, _INDEX) is not None:
        return None
    edits: list[Edit | None] = []
    title = "Delete `apk update`"
    for call in run.package_calls:
        if call.manager != "apk" or call.no_cache:
            continue
        if call.action in ("install", "upgrade"):
            edits.append(_without_cache(run, call))
            title = "Add `--no-cache`"
        elif call.action == "update":
            edits.append(delete_command(run, call.command))
    return fix(title, *edits)


def _without_cache(run: Run, call: PackageCall) -> Edit | None:
    """Give a call `--no-cache`, in the place of an option that has the index fetched anew, as it is then."""
    words = [word for word in call.command.args if word.value in _UPDATING]
    if len(words) == 1 and run.instruction.exec_form is None and words[0].text == words[0].value:
        return replace(run.instruction.source, words[0].span, "--no-cache")
    return add_option(run, call, "--no-cache")
