"""Instructions that run something, in all their forms."""

import pytest

from rules.dockerfile.shell.script import script_of
from tests.dockerfile.reading import read
from tests.dockerfile.shelling import last_script, text_at


def runs(text: str, shell: tuple[str, ...] | None = None) -> list[str]:
    return [str(command) for command in last_script(text, shell=shell).commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a && b", ["a", "b"]),
        ("RUN --mount=type=cache,target=/c --network=none a b", ["a b"]),
        ("RUN a \\\n  # c\n\n  && b", ["a", "b"]),
        ("CMD a b", ["a b"]),
        ("ENTRYPOINT exec a", ["exec a"]),
        ("HEALTHCHECK --interval=5s CMD curl -f x || exit 1", ["curl -f x", "exit 1"]),
        ("HEALTHCHECK NONE", []),
        ("USER a", []),
        ("CMD []", []),
        ('CMD ["a", "b c"]', ['a "b c"']),
        ('HEALTHCHECK CMD ["a", "b"]', ["a b"]),
        ("RUN ['a', 'b']", ["['a', 'b']"]),
    ],
)
def test_an_instruction_runs_its_commands(text: str, expected: list[str]) -> None:
    assert runs(text) == expected


def test_words_of_a_run_stand_where_they_stand_in_the_file() -> None:
    found = last_script("RUN --mount=type=cache,target=/c \\\n  # why\n  ä 'b' \\\r\n && c\n")
    words = [word for command in found.commands for word in command.words]
    assert [text_at(found, word.span) for word in words] == ["ä", "'b'", "c"]
    assert [word.span.line for word in words] == [4, 4, 5]


def test_a_backtick_may_continue_the_lines() -> None:
    text = "# escape=`\nFROM a\nRUN b `\n && c\\d"
    found = script_of(read(text).instructions[-1])
    assert [str(command) for command in found.commands] == ["b", "c\\d"]


def test_the_exec_form_is_one_command() -> None:
    (command,) = last_script('CMD ["tini", "--", "/usr/bin/node", "a b.js"]').commands
    assert (command.name, command.wrappers, [word.value for word in command.args]) == ("node", ("tini",), ["a b.js"])
    assert command.span.column == 6


def test_the_exec_form_expands_nothing() -> None:
    found = last_script('CMD ["echo", "$HOME"]')
    assert found.dialect == "exec"
    assert found.commands[0].args[0].literal


def test_the_exec_form_of_a_shell_is_the_script_it_runs() -> None:
    found = last_script('CMD ["sh", "-c", "a \\"b c\\" && exec d\\u0065"]')
    assert [(command.name, command.nested) for command in found.commands] == [("sh", False), ("a", True), ("de", True)]
    assert [text_at(found, word.span) for word in found.commands[1].words] == ["a", '\\"b c\\"']


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("a \\ \t\n  --b", ["a", "--b"]),
        ("a \\\n# c\n\n b", ["a", "b"]),
        ("a \\\r\n b", ["a", "b"]),
        ("a \\ud800 \\ud83d\\ude00 b", ["a", "\ufffd", "\U0001f600", "b"]),
    ],
    ids=["blanks behind the backslash", "a comment below it", "carriage return", "half of a pair and a pair"],
)
def test_the_script_in_an_exec_form_is_what_the_builder_hands_over(code: str, words: list[str]) -> None:
    found = last_script(f'CMD ["sh", "-c", "{code}"]')
    assert [word.value for word in found.commands[-1].words] == words


def test_the_exec_form_of_a_runner_runs_its_command() -> None:
    assert [command.name for command in last_script('CMD ["poetry", "run", "gunicorn"]').commands] == [
        "poetry",
        "gunicorn",
    ]


def test_a_here_document_is_a_script_with_places() -> None:
    found = last_script("RUN <<EOF\nset -e\nif a; then\n  b 'c'\nfi\nEOF\n")
    assert [command.name for command in found.commands] == ["set", "a", "b"]
    assert [text_at(found, word.span) for word in found.commands[2].words] == ["b", "'c'"]
    assert found.commands[2].line == 5


def test_lines_of_a_here_document_are_the_shells_own() -> None:
    found = last_script("RUN <<EOF\n# a\nb # c\nd 'e\\\nf'\nEOF\n")
    assert [command.name for command in found.commands] == ["b", "d"]
    assert found.commands[1].args[0].value == "e\\\nf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN <<EOF cat > f\na\nEOF", ("cat", "a\n", "f")),
        ("RUN cat <<'EOF' > f\na $b\nEOF", ("cat", "a $b\n", "f")),
        ("RUN cat > f <<-EOF\n\ta\n\tEOF", ("cat", "a\n", "f")),
    ],
)
def test_a_here_document_for_a_command_is_not_run(text: str, expected: tuple[str, str, str]) -> None:
    (command,) = last_script(text).commands
    target = next(each.target for each in command.redirects if each.operator == ">")
    assert (command.name, command.heredoc, target and target.value) == expected


def test_a_here_document_for_a_shell_is_run() -> None:
    assert runs("RUN true && bash -e <<EOF\na\nb\nEOF") == ["true", "bash -e", "a", "b"]


