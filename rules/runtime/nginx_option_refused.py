"""See nginx_option_refused.md."""

import json
import posixpath
from collections.abc import Iterator

from rules.api import Category, Confidence, DockerfileChange, Edit, Fix, Problem, Severity, quote, rule
from rules.runtime.starts.instructions import Written, behind_init, executes_cmd, full_words, reads_code, shipped
from rules.runtime.starts.text import shell_commands

_MARKS = " ;'\""


@rule(
    "nginx-option-refused",
    severity=Severity.ERROR,
    category=Category.CORRECTNESS,
    keywords=("CMD", "ENTRYPOINT"),
    mentions=("nginx", "openresty"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """Nginx is started with words that it refuses: directives without an end, or cut into pieces."""
    for found in shipped(change):
        words = _words(found)
        if not words or posixpath.basename(words[0]) not in ("nginx", "openresty"):
            continue
        at = next((index for index, word in enumerate(words) if index and word == "-g"), 0)
        if not at or at + 1 >= len(words) or any("$" in word for word in words):
            continue
        fault = _fault(words, at)
        if fault is not None:
            yield _problem(found, *fault)


def _words(found: Written) -> tuple[str, ...]:
    if found.start.form == "exec" and not reads_code(found.start.words):
        handed_on = found.instruction.keyword == "CMD" and executes_cmd(found.stage)
        return behind_init(found.start.words if handed_on else full_words(found) or ())
    commands = shell_commands(found.start)
    last = commands[-1] if commands else None
    if last is None or last.program is None or last.conditional:
        return ()
    return last.argv


def _fault(words: tuple[str, ...], at: int) -> tuple[tuple[str, ...], str, str] | None:
    """Return the words behind `-g`, the one that is meant, and what nginx says (`ngx_get_options` in its nginx.c).

    An empty word is no fault, nor is what stands behind a `#`, or space behind the semicolon (tried with nginx 1.22).
    """
    end = next((index for index in range(at + 1, len(words)) if words[index].startswith("-")), len(words))
    pieces = words[at + 1 : end]
    meant = f"{' '.join(pieces).strip(_MARKS)};"
    whole, ended = bool(pieces) and _is_whole(pieces[0]), bool(pieces) and _is_whole(pieces[-1])
    if len(pieces) > 1 and (ended or not whole):  # words behind a whole directive are no part of one
        return pieces, meant, f'invalid option: "{pieces[1]}"'
    if len(pieces) == 1 and not whole:
        return pieces, meant, 'unexpected end of parameter, expecting ";" in command line'
    return None


def _is_whole(word: str) -> bool:
    return not word.strip() or "#" in word or word.rstrip().endswith((";", "}"))


def _problem(found: Written, pieces: tuple[str, ...], meant: str, message: str) -> Problem:
    words = found.start.form == "exec" and not reads_code(found.start.words)
    shown = f'"-g", "{meant}"' if words else f"-g '{meant}'"
    what = "is cut into words" if len(pieces) > 1 else "has no semicolon at its end"
    if pieces[0].startswith(("'", '"')):
        what = "has quotes of its own, so that its semicolon ends nothing"
    return Problem(
        found.instruction.span,
        f"{found.stage.label} starts nginx with `-g`, and what follows, {quote(' '.join(pieces))}, {what}. nginx takes "
        f"one word of whole directives there: it exits with “{message}”. Write {quote(shown)}.",
        Confidence.CERTAIN,
        stage=found.stage.key,
        key=meant,
        fix=_fix(found, pieces, meant),
    )


def _fix(found: Written, pieces: tuple[str, ...], meant: str) -> Fix | None:
    """Put one word in the place of the pieces, where an array holds them."""
    written = found.instruction.exec_form or ()
    at = next((i for i in range(len(written)) if tuple(w.text for w in written[i : i + len(pieces)]) == pieces), None)
    if at is None:
        return None
    first, last = written[at].span, written[at + len(pieces) - 1].span
    place = found.instruction.source.span(first.start, last.end)
    return Fix("Write the directive whole", (Edit(place, json.dumps(meant, ensure_ascii=False)),))
