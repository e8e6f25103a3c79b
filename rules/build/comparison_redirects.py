"""See comparison_redirects.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Edit,
    Fix,
    PackageCall,
    Problem,
    Redirect,
    Run,
    Severity,
    quote,
    rule,
)

_REQUIREMENTS = frozenset("pip uv pipx pipenv poetry pdm conda npm pnpm yarn".split())
"""Package managers whose requirements may hold `>` and `<`."""
_VERSION = re.compile(r"=?v?\d[\w.*]*,?")


@rule(
    "comparison-redirects",
    severity=Severity.WARNING,
    category=Category.CORRECTNESS,
    keywords=("RUN",),
    mentions=("[ ", "test ", "install", " add "),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """A test or a requirement compares with `>` or `<`, which redirects instead."""
    for stage in change.stages:
        for run in stage.runs:
            for command in run.calls("[", "test"):
                redirect = next((r for r in command.redirects if _compares(r)), None)
                if redirect is not None and redirect.target is not None and not _stands_behind(command, redirect):
                    yield _test(run, command, redirect, redirect.target.value, stage.key)
            for call in run.package_calls if ">" in run.instruction.value or "<" in run.instruction.value else ():
                if call.manager in _REQUIREMENTS and call.action == "install":
                    yield from _requirements(run, call, stage.key)


def _compares(redirect: Redirect) -> bool:
    return redirect.operator in (">", "<") and redirect.target is not None and "/dev/" not in redirect.target.value


def _stands_behind(command: Command, redirect: Redirect) -> bool:
    """Whether it stands behind the closing bracket, where it is a redirection."""
    if not command.args:
        return True
    number = redirect.target is not None and redirect.target.value.isdecimal()
    return redirect.span.start > command.args[-1].span.start and not (command.name == "test" and number)


def _test(run: Run, command: Command, redirect: Redirect, target: str, stage: str) -> Problem:
    test = "`[ … ]`" if command.name == "[" else "`test`"
    operator, number = ("-gt", "newer") if redirect.operator == ">" else ("-lt", "older")
    return Problem(
        redirect.span,
        f"`{redirect.operator}` does not compare here: in {test} it redirects to or from a "
        f"file called {quote(target)}, and the test is true whenever that works. Write "
        f"`{operator}` for numbers; for versions that may be {number}, use `sort -V`.",
        Confidence.CERTAIN,
        instruction=run.instruction,
        stage=stage,
        key=target,
    )


def _end(command: Command, first: Redirect) -> int:
    """Return where a requirement ends that begins with a redirection: `>=1,<2` is two of them."""
    end = first.end
    for redirect in command.redirects:
        end = redirect.end if redirect.start == end else end
    return end


def _requirements(run: Run, call: PackageCall, stage: str) -> Iterator[Problem]:
    """Find `name>=1.2` without quotes: a redirection that begins right behind a word, and whose file is a version."""
    source = run.instruction.source
    for redirect in call.command.redirects:
        if not _compares(redirect) or redirect.target is None or redirect.fd is not None:
            continue
        target = redirect.target.value
        word = next((w for w in call.command.args if w.span.end == redirect.start), None)
        if word is None or word.value.startswith("-") or not _VERSION.fullmatch(target):
            continue
        whole = source.span(word.span.start, _end(call.command, redirect))
        text = source.cut(whole)
        effect = (
            f"the shell writes what {quote(call.program)} prints to a file called {quote(target)}, and "
            f"{quote(word.value)} comes in whatever version is newest"
            if redirect.operator == ">"
            else f"the shell reads from a file called {quote(target)}, and the build stops when there is none"
        )
        yield Problem(
            redirect.span,
            f"`{redirect.operator}` does not compare here: {effect}. Put the requirement in quotes.",
            Confidence.CERTAIN,
            instruction=run.instruction,
            stage=stage,
            key=text,
            fix=Fix("Put it in quotes", (Edit(whole, f'"{text}"'),)) if not set(text) & set("\"'`\\") else None,
        )
