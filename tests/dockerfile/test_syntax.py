import pytest

from rules.dockerfile.nodes import Doubt
from tests.dockerfile.reading import cut, fault, read

BASE = "FROM alpine:3.22\n"


def first_fault(text: str) -> tuple[int, str, str, str | None]:
    found = fault(text)
    return found.span.line, cut(text, found.span), found.message, found.suggestion


@pytest.mark.parametrize(
    ("text", "place", "suggestion"),
    [
        ("FORM alpine\n", "FORM", "FROM"),
        (BASE + "COYP a b\n", "COYP", "COPY"),
        (BASE + "runn a\n", "runn", "run"),
        (BASE + "ENTRYPIONT a\n", "ENTRYPIONT", "ENTRYPOINT"),
        (BASE + "EXPOS\\8080\n", "EXPOS\\8080", None),
        (BASE + "COPY --form=a b c\n", "form", "from"),
        (BASE + "COPY --CHOWN=a b c\n", "CHOWN", "chown"),
        (BASE + "RUN --security=insecur a\n", "insecur", "insecure"),
        (BASE + "HEALTHCHECK --interval=30 CMD a\n", "30", "30s"),
        ("FROM Alpine\n", "Alpine", "alpine"),
        ("FROM alpine base\n", "base", "AS base"),
        ("# sytnax=docker/dockerfile:1\nFROM alpine\n", "sytnax", "syntax"),
    ],
)
def test_a_slip_is_shown_with_what_was_meant(text: str, place: str, suggestion: str | None) -> None:
    _, shown, message, meant = first_fault(text)
    assert (shown, meant) == (place, suggestion)
    assert suggestion is None or suggestion in message


def test_a_lost_continuation_is_named_with_the_line_that_lacks_it() -> None:
    line, shown, message, _ = first_fault(BASE + "RUN apt-get update\n    apt-get install -y curl\n    rm -rf /tmp/x\n")
    assert (line, shown) == (3, "apt-get")
    assert "end of line 2, where `RUN` stops" in message
    assert "The line below it is none either" in message


def test_a_merge_conflict_is_called_one() -> None:
    assert "merge conflict" in read(BASE + "<<<<<<< HEAD\nRUN a\n").faults[0].message


@pytest.mark.parametrize(
    "text",
    [
        BASE + "ENV A={{ a }}\n",
        BASE + "USER <%= user %>\n",
        BASE + "COPY --chmod={% if a %}644{% endif %} a b\n",
        "FROM a:1\nWORKDIR /${{ values.name }}\n",
        BASE + "HEALTHCHECK --interval=@EVERY@ CMD a\n",
        "{{ if a }}\nFROM b\n",
        "FROM {{ image }}\nRUN {{ x }}\n",
        "FROM %%IMAGE%%\n",
        BASE + "@RUN@\n",
    ],
)
def test_a_template_has_one_fault_that_says_so(text: str) -> None:
    assert "template" in fault(text).message


