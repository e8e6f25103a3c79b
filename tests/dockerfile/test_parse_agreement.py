"""Our reading beside that of BuildKit's own parser."""

import pytest

from tests.dockerfile.oracle import RefusedError, buildkit, differs_by_age, ours
from tests.dockerfile.reading import read
from tests.fuzz.parser import SEEDS, seeds

TRICKY = (
    "\ufeffFROM a",
    "\\\nFROM a",
    "FRO\\\nM a\n# b\\\nRUN c",
    "RUN a \\\n\n\n",
    "RUN a \\\n# b\n",
    "RUN a\\\\\nUSER b",
    "RUN a\\\\\\\nUSER b",
    "RUN a \\ \t\r\nb\nUSER c",
    "\x0bRUN a\x0c",
    "RUN a\x1cb\x1c",
    "RUN\xa0a\nRUN \u2003a\u2003",
    "RUN a\rb\r\r\n",
    "foo bar\nRUN",
    "COPY --from=a --chown=b c d",
    "RUN --mount=\"type=cache,id=a b\" --x\\ y='q' -- a b",
    "RUN --a --b=c",
    "ONBUILD --x RUN --y=z a",
    "ONBUILD ONBUILD RUN a",
    "ONBUILD",
    'HEALTHCHECK --interval=5s CMD ["a","b"]\nHEALTHCHECK none x',
    'CMD ["a\\ud800", "\x7f", "\\u00e9"]\nCMD [ ]\nCMD [\nCMD ["a"] b',
    'ENV a b  c\nENV a=b "c d"=e\nLABEL a\\ b=c\nARG x y="z w"',
    "ENV a=b\\\nENV c=d",
    "EXPOSE 1  2\\\n3",
    "RUN <<A <<B\na\nA\nb\nB\nUSER c",
    "RUN 3<<-'A B' cat\n\tx\n\tA B\n",
    "RUN <<A;b\nx\nA;b",
    "RUN $(cat <<A\nx\nA\n)",
    "RUN echo it's <<A\nUSER x\nA",
    "RUN ${x[@]} <<A\nUSER x\nA",
    "RUN a \\\n<<A b\nx\nA",
    "COPY <<a b /c\na\nADD <<d /e\nd\n",
    "ADD <<\ufeffa /b\na\n",
    "ONBUILD \u2028RUN <<X\nx\nX\n",
    "ONBUILD --x RUN <<X\nx\nX\n",
    "RUN --''\nRUN --'' a\nRUN --x '--y'",
    "RUN\\\n\xa0 a",
    "WORKDIR \u2003a",
    "RUN ${x[@]} ${-a} <<E\nUSER b",
    "RUN ${} <<E\nUSER b",
    "#\x1c escape=`\nRUN a \\\n b",
)


@pytest.mark.parametrize("text", TRICKY)
def test_a_tricky_text_is_read_as_buildkit_reads_it(text: str) -> None:
    assert not differs_by_age(text)
    assert ours(read(text)) == buildkit(text)


@pytest.mark.parametrize("text", seeds(), ids=[path.name for path in sorted(SEEDS.iterdir())] * 2)
def test_our_own_dockerfiles_are_read_as_buildkit_reads_them(text: str) -> None:
    try:
        assert ours(read(text)) == buildkit(text) or differs_by_age(text)
    except RefusedError:
        assert read(text).faults


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# a",
        "ENV a",
        "ENV a=b c",
        "LABEL a",
        "CMD [1]",
        'RUN ["a", ["b"]]',
        "COPY [{}]",
        "RUN <<A\nx",
        "# escape=x\nFROM a",
        "# escape=`\n# escape=`\nFROM a",
        "FROM a\nHEALTHCHECK CMD [null]",
        "ONBUILD ENV a",
    ],
)
def test_what_buildkits_parser_refuses_is_a_fault(text: str) -> None:
    with pytest.raises(RefusedError):
        buildkit(text)
    assert read(text).faults


def test_what_buildkit_learned_since_the_oracle_is_read_as_it_is_now() -> None:
    parsed = read((SEEDS / "new.Dockerfile").read_text(encoding="utf-8"))
    assert [directive.name for directive in parsed.directives] == ["check", "escape"]
    assert parsed.instructions[1].flags[0].value == 'a"b'
    assert [heredoc.body for heredoc in parsed.instructions[2].heredocs] == ["body\n"]
    assert not parsed.instructions[3].heredocs
