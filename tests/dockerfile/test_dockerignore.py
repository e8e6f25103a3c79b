"""`.dockerignore` against the Dockerfile reference's examples, moby's behaviour and a naive model of it."""

from __future__ import annotations

import posixpath
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.dockerfile.dockerignore import Dockerignore, applicable, candidates


def excluded(text: str, *paths: str) -> list[str]:
    ignore = Dockerignore.parse(text)
    return [path for path in paths if ignore.excludes(path)]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*/temp*", "somedir/temporary.txt"),
        ("*/temp*", "somedir/temp"),
        ("*/*/temp*", "somedir/subdir/temporary.txt"),
        ("temp?", "tempa"),
        ("temp?", "tempa/below"),
        ("**/*.go", "x.go"),
        ("**/*.go", "a/b/x.go"),
        ("foo/bar", "foo/bar/baz"),
        ("/foo/bar", "foo/bar"),
        ("foo/../bar", "bar"),
        ("./foo/", "foo"),
        ("  foo \t", "foo"),
        ("**", "any/thing"),
        ("**/", "file"),
        ("*", ".hidden"),
        ("**/**", "dir/file"),
        ("dir/**", "dir/a/b"),
        ("**/dir", "dir"),
        ("**/dir", "dir/file"),
        ("**/dir2/**", "dir/dir2/dir3/file"),
        ("**file", "dir/afile"),
        ("**/file*.txt*", "dir/dir/file.txt"),
        ("**/**/*.txt", "file.txt"),
        ("a**/*.txt", "a/dir/dir/file.txt"),
        ("a/*.txt**", "a/file.txt"),
        ("a[b-d]e", "ace"),
        ("a[^b-d]e", "aze"),
        ("[\\]a]", "]"),
        ("[x\\-]", "-"),
        ("[a-ζ]*", "α"),
        ("a[^a]b", "a☺b"),
        ("a?b", "a☺b"),
        ("a.|)$(}+{bc", "a.|)$(}+{bc"),
        ("dist/*.whl", "dist/x-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"),
        ("a\\*b", "a*b"),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f"),
        ("a*b?c*x", "abxbbxdbxebxczzx"),
        ("a^b", "a^b"),
        ("foo ", "foo"),
        ("#foo\nfoo#", "foo#"),
        ("\ufefffoo", "foo"),
        ("foo\r\nbar\r\n", "bar"),
        (" #foo", "#foo"),
    ],
)
def test_a_pattern_keeps_a_path_out(pattern: str, path: str) -> None:
    assert excluded(pattern, path) == [path]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("", "file"),
        ("# foo", "# foo"),
        ("node_modules", "web/node_modules"),
        ("*/temp*", "temp"),
        ("*/temp*", "a/b/temp"),
        ("temp?", "temp"),
        ("*.go", "a/x.go"),
        ("abc/**", "abc"),
        ("**/.foo", "bar.foo"),
        ("**/**/*.txt2", "dir/dir/file.txt"),
        ("a/*.txt", "a/dir/file.txt"),
        ("a[b-d]e", "aae"),
        ("abc.def", "abcZdef"),
        ("a?b", "a/b"),
        ("a\\*b", "ab"),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f"),
        ("a*b?c*x", "abxbbxdbxebxczzy"),
        ("a???b", "a☺b"),
        ("a^b*", "a^bc"),
        (".", "file"),
        ("/", "file"),
        ("../file", "file"),
        ("foo bar", "foo"),
        ("Foo", "foo"),
        ("**", "."),
    ],
)
def test_a_pattern_leaves_a_path_in(pattern: str, path: str) -> None:
    assert excluded(pattern, path) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("*.md\n!README.md", {"README.md"}),
        ("*.md\n!README*.md\nREADME-secret.md", {"README.md", "README-a.md"}),
        ("*.md\nREADME-secret.md\n!README*.md", {"README.md", "README-a.md", "README-secret.md"}),
        ("!README.md\n*.md", set()),
        ("*.md\n! README.md", {"README.md"}),
    ],
)
def test_the_last_line_that_matches_wins(text: str, left: set[str]) -> None:
    names = {"README.md", "README-a.md", "README-secret.md", "other.md"}
    assert names - set(excluded(text, *names)) == left


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("docs\n!docs/README.md", "docs/README.md"),
        ("docs/\n!docs/README.md", "docs/README.md"),
        ("docs/*\n!docs/README.md", "docs/README.md"),
        ("**\n!util/docker/web", "util/docker/web/foo"),
        ("**\n!dist/*.whl", "dist/a+b.whl"),
        ("*\n!src\n", "src/a/b.py"),
    ],
)
def test_an_exception_brings_a_file_back_from_an_excluded_folder(text: str, path: str) -> None:
    assert excluded(text, path) == []


def test_what_is_excluded_again_below_an_exception_stays_out() -> None:
    text = "**\n!util/docker/web\nutil/docker/web/foo"
    assert excluded(text, "util/docker/web/foo", "util/docker/web/bar") == ["util/docker/web/foo"]


def test_an_exception_for_a_folder_that_nothing_excludes_does_not_reach_below_it() -> None:
    # BuildKit walks from the top: when it comes to `dir`, the exception has nothing to undo and is passed over.
    assert excluded("dir/sub\n!dir", "dir", "dir/sub", "dir/sub/file") == ["dir/sub", "dir/sub/file"]


def test_the_deciding_line_is_named() -> None:
    ignore = Dockerignore.parse("# first\n\n*.log\nbuild\n!build/keep.log\n")
    lines = {path: ignore.matching_line(path) for path in ("a.log", "build/x", "build/keep.log", "src")}
    assert lines == {"a.log": 3, "build/x": 4, "build/keep.log": 5, "src": None}


