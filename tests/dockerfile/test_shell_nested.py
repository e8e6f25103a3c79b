"""Scripts inside commands: substitutions, `sh -c`, `su -c`, here-documents, tools that run commands."""

import pytest

from tests.dockerfile.shelling import commands, names, script, where


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("a $(b | c) `d` <(e)", ["a", "b", "c", "d", "e"]),
        ('a "$(b "$(c)" && d)"; e', ["a", "b", "c", "d", "e"]),
        ("a ${b:-$(c)} $((1 + $(d)))", ["a", "c", "d"]),
        ("A=$(b) c", ["c", "b"]),
        ("a=( $(b) ) > $(c)", ["", "b", "c"]),
        ("for x in $(a); do b; done", ["a", "b"]),
        ("case $(a) in b) c;; esac", ["a", "c"]),
        ("{ a; } > $(b)", ["a", "b"]),
        ("[[ $(a) && b ]] && c", ["[[", "a", "c"]),
        ("a '$(b)' \\$(c", ["a"]),
        ("a `b \\`c\\``", ["a", "b", "c"]),
        ("echo $(if a; then b; fi)", ["echo", "a", "b"]),
    ],
)
def test_commands_in_substitutions_follow_the_command_that_holds_them(code: str, found: list[str]) -> None:
    assert names(code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("sh -c 'a && b'", ["sh", "a", "b"]),
        ('bash -lc "a; b"', ["bash", "a", "b"]),
        ("/bin/bash -o pipefail -ec 'a'", ["bash", "a"]),
        ("bash -euxo pipefail -c 'a | b'", ["bash", "a", "b"]),
        ("bash --login -c 'a' b", ["bash", "a"]),
        ("sudo -u x sh -c 'a'", ["sh", "a"]),
        ("xargs sh -c 'a \"$@\"'", ["sh", "a"]),
        ("su - app -c 'a b'", ["su", "a"]),
        ("su app -s /bin/bash -c 'a'", ["su", "a"]),
        ("su -c a app", ["su", "a"]),
        ("runuser -l app -c 'a'", ["runuser", "a"]),
        ("sh -c 'sh -c \"a b\"'", ["sh", "sh", "a"]),
        ("sh a.sh -c b", ["sh"]),
        ("bash <<E\na\nb\nE\nc", ["bash", "a", "b", "c"]),
        ("bash -s -- x <<'E'\na\nE", ["bash", "a"]),
        ("python3 <<E\na\nE", ["python3"]),
        ("sh a.sh <<E\nb\nE", ["sh"]),
    ],
)
def test_a_script_handed_to_a_shell_is_read(code: str, found: list[str]) -> None:
    assert names(code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("uv run --frozen --extra x pip install a", ["uv", "pip"]),
        ("poetry run a", ["poetry", "a"]),
        ("conda run -n b --no-capture-output pip install a", ["conda", "pip"]),
        ("micromamba run -n base a", ["micromamba", "a"]),
        ("bundle exec rake a", ["bundle", "rake"]),
        ("corepack yarn install", ["corepack", "yarn"]),
        ("corepack enable", ["corepack"]),
        ("uv run poetry run a", ["uv", "poetry", "a"]),
        ("find . -name a -exec rm -rf {} + -print", ["find", "rm"]),
        ("find . -exec sudo rm {} \\; -print", ["find", "rm"]),
        ("uv sync", ["uv"]),
        ("uv run", ["uv"]),
    ],
)
def test_the_command_that_a_tool_runs_is_read(code: str, found: list[str]) -> None:
    assert names(code) == found


def test_what_stands_inside_another_command_is_nested() -> None:
    assert where("a $(b) && sh -c 'c' && uv run d", "nested") == ["b", "c", "d"]


def test_words_of_an_inner_script_stand_where_they_stand_in_the_file() -> None:
    code = 'sh -c \'a b\' && sh -c "c \\"d e\\" \\$f" && su x -c g\\ h'
    words = [word for command in commands(code) if command.nested for word in command.words]
    assert [word.value for word in words] == ["a", "b", "c", "d e", "$f", "g", "h"]
    assert [code[word.start : word.end] for word in words] == ["a", "b", "c", '\\"d e\\"', "\\$f", "g", "h"]


def test_words_in_backticks_stand_where_they_stand_in_the_file() -> None:
    code = "a `b \\`c d\\``"
    words = [word for command in commands(code)[1:] for word in command.words]
    assert [code[word.start : word.end] for word in words[-2:]] == ["c", "d"]


def test_options_of_a_shell_are_in_force_inside() -> None:
    inside = [command for command in commands("bash -eo pipefail -c 'a | b'; c") if command.pipefail]
    assert [(command.name, command.errexit) for command in inside] == [("a", True), ("b", True)]


def test_a_substitution_obeys_the_options_around_it() -> None:
    assert where("set -o pipefail; a $(b | c)", "pipefail") == ["a", "b", "c"]


def test_nesting_is_read_to_a_bounded_depth() -> None:
    deep = script("a " + "$(a " * 100 + ")" * 100)
    assert 10 < len(deep.commands) < 30
    assert not deep.understood
