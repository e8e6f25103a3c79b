"""See npm_script_missing.md."""

from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Problem, Severity, nearest, quote, rule
from rules.packages.package_json import Manifest
from rules.runtime.node_manifest import Call, calls, manifest_of, script_called
from rules.runtime.start_instructions import Written, shipped


@rule(
    "npm-script-missing",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """What ships starts a script that its package.json does not have."""
    if any(build.command for build in change.repository.builds_of(change.path)):
        return
    for found in shipped(change):
        manifest = manifest_of(change, found.stage)
        if manifest is None or found.stage.runtime.is_windows:
            continue
        for call in calls(change, found):
            called = script_called(call.words)
            if called is not None and called[1] and called[0] not in manifest.table("scripts"):
                yield _problem(found, manifest, call, called[0])
                break


def _problem(found: Written, manifest: Manifest, call: Call, name: str) -> Problem:
    there = [script for script in manifest.table("scripts") if not script.startswith(("pre", "post"))]
    close = nearest(name, there) or next((script for script in there if name.startswith(f"{script}:")), None)
    way_out = f"It has {quote(close)}: start that" if close else "Add it there, or start the program itself"
    place = f" (line {call.line} of {quote(call.script)})" if call.script else ""
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts {quote(' '.join(call.words), 60)}{place}, and {quote(manifest.path)} has no "
        f"script {quote(name)}. The container exits with “Missing script”. {way_out}.",
        Confidence.LIKELY,
        doubt="another package.json may be mounted there",
        stage=found.stage.key,
        key=name,
    )
