"""Bundler, installed into an image of Ruby that has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.api import Confidence, Problem, delete_command, delete_word, fix, quote
from rules.runtime.languages.ruby_programs import official_ruby

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api import DockerfileChange, Fix, PackageCall, Run, Span, Stage

_CHANGES_ITSELF = (3, 1)
"""The first Ruby with a Bundler, 2.3, that runs the version named in `Gemfile.lock` (Bundler's changelog, 2.3.0)."""
_ASKED_FOR = re.compile(r"\bbundler?\s+_|BUNDLER_VERSION|BUNDLE_VERSION|\bbundle\s+config\b[^\n;&|]{0,200}\bversion\b")
"""What names a Bundler by its version, which has to be there then: `bundle _2.4.1_ install`."""


def redundant_bundler(change: DockerfileChange) -> Iterator[Problem]:
    """Yield the installs of Bundler in official images of Ruby, unless the file asks for that very version."""
    if _ASKED_FOR.search(change.after.code):
        return
    for stage, run in change.after.layers.needed_runs:
        line = official_ruby(stage)
        if line is None or line < _CHANGES_ITSELF or change.after.is_for_developers(stage):
            continue
        for call in run.package_calls:
            if call.manager == "gem" and call.action == "install" and not call.has("--prerelease"):
                yield from _problem(stage, run, call)


def _problem(stage: Stage, run: Run, call: PackageCall) -> Iterator[Problem]:
    package = next((one for one in call.packages if one.name == "bundler" and one.kind == "name"), None)
    if package is None:
        return
    alone = len(call.packages) == 1
    yield Problem(
        call.command.span if alone else package.word.span,
        f"{stage.label} installs {quote('bundler')} on {quote(stage.root.base_text or '')}, which comes with it. Where "
        f"{quote('Gemfile.lock')} names another version, under `BUNDLED WITH`, {quote('bundle')} fetches and runs that "
        "one by itself. So this one is fetched for nobody, or would have come anyway. Leave it out.",
        Confidence.LIKELY,
        doubt="something else may call the version that is installed here",
        instruction=run.instruction,
        stage=stage.key,
        key="bundler",
        fix=_fix(run, call, None if alone else package.word.span),
    )


def _fix(run: Run, call: PackageCall, word: Span | None) -> Fix | None:
    if run.instruction.exec_form is not None:
        return None
    if word is None:
        return fix("Leave Bundler to the image", delete_command(run, call.command))
    given = call.has("--version")  # it may be meant for Bundler alone
    return None if given else fix("Leave Bundler to the image", delete_word(run.instruction.source, word))
