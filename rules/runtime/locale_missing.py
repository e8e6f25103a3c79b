"""See locale_missing.md."""

import re
from collections.abc import Iterator

from rules.api import (
    Category,
    Command,
    Confidence,
    DockerfileChange,
    Problem,
    Setting,
    Severity,
    Stage,
    fix,
    quote,
    replace,
    rule,
)
from rules.dockerfile.shell.nested import SHELLS
from rules.facts.distributions import DEBIAN_FAMILY

_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}(?:\.[\w-]+)?(?:@\w+)?")
_BARE = frozenset({"debian", "ubuntu", "python", "ruby", "golang", "rust", "php", "buildpack-deps"})
"""Official images whose locales are `C`, `C.UTF-8` and `POSIX` alone (libc-bin; their Dockerfiles make no further one).

Upon Debian's family, that is: musl takes every name for UTF-8. eclipse-temurin makes one.
Node.js has the languages' tables in itself and reads LANG by its own means (nodejs.org, "Internationalization").
"""
_UNICODE = re.compile(r"utf-?8", re.IGNORECASE)
"""The character set, as glibc has it in all spellings (`utf8`)."""
_ENGLISH = "en_US"
"""What is written for its character set: `C.UTF-8` does the same."""
_MADE = re.compile(r"locale|lang(?:uage-)?pack", re.IGNORECASE)
"""What a step says that makes a locale: locale-gen, localedef, locales-all, /usr/lib/locale, language-pack-de."""
_RUNS_SCRIPTS = frozenset({*SHELLS, ".", "source", "ansible-playbook", "make"})


@rule(
    "locale-missing",
    severity=Severity.INFO,
    category=Category.CORRECTNESS,
    keywords=("ENV",),
    mentions=("lang", "lc_"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """The image is told to use a locale that it does not have."""
    for stage in change.after.shipped:
        names = ("LC_ALL",) if "LC_ALL" in stage.image.env else ("LANG", "LC_CTYPE")  # the first overrides the others
        found = next(((name, setting) for name in names if (setting := _set_here(stage, name)) is not None), None)
        if found is not None and _has_few(stage) and not _may_make_locales(stage):
            yield _problem(stage, *found)


def _set_here(stage: Stage, name: str) -> Setting[str] | None:
    setting = stage.image.env.get(name)
    if setting is None or not setting.set_in_file or _LOCALE.fullmatch(setting.value or "") is None:
        return None
    return setting


def _has_few(stage: Stage) -> bool:
    facts = stage.facts
    return facts is not None and facts.name in _BARE and stage.runtime.distribution in DEBIAN_FAMILY


def _may_make_locales(stage: Stage) -> bool:
    """Whether a step speaks of locales, runs a script that may make them, or brings a file system along."""
    for step in stage.all_steps:
        text = step.instruction.whole_value
        if step.instruction.keyword in ("RUN", "COPY", "ADD") and _MADE.search(text):
            return True
    if any(source.is_root for copy in stage.all_copies for source in copy.sources if not copy.from_context):
        return True
    return any(not run.is_read or any(map(_is_script, run.commands)) for run in stage.all_runs)


def _is_script(command: Command) -> bool:
    return command.name in _RUNS_SCRIPTS or (command.program is not None and "/" in command.program.value)


def _problem(stage: Stage, name: str, setting: Setting[str]) -> Problem:
    assert setting.instruction is not None, "_set_here looked"
    value = setting.value or ""
    place = value.partition(".")[0].partition("@")[0]
    english = place == _ENGLISH
    word = next((word for key, word in setting.instruction.pairs if key.text == name), None)
    unicode = _UNICODE.fullmatch(value.partition(".")[2]) is not None
    made = quote(f"localedef -i {place} -f UTF-8 {place}.UTF-8") if unicode else f"`localedef` for {quote(value)}"
    way_out = (
        "Set `C.UTF-8`, which is there, or make the locale"
        if english
        else "Make the locale, or set `C.UTF-8`, which is there, if only the character set matters"
    )
    return Problem(
        setting.instruction.span,
        f"{stage.label} sets {quote(f'{name}={value}')}, and has no such locale: no step makes one, and "
        f"{quote(stage.root.base_text or '')} has `C.UTF-8` alone. Programs fall back to `C`, which is ASCII and "
        f"English, and bash and perl warn. {way_out}: install `locales` and run {made}.",
        Confidence.POSSIBLE if english else Confidence.LIKELY,
        doubt="a program may have languages of its own",
        instruction=setting.instruction,
        stage=stage.key,
        key=name,
        fix=fix("Take the locale that is there", replace(setting.instruction.source, word.span, "C.UTF-8"))
        if english and word is not None
        else None,
    )
