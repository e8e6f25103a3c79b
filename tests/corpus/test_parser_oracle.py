import pytest

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source
from tests.dockerfile.oracle import RefusedError, buildkit, ours


def agreement(files: dict[str, bytes]) -> tuple[int, list[str], list[str]]:
    """Return how many files BuildKit accepts, those we read in another way, and those it refuses without our fault."""
    accepted, different, unfaulted = 0, [], []
    for path, data in files.items():
        parsed = parse(Source.decode(path, data))
        try:
            theirs = buildkit(data.decode())
        except RefusedError:
            unfaulted += [] if parsed.faults else [path]
            continue
        accepted += 1
        different += [] if ours(parsed) == theirs else [path]
    return accepted, different, unfaulted


def test_every_real_dockerfile_is_read_as_buildkit_reads_it(corpus: dict[str, bytes]) -> None:
    accepted, different, unfaulted = agreement(corpus)
    assert (different, unfaulted) == ([], [])
    assert accepted > 1_700


def test_every_fixture_of_other_tools_is_read_as_buildkit_reads_it(torture: dict[str, bytes]) -> None:
    accepted, different, unfaulted = agreement(torture)
    assert (different, unfaulted) == ([], [])
    assert accepted > 400


def test_hardly_any_real_dockerfile_has_a_fault(corpus: dict[str, bytes]) -> None:
    faulty = {path for path, data in corpus.items() if parse(Source.decode(path, data)).faults}
    assert len(faulty) <= 2, sorted(faulty)


@pytest.mark.parametrize("newline", ["\r\n", "\n\n"])
def test_other_line_endings_change_no_instruction(corpus: dict[str, bytes], newline: str) -> None:
    for path, data in list(corpus.items())[::7]:
        text = data.decode().replace("\r\n", "\n")
        if "<<" in text:
            continue
        plain = parse(Source(path, text)).instructions
        other = parse(Source(path, text.replace("\n", newline))).instructions
        assert [str(each) for each in plain] == [str(each) for each in other], path
