"""See dev_dependencies_shipped.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Fix,
    PackageCall,
    Problem,
    Run,
    Severity,
    Stage,
    fix,
    insert_line_before,
    quote,
    rule,
)
from rules.packages.options import add_option, spelled
from rules.packages.project_files import manifest_text
from rules.packages.purpose import is_for_development

_FLAGS = {
    "npm": "--omit=dev",
    "pnpm": "--prod",
    "yarn": "--production",
    "bun": "--production",
    "composer": "--no-dev",
    "uv": "--no-dev",
    "poetry": "--only main",
    "pdm": "--prod",
}
_DEVELOPERS_PART = {
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), re.compile(r'"devDependencies"\s*:\s*\{\s*"')),
    "composer": re.compile(r'"require-dev"\s*:\s*\{\s*"'),
    "uv": re.compile(r"^\s*dev\s*=\s*\[|dev-dependencies", re.MULTILINE),
    "poetry": re.compile(r"^\[tool\.poetry\.(?:group\.|dev-)|^\[dependency-groups\]", re.MULTILINE),
    "pdm": re.compile(r"^\[tool\.pdm\.dev-dependencies|^\[dependency-groups\]", re.MULTILINE),
    "bundle": re.compile(r"group\b.*:(?:development|test)"),
}
_NODE = frozenset({"npm", "pnpm", "yarn", "bun"})
_BUILDING = frozenset(
    "tsc vite webpack next nest ng gulp grunt rollup esbuild parcel nuxt astro turbo nx lerna react-scripts "
    "vue-cli-service "
    "node-pre-gyp prisma npx pnpx bunx".split()
)
_ENVIRONMENTS = ("NODE_ENV", "RAILS_ENV", "RACK_ENV", "APP_ENV")


@rule(
    "dev-dependencies-shipped",
    severity=Severity.WARNING,
    category=Category.SIZE,
    keywords=("RUN",),
    mentions=("npm", "pnpm", "yarn", "bun", "composer", "uv sync", "poetry", "pdm", "bundle"),
    aliases=("DF031",),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A shipped image installs what only developers need."""
    for stage, run, call in change.after.layers.shipped_calls:
        if call.manager not in _DEVELOPERS_PART or call.production or not call.project:
            continue
        if call.manager == "uv" and call.verb != "sync":
            continue
        if call.verb in ("link", "workspaces focus", "fetch", "lock", "export") or is_for_development(change, stage):
            continue
        if _is_meant(stage, run, call) or _is_used_or_removed(stage, run, call):
            continue
        text = manifest_text(change, run, call)
        if text is None or _DEVELOPERS_PART[call.manager].search(text):
            yield _problem(stage, run, call, known=text is not None)


def _is_meant(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether the environment is a developer's, or the options ask for these packages by name."""
    if any(call.env.get(name) in ("development", "test", "testing", "dev") for name in _ENVIRONMENTS):
        return True
    if stage.runtime.is_windows or call.has(
        "--dev", "--with", "--group", "--all-groups", "--only", "--without", "--only-group"
    ):
        return True
    if call.manager == "bundle":
        return "ruby" not in stage.runtime.languages or _bundler_knows(run)
    return call.has("--include")


def _bundler_knows(run: Run) -> bool:
    """Whether an earlier RUN has told Bundler to leave groups out."""
    for other in run.stage.all_runs:
        for call in other.package_calls:
            words = [word.value for word in call.options.operands]
            if call.manager == "bundle" and words[:1] == ["config"] and {"without", "only"} & set(words):
                return True
        if other is run:
            return False
    return False


def _is_used_or_removed(stage: Stage, run: Run, call: PackageCall) -> bool:
    """Whether the stage builds with them afterwards, or takes them out again."""
    behind = False
    for other in stage.all_runs:
        behind = behind or other is run
        for command in other.commands if behind else ():
            if command.start > call.command.start and _builds_or_prunes(call, command):
                return True
        if behind and other is not run and any(c.manager == call.manager and c.production for c in other.package_calls):
            return True
    return False


def _builds_or_prunes(call: PackageCall, command: Command) -> bool:
    if command.name == "rm":
        return any("node_modules" in word.value or "vendor" in word.value for word in command.args)
    if call.manager not in _NODE:
        return command.name == call.program and (
            command.has("--no-dev", "--only", "--without", "--prod") or command.subcommand in ("build", "test")
        )
    if command.name in _BUILDING:
        return True
    if command.name in _NODE:
        words = {part for word in command.args for part in re.split("[:-]", word.value)}
        return command.subcommand in ("run", "build", "prune", "test", "exec", "deploy", "x", "rebuild") or bool(
            words & {"build", "compile", "bundle", "prune"}
        )
    return command.name in ("make", "node-prune", "modclean") or command.name.endswith((".sh", ".js"))


def _problem(stage: Stage, run: Run, call: PackageCall, *, known: bool) -> Problem:
    short = quote(spelled(call))
    flag = "BUNDLE_WITHOUT=development:test" if call.manager == "bundle" else _FLAGS[call.manager]
    return Problem(
        call.command.span,
        f"{stage.label} ships what only developers need: {short} installs test frameworks, linters and type "
        "definitions "
        "along with the program's own dependencies. They are often the larger part of the layer, and every scanner "
        "reports "
        f"them. Leave them out with {quote(flag)}.",
        Confidence.CERTAIN if known else Confidence.LIKELY,
        stage=stage.key,
        key=call.manager,
        fix=_fix(run, call),
    )


def _fix(run: Run, call: PackageCall) -> Fix | None:
    if call.manager == "bundle":
        line = "ENV BUNDLE_WITHOUT=development:test"
        return fix("Leave out the groups of developers", insert_line_before(run.instruction, line))
    if call.manager == "yarn" and call.has("--immutable"):
        return None  # modern Yarn has no such option; it takes `yarn workspaces focus --production`
    flag = _FLAGS[call.manager]
    return fix(f"Add `{flag}`", add_option(run, call, flag))