def test_braces_in_a_command_make_no_template() -> None:
    assert not read(BASE + "RUN docker inspect --format '{{.Id}}' a\n").faults


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no instructions"),
        ("# FROM a\n", 1, "no instructions"),
        ("ARG a\nARG b\n", 1, "only `ARG`"),
        ("# a\nLABEL a=b\nFROM c\n", 2, "`LABEL` stands before the first `FROM`"),
        ("ARG a\nRUN b\n", 2, "`RUN` stands before the first `FROM`"),
        ("FROM a\\nRUN b\n", 1, "written as `\\n`"),
    ],
)
def test_a_file_without_a_stage_has_a_fault_of_structure(text: str, line: int, says: str) -> None:
    found = fault(text)
    assert (found.rule, found.span.line) == ("invalid-structure", line)
    assert says in found.message


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        ("ADD", "needs a source and a destination"),
        ("ADD a", "needs a destination behind `a`"),
        ('COPY ["a"]', "needs a destination"),
        ("COPY []", "needs a source"),
        ("COPY a <<b\nb", "cannot write to a here-document"),
        ("ARG =a", "without a name"),
        ("CMD", "needs a command"),
        ("CMD --a b", "has no flags"),
        ("ENV", "needs a name and a value"),
        ("ENV a", "needs a value for `a`"),
        ("ENV a=b c", "`c` has no `=`"),
        ("ENV a=b # why", "comment needs a line of its own"),
        ("LABEL =a", "without a name"),
        ("FROM", "needs an image"),
        ("FROM a b c", "expects `AS`"),
        ("FROM a AS b c", "`c` is too much"),
        ("FROM a AS", "needs the stage's name"),
        ("FROM a # why", "comment needs a line of its own"),
        ("FROM a AS 1b", "no name for a stage"),
        ("FROM a@sha256:1234", "64 hexadecimal digits"),
        ("FROM https://a/b", "without a scheme"),
        ("FROM a:", "tag behind the colon is missing"),
        ("FROM --platform=linux/amd65 a", "`amd65` is unknown"),
        ("FROM --platform=lunix/amd64 a", "`lunix` is unknown"),
        ("FROM --platform linux/amd64 a", "needs a value"),
        ("HEALTHCHECK", "needs `CMD`"),
        ("HEALTHCHECK curl a", "not `curl`"),
        ("HEALTHCHECK NONE a", "takes nothing"),
        ("HEALTHCHECK CMD", "needs a command"),
        ("HEALTHCHECK --retries=1.0 CMD a", "whole number"),
        ("HEALTHCHECK --timeout=1us CMD a", "one millisecond"),
        ("HEALTHCHECK --timeout=5x CMD a", "duration"),
        ("ONBUILD", "needs the instruction"),
        ("ONBUILD COPY a", "needs a destination"),
        ("RUN", "needs a command"),
        ("RUN []", "runs nothing"),
        ('RUN ["a", 1]', "strings in double quotes only"),
        ("RUN --network=bridge a", "`default`, `host` and `none`"),
        ("RUN --mount=type=cahe,target=/a b", "type is one of"),
        ("RUN --mount=targt=/a b", "did you mean `target`?"),
        ("RUN --mount=type=cache, target=/a b", "empty field"),
        ("RUN --mount=type=bind,uid=1 b", "not for `bind`"),
        ("RUN --mount=type=cache,mode=9 b", "octal"),
        ("RUN --mount=type=cache,sharing=both b", "sharing of a cache mount"),
        ("RUN --mount=type=secret b", "needs an `id`"),
        ("RUN --mount=type=secret,id=a,source=b c", "not both"),
        ("RUN --mount=from=$a,target=/b c", "takes no variables"),
        ("COPY --from=$a /b /c", "takes no variables"),
        ("SHELL /bin/sh", "must be a JSON array"),
        ("SHELL []", "at least one string"),
        ("USER", "needs a user"),
        ("USER a:b:c", "a group behind a colon"),
        ("USER a # why", "comment needs a line"),
        ("VOLUME []", "needs a path"),
        ('VOLUME [""]', "empty path"),
        ("COPY --link=maybe a b", "`true` or `false`"),
        ("COPY --link= a b", "alone means true"),
        ("COPY --chown a b", "needs a value"),
        ("COPY --chmod=1 --chmod=2 a b", "stands twice"),
        ("COPY https://a.example/b /c", "takes no URL"),
        ("COPY a 'http://a.example/b' /c/", "takes no URL"),
        ("COPY --from=a https://a.example/b.git#main /c", "takes no Git repository"),
        ("COPY git@a.example:b /c", "takes no Git repository"),
        ("COPY --from=$a b /c", "`--from` takes no variables"),
        ("COPY --from=a.example/b: c /d", "is no image reference"),
        ("COPY --from=a@sha256:12 c /d", "is no image reference"),
        ("COPY --chmod=999 a b", "`999` is no mode"),
        ("COPY --chmod=77777 a b", "is no mode"),
        ("ADD --chmod=rwxr-xr-x a b", "is no mode"),
        ("ADD --checksum=sha256:12 https://a.example/b /c", "is no checksum"),
        (f"ADD --checksum=sha256:{'0' * 64} a /c", "`a` is a file of the build context"),
        (f"ADD --checksum=sha256:{'0' * 64} https://a.example/b https://a.example/c /d/", "has 2 sources"),
        ("COPY --chown=${a^} b c", "cannot expand `${a^}` in `--chown`"),
        ("FROM --platform=${a b", "cannot expand `${a` in `--platform`"),
        ("FROM --platform=linux/arm/v7/a b", "too many parts"),
        ('COPY ["a"', "an array needs both brackets"),
        ("RUN --network=$a b", "takes no variables"),
        ("RUN --security=$a b", "takes no variables"),
        ("RUN --device=a,b c", "names one device"),
        ("RUN --device=a,required=b c", "neither true nor false"),
        ("RUN --device= c", "needs a device"),
        ("RUN --mount=required,type=secret,id=a b", "read before the type"),
        ("RUN --mount=size=1,type=tmpfs,target=/a b", "read before the type"),
        ("RUN --mount=type=bind,required b", "not for `bind`"),
        ("RUN --mount=type=tmpfs,target=/a,size=much b", "is no size"),
        ("RUN --mount=type=cache,target=/. b", "whole file system"),
        ("RUN --mount=type=cache,target=/a,uid=4294967296 b", "is no number"),
        ("RUN --mount=type=cache,target=${a^} b", "cannot expand `${a^}` in `--mount`"),
        ("RUN --mount=type=bind,target=/a,z b", "only Podman and Buildah know it"),
        ("RUN --some=a --more=b", "`RUN` has no flag `--some`"),
        ("HEALTHCHECK --retries=2147483648 CMD a", "whole number"),
        ('VOLUME ""', "empty path"),
        ("ONBUILD ENV a=${b^}", "cannot expand `${b^}`"),
        ("ONBUILD COPY https://a.example/b /c", "takes no URL"),
    ],
)
def test_what_buildkit_refuses_is_told_on_its_line(instruction: str, says: str) -> None:
    found = fault(f"{BASE}RUN true\n{instruction}\n")
    assert (found.rule, found.span.line) == ("invalid-syntax", 3)
    assert says in found.message