@pytest.mark.parametrize(
    "text", ["bash -ec 'a; b'", '/bin/bash -e -c "a; b"', "bash -e <<EOF\na\nb\nEOF", '["bash", "-ec", "a; b"]']
)
def test_a_run_that_only_hands_a_script_to_a_shell_is_this_script(text: str) -> None:
    script = last_script(f"RUN {text}\n")
    assert [str(command) for command in script] == ["a", "b"]
    assert (script.dialect, script.errexit, script.shell is not None) == ("bash", True, True)
    assert not any(command.nested for command in script)


@pytest.mark.parametrize(
    "text",
    [
        "sudo sh -c 'a'",
        "A=1 sh -c 'a'",
        "sh -c 'a' > /log",
        "sh -c 'a' &",
        "! sh -c 'a'",
        "(sh -c 'a')",
        "sh -c 'a' || true",
        "sh -c 'a' one two",
        "bash -s one <<EOF\na\nEOF",
        "su app -c 'a'",
    ],
)
def test_a_run_that_does_anything_more_keeps_the_shell_among_its_commands(text: str) -> None:
    script = last_script(f"RUN {text}\n")
    assert script.shell is None
    assert [(command.name, command.nested) for command in script if command.name == "a"] == [("a", True)]


@pytest.mark.parametrize("text", ['sh -c "$(curl example.com)"', 'bash -c "$SCRIPT"', "sh -c `cat a`", "sh a.sh"])
def test_a_script_that_is_written_elsewhere_is_none_of_the_run(text: str) -> None:
    assert last_script(f"RUN {text}\n").shell is None


def test_what_follows_a_here_document_on_its_line_is_run() -> None:
    found = last_script("RUN cat <<A > f && cat <<B > g && c\n1\nA\n2\nB\n")
    assert [(command.name, command.heredoc) for command in found.commands] == [
        ("cat", "1\n"),
        ("cat", "2\n"),
        ("c", None),
    ]


@pytest.mark.parametrize(
    ("first", "dialect", "understood"),
    [
        ("#!/bin/bash -e", "bash", True),
        ("#!/usr/bin/env bash", "bash", True),
        ("#!/usr/bin/env python3", "python3", False),
    ],
)
def test_the_first_line_of_a_here_document_may_name_its_language(first: str, dialect: str, *, understood: bool) -> None:
    found = last_script(f"RUN <<EOF\n{first}\na\nEOF")
    assert (found.dialect, found.understood, len(found.commands)) == (dialect, understood, int(understood))


@pytest.mark.parametrize(
    ("shell", "dialect"),
    [
        (("/bin/bash", "-c"), "bash"),
        (("/bin/ash", "-eo", "pipefail", "-c"), "ash"),
        (("/usr/bin/env", "bash", "-c"), "bash"),
        (("conda", "run", "-n", "x", "/bin/bash", "-c"), "bash"),
        (("busybox", "sh", "-c"), "sh"),
    ],
)
def test_a_shell_that_is_known_is_understood(shell: tuple[str, ...], dialect: str) -> None:
    found = last_script("RUN a", shell=shell)
    assert (found.dialect, found.understood, len(found.commands)) == (dialect, True, 1)


@pytest.mark.parametrize(
    ("shell", "dialect"),
    [
        (("powershell", "-Command"), "powershell"),
        (("C:\\Windows\\System32\\cmd.exe", "/S", "/C"), "cmd"),
        (("pwsh", "-c"), "pwsh"),
        (("/usr/bin/python3", "-c"), "python3"),
    ],
)
def test_a_language_that_is_not_known_is_left_alone(shell: tuple[str, ...], dialect: str) -> None:
    found = last_script("RUN Get-Item | % { $_ }", shell=shell)
    assert (found.dialect, found.understood, found.commands, found.errors) == (dialect, False, (), ())


def test_the_exec_form_needs_no_shell() -> None:
    assert last_script('RUN ["a", "b"]', shell=("powershell",)).understood


@pytest.mark.parametrize(
    ("shell", "errexit", "pipefail"),
    [
        (None, False, False),
        (("/bin/bash", "-o", "pipefail", "-c"), False, True),
        (("/bin/bash", "-euxo", "pipefail", "-c"), True, True),
        (("/bin/sh", "-ec"), True, False),
    ],
)
def test_the_shells_options_are_in_force(shell: tuple[str, ...] | None, *, errexit: bool, pipefail: bool) -> None:
    found = last_script("RUN a | b", shell=shell)
    assert (found.errexit, found.pipefail) == (errexit, pipefail)


def test_an_onbuild_trigger_is_read_like_any_other() -> None:
    trigger = read("FROM a\nONBUILD RUN b && c").instructions[-1].trigger
    assert trigger is not None
    assert [command.name for command in script_of(trigger).commands] == ["b", "c"]


def test_an_instruction_is_read_once_for_each_shell() -> None:
    run = read("FROM a\nRUN set -x && b\n").instructions[-1]
    assert script_of(run) is script_of(run, shell=("/bin/sh", "-c"))
    assert script_of(run, shell=("/bin/bash", "-eo", "pipefail", "-c")).pipefail
    assert not script_of(run).pipefail
    assert not script_of(run, shell=("powershell", "-Command")).understood
