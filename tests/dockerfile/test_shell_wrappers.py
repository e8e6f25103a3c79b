"""What really runs behind `sudo`, `env`, `timeout` and kin, and how its options are read."""

import pytest

from tests.dockerfile.shelling import one


@pytest.mark.parametrize(
    ("code", "wrappers", "runs"),
    [
        ("sudo -E /usr/bin/apt-get update", ("sudo",), "apt-get update"),
        ("sudo -u root -g 0 -- A=1 make x", ("sudo",), "make x"),
        ("env -i -u A -C /b C=1 make", ("env",), "make"),
        ("exec -a b gunicorn app", ("exec",), "gunicorn app"),
        ("exec env A=1 nice -n 5 make", ("exec", "env", "nice"), "make"),
        ("env 'A=b c' \"D=$E\" make", ("env",), "make"),
        ("time -p make -j8", ("time",), "make -j8"),
        ("nohup a", ("nohup",), "a"),
        ("command a -v", ("command",), "a -v"),
        ("xargs -r -n 1 -P4 apt-get install -y", ("xargs",), "apt-get install -y"),
        ("timeout -s KILL --foreground 5m curl x", ("timeout",), "curl x"),
        ("gosu app:app id", ("gosu",), "id"),
        ("su-exec 1000 id -u", ("su-exec",), "id -u"),
        ("setpriv --reuid=1 --regid 2 --clear-groups id", ("setpriv",), "id"),
        ("runuser -u app -- npm ci", ("runuser",), "npm ci"),
        ("doas -u app id", ("doas",), "id"),
        ("tini -g -- node a.js", ("tini",), "node a.js"),
        ("dumb-init --rewrite 15:3 a", ("dumb-init",), "a"),
        ("stdbuf -oL a", ("stdbuf",), "a"),
        ("flock -w 5 /x a", ("flock",), "a"),
        ("xvfb-run -a -s '-screen 0' a", ("xvfb-run",), "a"),
        ("busybox wget x", ("busybox",), "wget x"),
        ("ionice -c3 nice a", ("ionice", "nice"), "a"),
    ],
)
def test_a_wrapper_is_taken_off(code: str, wrappers: tuple[str, ...], runs: str) -> None:
    command = one(code)
    assert command.wrappers == wrappers
    assert " ".join([command.name, *(word.text for word in command.args)]) == runs


@pytest.mark.parametrize(
    "code",
    [
        "command -v curl",
        "sudo -l",
        "env",
        "exec",
        "exec > log",
        "su app",
        "runuser -l app",
        "busybox --install -s",
        "time",
    ],
)
def test_a_wrapper_that_wraps_nothing_is_what_runs(code: str) -> None:
    command = one(code)
    assert (command.name, command.wrappers) == (code.split(maxsplit=1)[0], ())


def test_the_program_keeps_its_path() -> None:
    command = one("sudo /opt/venv/bin/pip install a")
    assert command.program is not None
    assert (command.name, command.program.value) == ("pip", "/opt/venv/bin/pip")


@pytest.mark.parametrize(
    ("code", "name"), [("$PIP install", "$PIP"), ('"$VENV/bin/pip" install', "pip"), ("./a/b", "b")]
)
def test_a_variable_names_the_program_as_it_is_written(code: str, name: str) -> None:
    assert one(code).name == name


@pytest.mark.parametrize(
    ("code", "flags", "given"),
    [
        ("a -qqy", ("-y",), True),
        ("a -qqy", ("-x", "-q"), True),
        ("a --yes=true", ("--yes",), True),
        ("a --yes-all", ("--yes",), False),
        ("a b -- -y", ("-y",), False),
        ("a '-y'", ("-y",), True),
        ("a y", ("-y",), False),
        ("a -o=yes", ("-y",), False),
        ("curl -okubectl", ("-k",), False),
        ("curl -fsSLko x", ("-k",), True),
        ("curl -fsSLo/tmp/a x", ("-f",), True),
        ("mkdir -pm755 a", ("-p",), True),
        ("mkdir -pm755 a", ("-m",), True),
        ("install -dm755 a", ("-d",), True),
        ("install -Dm644 -tbin a", ("-b",), False),
        ("useradd -mu1000 a", ("-u",), True),
        ("useradd -u1000 -sfish a", ("-h",), False),
        ("sed -i.bak s/a/b/ c", ("-i",), True),
        ("sed -i.bak s/a/b/ c", ("-b",), False),
        ("tar -xzf/tmp/a.tgz", ("-x",), True),
        ("a -pm755", ("-p",), False),
    ],
)
def test_a_flag_is_found_alone_in_a_cluster_and_with_a_value(code: str, flags: tuple[str, ...], *, given: bool) -> None:
    assert one(code).has(*flags) is given


@pytest.mark.parametrize(
    ("code", "names", "value"),
    [
        ("a --out=b", ("--out",), "b"),
        ("a --out b", ("-o", "--out"), "b"),
        ("a -o b", ("-o",), "b"),
        ("a -ob", ("-o",), "b"),
        ("a -fsSLo b", ("-o",), "b"),
        ("wget -qO- x", ("-O",), "-"),
        ("wget -qO/tmp/a x", ("-O",), "/tmp/a"),
        ("go build -ldflags=-s -o b", ("-ldflags",), "-s"),
        ("a -o b -o c", ("-o",), "c"),
        ("a -o", ("-o",), None),
        ("a b -- -o c", ("-o",), None),
        ("a --output b", ("--out",), None),
    ],
)
def test_an_option_gives_its_value(code: str, names: tuple[str, ...], value: str | None) -> None:
    assert one(code).option(*names) == value


def test_operands_are_neither_options_nor_their_values() -> None:
    command = one("a -x b -t c --dir d --dir=e -qt f - g -- -h")
    assert [word.value for word in command.operands({"-t", "--dir"})] == ["b", "-", "g", "-h"]


def test_the_subcommand_is_the_first_word_that_is_no_option() -> None:
    assert [one(code).subcommand for code in ("apt-get -y install a", "ls -l", "npm ci")] == ["install", "", "ci"]


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("env 'A=b c' make", [("A", "b c", "b c")]),
        ('sudo "A=$B" make', [("A", "$B", "$B")]),
        ('export "A=b" C="d"', [("A", "b", "b"), ("C", "d", '"d"')]),
        ("'A=b' make", []),
    ],
)
def test_an_argument_in_quotes_sets_a_variable_and_a_program_in_quotes_does_not(
    code: str, given: list[tuple[str, str, str]]
) -> None:
    found = one(code).assignments
    assert [(name, word.value, word.text) for name, word in found] == given
    assert all(word.source.text[word.start : word.end] == word.text for _, word in found)
