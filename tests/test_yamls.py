import pytest

from rules.repository import yamls


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"? " * 50 + b"a", id="keys that are mappings"),
        pytest.param(b"{" * 50 + b"a: b" + b"}: c" * 50, id="the same in brackets"),
        pytest.param(b"[a]: b", id="a key that is a list"),
        pytest.param(b"[" * 20_000, id="brackets that do not end"),
        pytest.param(b"- " * 20_000, id="lists inside one another"),
        pytest.param(b"a: " * 20_000, id="mappings on one line"),
        pytest.param(b"a: [" + b"*a," * 50 + b"]", id="aliases"),
        pytest.param(b"a: 1\na: 2\n", id="a key twice"),
        pytest.param(b"\xff\x00", id="no text"),
    ],
)
def test_what_is_made_to_do_harm_is_not_read(data: bytes) -> None:
    assert yamls.read(data) is None


def test_an_anchor_that_is_used_again_is_not_written_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    assert yamls.read(b"a: &x 1\nb: &x 2\n") == {"a": 1, "b": 2}
    assert capfd.readouterr().err == ""
