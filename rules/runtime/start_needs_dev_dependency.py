"""See start_needs_dev_dependency.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Note, Problem, Severity, quote, rule
from rules.packages.options import spelled
from rules.packages.projects.package_json import Manifest
from rules.runtime.languages.kept_dependencies import is_kept
from rules.runtime.languages.node_manifest import Call, calls, manifest_of
from rules.runtime.languages.node_modules import Need, Trimmed, is_named, needed, trimmed
from rules.runtime.starts.instructions import Written, shipped


@rule(
    "start-needs-dev-dependency",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a program of a package for developers, which the image leaves out."""
    if change.repository.starts_otherwise(change.path):
        return
    for found in shipped(change):
        manifest = manifest_of(change, found.stage)
        without = trimmed(found.stage) if manifest is not None else None
        if manifest is None or without is None:
            continue
        for call in calls(change, found):
            left_out = (one for one in needed(call.words, manifest) if _is_left_out(found, manifest, one))
            need = next(
                (one for one in left_out if not is_kept(change, found.stage, manifest, without, one.package)), None
            )
            if need is not None:
                yield _problem(found, manifest, call, need, without)
                break


def _is_left_out(found: Written, manifest: Manifest, need: Need) -> bool:
    others = ("dependencies", "optionalDependencies", "peerDependencies")
    if need.package not in manifest.table("devDependencies") or any(need.package in manifest.table(k) for k in others):
        return False
    return not is_named(found.stage, need.package, need.name)


def _problem(found: Written, manifest: Manifest, call: Call, need: Need, without: Trimmed) -> Problem:
    place = f" (line {call.line} of {quote(call.script)})" if call.script else ""
    line = without.call.command.line
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(' '.join(call.words), 60)}{place}, which needs {quote(need.package)}. That "
        f"is one of the `devDependencies` of {quote(manifest.path)}, which {quote(spelled(without.call))} (line "
        f"{line}) leaves out. {_effect(call, need)} Move it to `dependencies`.",
        Confidence.LIKELY,
        doubt="another package may bring it along",
        stage=found.stage.key,
        key=need.package,
        notes=(Note(without.call.command.span, "left out here"),),
    )


def _effect(call: Call, need: Need) -> str:
    if need.kind == "fetched" and not {"--no-install", "--no"}.isdisjoint(call.words):
        return f"`npx` may not fetch it, and the container exits without {quote(need.name)}."
    return _EFFECT[need.kind].format(need.name)


_EFFECT = {
    "program": "The container exits with “{}: not found”.",
    "module": "The container exits with “Cannot find module '{}'”.",
    "fetched": "`npx` then fetches the newest `{}` at every start, and fails where there is no network.",
}