@pytest.mark.parametrize(
    "instruction",
    [
        "ADD --exclude= --unpack=TRUE a b",
        "ARG a b=c",
        "CMD []",
        "ENTRYPOINT []",
        "COPY --exclude=a --exclude=b --parents c d",
        "COPY a \\\n b",
        "ENV a b c",
        'ENV a="b \\" c" d=',
        "EXPOSE $PORT 80-90/udp",
        "FROM $IMAGE",
        "FROM ${A:-b}:c AS d",
        "FROM scratch",
        'FROM "alpine"',
        "FROM --platform= a",
        "FROM --platform=$BUILDPLATFORM a",
        "FROM --platform=linux/arm/v7 a",
        "FROM localhost:5000/a/b_c:D-1",
        "FROM a AS B.c-d_e",
        "HEALTHCHECK --interval=1h1m1s1ms --timeout=.5s --retries=001 cmd a",
        "HEALTHCHECK --interval= --retries= CMD a",
        "HEALTHCHECK --interval=1 NONE",
        "HEALTHCHECK none",
        "MAINTAINER a <b@c>",
        "ONBUILD ONBUILD RUN a",
        "ONBUILD UNKNOWN a",
        "RUN [ -f a ]",
        "RUN [1",
        "RUN --mount=type=cache,target=/a,uid=$X,ro --mount=type=secret,id=a,required b",
        "RUN --mount=type=tmpfs,target=/a,size=1G --network=host b",
        'SHELL ["a"]',
        "STOPSIGNAL 9",
        "USER a:b",
        "USER ${A}:${B}",
        'USER "a b"',
        "VOLUME [ /a ]",
        "WORKDIR /a b",
        "ARG --flag a",
        "ADD --chmod=u=rwX,go=rX --checksum=$A https://a.example/b /c",
        "ADD --checksum=0123abc https://a.example/b.git#main /c",
        "ADD --checksum=sha256:12 $URL /c",
        "COPY --chmod=0644 --chown=${A:-1}:$B a b",
        "COPY --chmod=+x,o-w a b",
        "COPY --from=a.example:5000/b:c d /e",
        "COPY --chmod=$MODE a b",
        "COPY $URL a.example/b ftp://a.example/b /c/",
        "RUN --device=vendor.com/gpu=all,required --device=name=a b",
        "RUN --mount=type=tmpfs,target=/a,size=64MiB --mount=type=secret,id=a,target=/ b",
        "RUN --mount=type=secret,id=a,env=B --mount=type=cache,target=${A:-/b} c",
    ],
)
def test_what_buildkit_takes_has_no_fault(instruction: str) -> None:
    assert not read(f"{BASE}{instruction}\n").faults


@pytest.mark.parametrize("value", ["foo", "skip=A;errors=true", "error=yes", "skip=A;;error=true"])
def test_options_of_a_check_directive_that_stop_the_build_are_told(value: str) -> None:
    found = fault(f"# check={value}\nFROM a\n")
    assert (found.rule, found.span.line) == ("invalid-syntax", 1)
    assert "the build stops here" in found.message


@pytest.mark.parametrize("value", ["skip=A,B", "skip=all;error=true", " skip = A ; error = 0 ; experimental=B;C"])
def test_options_of_a_check_directive_that_it_knows_are_taken(value: str) -> None:
    assert not read(f"# check={value}\nFROM a\n").faults


def test_a_shift_in_arithmetic_is_doubtful() -> None:
    found = fault(f"{BASE}RUN echo $((1 << 2))\n")
    assert (found.doubt, found.span.line) == (Doubt.RELEASE, 2)
    assert not read(f'{BASE}RUN echo $((1<<2)) "$((1 << 2))"\n').faults


def test_flags_that_an_instruction_does_not_know_are_told_once() -> None:
    faults = read(f"{BASE}RUN --one=a --two=b --three=c d\n").faults
    assert [found.message.partition(";")[0] for found in faults] == ["`RUN` has no flag `--one`"]


def test_a_stage_may_be_named_where_an_image_may_not() -> None:
    assert not read("FROM a AS Build\nFROM Build\nFROM BUILD AS c--d\nFROM c--d\n").faults


def test_faults_come_in_the_order_of_the_file() -> None:
    lines = [found.span.line for found in read(BASE + "COPY a\nFOO b\nRUN <<E\nx\nENV y\n").faults]
    assert lines == sorted(lines) == [2, 3, 4, 6]


def test_a_file_of_noise_has_a_bounded_number_of_faults() -> None:
    assert len(read(BASE + "COPY a\nBAR\n" * 5000).faults) <= 1001