@pytest.mark.parametrize(
    "line", ["!", "[", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[^", "[^bc", "a\\", "[z-a]"]
)
def test_a_line_that_docker_refuses_is_a_fault_and_the_others_count(line: str) -> None:
    ignore = Dockerignore.parse(f"*.log\n{line}\n*.tmp")
    assert [fault.line for fault in ignore.faults] == [2]
    assert [pattern.line for pattern in ignore.patterns] == [1, 3]
    assert ignore.excludes("a.tmp")


def test_the_ignore_file_of_a_dockerfile_comes_before_the_shared_one() -> None:
    paths = {".dockerignore", "web/.dockerignore", "web/Dockerfile.dockerignore"}
    assert applicable(paths, "web/Dockerfile") == "web/Dockerfile.dockerignore"
    assert applicable(paths, "web/prod.Dockerfile", "") == ".dockerignore"
    assert applicable(paths, "web/prod.Dockerfile", "web") == "web/.dockerignore"
    assert applicable(paths, "web/prod.Dockerfile") == "web/.dockerignore"
    assert applicable({"other/.dockerignore"}, "web/Dockerfile") is None


def test_the_candidates_of_an_unknown_context_are_the_folder_and_the_root() -> None:
    assert candidates("a/b.Dockerfile") == ("a/b.Dockerfile.dockerignore", "a/.dockerignore", ".dockerignore")
    assert candidates("Dockerfile") == ("Dockerfile.dockerignore", ".dockerignore")


@pytest.mark.parametrize(
    "pattern", ["**/*a*a*a*a*a*a*a*b", "**/a" * 30 + "/b", "*" + "?*" * 40 + "x", "**/*" * 20 + "b"]
)
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    begin = time.process_time()
    assert excluded(pattern, "/".join(["a" * 100] * 30)) == []
    assert time.process_time() - begin < 5


def test_ten_thousand_files_are_judged_in_a_second() -> None:
    text = "**/node_modules\n**/*.pyc\n.git\n*.md\n!README.md\n**/.env*\nbuild/**\n**/test_*.py\n.venv\n**/__pycache__"
    ignore = Dockerignore.parse(text)
    begin = time.process_time()
    left = [number for number in range(10_000) if not ignore.excludes(f"src/p{number % 100}/m{number}.py")]
    assert len(left) == 10_000
    assert time.process_time() - begin < 10


# --- a naive model: moby's translation to regular expressions, walking from the top for every path ---


NAIVE_PIECES = re.compile(
    r"(?P<rest>\*\*/?\Z)|(?P<deep>\*\*/?)|(?P<star>\*)|(?P<any>\?)|\\(?P<escaped>.)|(?P<set>\[[^\]]+\])|(?P<plain>.)"
)
NAIVE_REGEX = {"rest": ".*", "deep": "(?:.*/)?", "star": "[^/]*", "any": "[^/]"}


def naive_regex(pattern: str) -> re.Pattern[str]:
    if found := re.fullmatch(r"\*\*([^/*?\[\]\\][^*?\[\]\\]*)", pattern):
        return re.compile(".*" + re.escape(found[1]))  # moby compares the end of the path: `**b` matches `ab`
    translated = ""
    for found in NAIVE_PIECES.finditer(pattern):
        kind = found.lastgroup or ""
        text = found[kind]
        translated += NAIVE_REGEX.get(kind) or (text if kind == "set" else re.escape(text))
    return re.compile(translated, re.DOTALL)


def naively_excluded(lines: list[str], path: str) -> bool:
    patterns = [(line.startswith("!"), naive_regex(line.removeprefix("!"))) for line in lines]
    above = [False] * len(patterns)
    excluded = False
    parts = path.split("/")
    for depth in range(len(parts)):
        at = "/".join(parts[: depth + 1])
        excluded = False
        for index, (negated, regex) in enumerate(patterns):
            above[index] = above[index] or (negated == excluded and regex.fullmatch(at) is not None)
            if above[index]:
                excluded = not negated
    return excluded


NAMES = st.text(alphabet="ab.x", min_size=1, max_size=3).filter(lambda name: set(name) != {"."})
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PIECES = st.one_of(NAMES, st.sampled_from(["*", "**", "?", "a*", "*.x", "**b", "a**", "[ab]", "[^a]x", r"\a", "*a*b*"]))
PATTERNS = st.tuples(st.sampled_from(["", "", "!"]), st.lists(PIECES, min_size=1, max_size=4).map("/".join)).map(
    lambda parts: parts[0] + posixpath.normpath(parts[1])
)


@settings(max_examples=500)
@given(st.lists(PATTERNS, max_size=5), st.lists(PATHS, min_size=1, max_size=5))
@example(["a/**/**/a"], ["a/aa", "a/b/aa", "a/a", "a/b/c/a"])
@example(["**/a*b*/**/c"], ["ab/c", "x/ab/yc", "x/ab/y/c", "x/ab/yc/c"])
def test_every_path_is_judged_as_by_the_naive_model(lines: list[str], paths: list[str]) -> None:
    ignore = Dockerignore.parse("\n".join(lines))
    assert not ignore.faults
    assert [ignore.excludes(path) for path in paths] == [naively_excluded(lines, path) for path in paths]


@given(st.text(alphabet="ab*?[]^!-\\/# .\n\r\ufeff", max_size=40), PATHS)
def test_any_text_is_read(text: str, path: str) -> None:
    ignore = Dockerignore.parse(text)
    line = ignore.matching_line(path)
    assert ignore.excludes(path) in {True, False}
    assert line is None or line in {pattern.line for pattern in ignore.patterns}
